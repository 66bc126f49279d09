"""Train on a person's own photos in a notebook: check the folders, look at them, train, look at the result, measure it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from rainmer_lib import atomic, paths
from rainmer_lib.data import photos
from rainmer_lib.data.synthetic_rain import render
from rainmer_lib.data.unpaired_photos import UnpairedPhotos
from rainmer_lib.experiments.own_training import OwnPhotos
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.runs import Run, train_run
from rainmer_lib.experiments.watching import SHEET, watching
from rainmer_lib.inference.derain import derain
from rainmer_lib.methods import METHODS
from rainmer_lib.metrics.damage import dry_psnr
from rainmer_lib.metrics.niqe import niqe, niqe_parameters
from rainmer_lib.metrics.protocols import evaluate, quantise
from rainmer_lib.workflow.parameters import WrongParameter, check_walkthrough

METHOD = METHODS["dcdgan"]
EXAMPLE = "example_photos"  # folder below the runs


@dataclass(frozen=True)
class Training:
    """What a notebook asks for, checked: profile, configuration, and the photos."""

    profile: Profile
    config: object
    data: UnpairedPhotos


def check_folders(namespace: dict) -> Training:
    """Check the notebook's parameters in `globals()` (`profile`, `rainy`, `clean`), read and check the folders.

    Without `rainy`, two example folders are written: halves of embedded photos, under rendered rain and dry, and a damaged
    file.  Raises WrongParameter, and the errors of `OwnPhotos.load`, before anything is computed.
    """
    given = check_walkthrough(namespace)
    rainy, clean, size = given["rainy"], given["clean"], given["profile"]
    if clean and not rainy:
        raise WrongParameter(f"clean={clean!r}: give `rainy` too; the example has clean photos of its own")
    here = Path()
    if not rainy:
        here = paths.runs_root() / EXAMPLE
        rainy, clean = map(str, example_folders(here))

    def say(text: str) -> None:
        print(text.replace(f"{here}/", ""))

    config = METHOD.at(size.name)
    data = OwnPhotos(rainy, clean).load(METHOD, config.crop, say)
    for remark in data.remarks:
        say(remark)
    return Training(size, METHOD.lasting(config, size.name, data.photos), data)


def example_folders(root: Path) -> tuple[Path, Path]:
    """Write the example's two folders below `root`, if they are not there; return that of the rainy photos and the other."""
    rainy, clean = root / "rainy", root / "clean"
    if not clean.is_dir():
        atomic.write_folder(rainy, lambda part: _halves(part, photos.RAINY, rain=True))
        (rainy / "damaged.jpg").write_bytes(photos.photo_path(photos.RAINY[-1]).read_bytes()[:5000])
        atomic.write_folder(clean, lambda part: _halves(part, (*photos.CLEAN, *photos.HELD_OUT), rain=False))
    return rainy, clean


def _halves(folder: Path, names: tuple[str, ...], rain: bool) -> None:
    for number, name in enumerate(names):
        photo, stem = photos.load_photo(name), Path(name).stem
        middle = photo.shape[1] // 2
        for k, (side, half) in enumerate((("left", photo[:, :middle]), ("right", photo[:, middle:]))):
            if rain:
                half = quantise(render(half / 255, "rain100l", seed=2 * number + k)[0], "round")
            Image.fromarray(half).save(folder / f"{stem}-{side}.png")


def train(training: Training) -> Run:
    """Train the run, resume it, or find it finished."""
    look = watching(METHOD, training.data, tensorboard=False)
    return train_run(METHOD.title, METHOD, training.config, training.data, training.profile, watch=look)


def contact_sheet(run: Run) -> Image.Image:
    """Open the contact sheet that the training has left in the folder of the run."""
    return Image.open(run.folder.path / SHEET)


def measures(run: Run, data: UnpairedPhotos) -> pd.DataFrame:
    """Measure a run on what was held out, means over the photos: columns before and after.

    PSNR on Y (protocol prenet) of clean photos under rendered rain, PSNR of the same photos without rain against themselves,
    and NIQE (our refit, lower is better) of the rainy photos, which have no ground truth.
    """
    network, rows = run.network(), {}
    outputs = [derain(network, pair.rainy) for pair in data.held_out]
    dry = [dry_psnr(derain(network, pair.clean), pair.clean) for pair in data.held_out]
    rows["clean photos under rendered rain: PSNR, dB"] = (
        np.mean([evaluate(pair.rainy, pair.clean, "prenet")[0] for pair in data.held_out]),
        np.mean([evaluate(output, pair.clean, "prenet")[0] for output, pair in zip(outputs, data.held_out, strict=True)]),
    )
    rows["the same photos without rain: PSNR, dB"] = np.nan, np.mean(dry)
    rows["rainy photos: NIQE, lower is better"] = _naturalness(run, data)
    return pd.DataFrame.from_dict(rows, orient="index", columns=["before", "after"])


def _naturalness(run: Run, data: UnpairedPhotos) -> tuple[float, float]:
    """NaN where a photo is too small or too flat for NIQE."""
    network, parameters, found = run.network(), niqe_parameters("refit"), []
    for photo in data.shown.values():
        try:
            found.append([niqe(image, parameters) for image in (photo, quantise(derain(network, photo), "round"))])
        except ValueError:
            found.append([np.nan, np.nan])
    before, after = np.mean(found, axis=0)
    return float(before), float(after)
