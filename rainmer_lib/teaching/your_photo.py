"""Derain a user's photo in a notebook: check it first, derain it at its size, measure the result, write it beside the photo."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8
from torch import nn

from rainmer_lib import atomic, paths
from rainmer_lib.data import photos
from rainmer_lib.data.image_decoding import ImageFile
from rainmer_lib.data.image_files import READABLE, read_image, suffix_for, write_image
from rainmer_lib.data.synthetic_rain import render
from rainmer_lib.inference import derain as inference
from rainmer_lib.metrics.niqe import niqe, niqe_parameters
from rainmer_lib.metrics.protocols import evaluate_all, quantise
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.teaching.chooser import Chooser
from rainmer_lib.workflow.parameters import WrongParameter, given_values

EMBEDDED = "skimage/rocket.jpg"  # no network that ships was trained on it
Image = Float[np.ndarray, "h w 3"]


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo to derain; `source` is None for the embedded one, `clean` (8 bits, same size) is its ground truth, if any."""

    image: ImageFile
    source: Path | None
    clean: UInt8[np.ndarray, "h w 3"] | None

    @property
    def rainy(self) -> Image:
        """Rainy photo in [0, 1]."""
        return unit(self.image.rgb)


def unit(image: UInt8[np.ndarray, "h w 3"] | Image) -> Image:
    """Convert 8-bit values to [0, 1]; return floats unchanged."""
    return image / np.float32(255) if image.dtype == np.uint8 else image


def check_photo(namespace: dict, chooser: Chooser | None = None) -> Photo:
    """Check the notebook's parameters in `globals()` (`photo`, `clean` and others, names and types), and open the photo.

    `chooser`: button by which a photo may have been uploaded, in place of `photo`.  Raises, before anything is computed,
    WrongParameter, ValueError that names the file, or with `save` OSError if nothing can be written beside the photo.
    """
    given = given_values(namespace)
    uploaded = chooser.chosen if chooser else None
    if uploaded and given["photo"]:
        raise WrongParameter(
            f"photo={given['photo']!r}, and {uploaded[0]} was uploaded: empty `photo`, or run the cell of the button again"
        )
    photo = open_photo(given["photo"], given["clean"], uploaded)
    if given.get("save"):
        atomic.require_writable(place_beside(photo))
    return photo


def open_photo(photo: str, clean: str = "", uploaded: tuple[str, bytes] | None = None) -> Photo:
    """Open the photo at a path, or an uploaded file (name, content); without either an embedded photo under rendered rain.

    `clean`: path of the photo's ground truth, if there is one.  An uploaded photo counts as lying in the present folder.
    WrongParameter if a path is not a file, or if the two differ in size; ValueError if a file is no image or damaged.
    """
    if not photo and not uploaded:
        if clean:
            raise WrongParameter(f"clean={clean!r}: give `photo` too; the embedded photo already has its ground truth")
        truth = photos.load_photo(EMBEDDED)
        rainy = quantise(render(truth / 255, "rain100l", seed=1)[0], "round")
        return Photo(ImageFile(rainy), None, truth)
    source = Path(Path(uploaded[0]).name).resolve() if uploaded else _file("photo", photo)
    image, truth = _read_uploaded(*uploaded) if uploaded else read_image(source), None
    if clean:
        truth = _eight_bits(read_image(_file("clean", clean)).rgb)
        if truth.shape != image.rgb.shape:
            sizes = " and ".join(f"{s[1]}x{s[0]}" for s in (image.rgb.shape, truth.shape))
            raise WrongParameter(f"clean={clean!r}: the photo and its ground truth differ in size, {sizes} pixels")
    return Photo(image, source, truth)


def _read_uploaded(name: str, content: bytes) -> ImageFile:
    with TemporaryDirectory(prefix="rainmer-photo-") as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        try:
            return read_image(path)
        except ValueError as error:
            raise ValueError(str(error).replace(str(path), path.name)) from error


def _file(parameter: str, given: str) -> Path:
    path = Path(given).expanduser().resolve()
    if path.is_dir():
        raise WrongParameter(f"{parameter}={given!r}: a folder; name one image in it, or use `rainmer derain FOLDER OUT`")
    if not path.is_file():
        raise WrongParameter(f"{parameter}={given!r}: no file {path}; give the path of an image ({', '.join(READABLE)})")
    return path


def derain_photo(network: nn.Module, photo: Photo) -> tuple[Image, pd.DataFrame]:
    """Derain a photo; return the result in [0, 1] and a table of facts: file, network, whole or in tiles."""
    steps = []
    derained = inference.derain(network, photo.image.rgb, progress=lambda done, total: steps.append(total))
    height, width = photo.image.rgb.shape[:2]
    file, passes = photo.image, steps[-1]
    kind = f"{file.bits} bits, {'grey' if file.grey else 'colour'}{', with transparency' if file.alpha is not None else ''}"
    facts = {
        "photo": photo.source.name if photo.source else f"{EMBEDDED} under rendered rain (preset rain100l)",
        "size": f"{width} x {height} pixels, never resized",
        "values": kind,
        "network": f"{parameter_count(network) / 1e6:.2f} million parameters",
        "went through": "whole" if passes == 1 else f"in {passes} tiles, those that measure the whole image included",
    }
    return derained, pd.DataFrame({"": facts})


def crop_side(image: Image) -> int:
    """Return the side in pixels of a crop to enlarge: a fifth of the photo's shorter side, at most 256."""
    return max(1, min(256, min(image.shape[:2]) // 5))


def scores(photo: Photo, derained: Image) -> pd.DataFrame:
    """Compute PSNR and SSIM of the rainy and the derained photo under every protocol; the table says if that is impossible."""
    if photo.clean is None:
        return pd.DataFrame({"PSNR, SSIM": ["there is no ground truth to compare with; the parameter `clean` takes one"]})
    columns = {name: evaluate_all(image, photo.clean) for name, image in _compared(photo, derained).items()}
    rows = {(protocol, metric): [columns[name][protocol][i] for name in columns]
            for protocol in columns["rainy"] for i, metric in enumerate(("PSNR", "SSIM"))}  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(columns)).set_axis(
        pd.MultiIndex.from_tuples(rows, names=["protocol", "score"])
    )


def naturalness(photo: Photo, derained: Image) -> pd.DataFrame:
    """Compute NIQE with our refit for the rainy photo, the derained photo and the ground truth, if any; lower is better.

    If a photo is too small or flat for NIQE, the table says so instead of numbers.
    """
    images = {name: _eight_bits(image) for name, image in _compared(photo, derained).items()}
    images |= {} if photo.clean is None else {"clean": photo.clean}
    try:
        values = {name: niqe(image, niqe_parameters("refit")) for name, image in images.items()}
    except ValueError as error:
        return pd.DataFrame({"NIQE (refit)": [f"cannot be measured: {error}"]})
    return pd.DataFrame(values, index=["NIQE (refit)"])


def _compared(photo: Photo, derained: Image) -> dict[str, np.ndarray]:
    """Return the rainy photo as stored, and the result before rounding, because protocols round differently."""
    return {"rainy": photo.image.rgb, "derained": derained}


def _eight_bits(image: np.ndarray) -> UInt8[np.ndarray, "h w 3"]:
    return image if image.dtype == np.uint8 else quantise(image, "round")


def save_beside(photo: Photo, derained: Image) -> Path:
    """Write the result at `place_beside`, with the photo's depth, transparency and profile; return the path."""
    return write_image(place_beside(photo), derained, like=photo.image)


def place_beside(photo: Photo) -> Path:
    """Return `<name>-derained.<suffix>` beside the photo; for the embedded one, in the results of profile quick.

    No file is ever replaced: a taken name gets a number.  PNG replaces a format that cannot be written, or that cannot hold
    the photo's transparency.
    """
    source = photo.source or paths.results_root() / "quick" / "derain_your_photo.png"
    suffix = suffix_for(source, photo.image.alpha is not None)
    names = (f"{source.stem}-derained{f'-{n}' if n > 1 else ''}{suffix}" for n in count(1))
    return next(path for path in (source.with_name(name) for name in names) if not path.exists())
