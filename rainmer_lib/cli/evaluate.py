"""`rainmer evaluate`: outputs against clean images or without a reference, or a model on a test set."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from rainmer_lib.cli import choices

EXAMPLES = """Examples:

rainmer evaluate derained/ clean/ --rainy rainy/

rainmer evaluate real_photos_derained/

rainmer evaluate --model auto --on rain100l --on rain12 --csv scores.csv"""


def evaluate(
    outputs: Annotated[Path | None, typer.Argument(help="derained image or folder")] = None,
    clean: Annotated[Path | None, typer.Argument(help="clean image, or folder with files of the same stems")] = None,
    rainy: Annotated[Path | None, typer.Option(help="rainy image or folder, for the row of the rainy input")] = None,
    model: Annotated[str | None, typer.Option(help="auto, a model, or a run's folder", autocompletion=choices.models)] = None,
    on: Annotated[list[str] | None, typer.Option(help="test set; repeat for several", autocompletion=choices.test_sets)] = None,
    csv: Annotated[Path | None, typer.Option(help="write the scores of each image here")] = None,
) -> None:
    """Compute PSNR and SSIM under every named protocol, of OUTPUTS against CLEAN or of a --model --on a test set.

    OUTPUTS alone are scored without a reference, by NIQE and BRISQUE.
    """
    import pandas as pd

    if (outputs is None) == (model is None) or (model is None) != (not on) or (rainy and not clean):
        raise typer.BadParameter("give OUTPUTS, or OUTPUTS and CLEAN (and --rainy), or --model and --on")
    if csv:
        _require_writable(csv)
    if outputs and not clean:
        scores = _score_alone(outputs)
        print(scores.drop(columns="image").mean().round(3).to_string())
    else:
        parts = _score_files(outputs, clean, rainy) if outputs else _score_model(model, on)
        scores = pd.concat(parts, ignore_index=True)[["method", "test_set", "image", "protocol", "psnr", "ssim"]]
        _print_means(scores)
    if csv:
        from rainmer_lib import atomic

        atomic.write(csv, lambda part: scores.to_csv(part, index=False, float_format="%.6f"))
        print(f"\nwrote {csv}")


def _require_writable(csv: Path) -> None:
    """Raise OSError before anything is computed if the file cannot be written."""
    if csv.is_dir():
        raise IsADirectoryError(f"--csv {csv} is a folder: give a file")
    try:
        csv.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"--csv {csv}: its folder cannot be made ({error.strerror})") from error


def _score_alone(outputs: Path):
    """Score each image by NIQE and BRISQUE; the column names the source of NIQE's parameters."""
    import pandas as pd

    from rainmer_lib.data.layouts import read_rgb
    from rainmer_lib.metrics.brisque import brisque, brisque_model
    from rainmer_lib.metrics.niqe import niqe, niqe_parameters

    parameters = niqe_parameters()
    measures = {f"niqe ({parameters.source})": lambda image: niqe(image, parameters)}
    try:
        model = brisque_model()
        measures["brisque"] = lambda image: brisque(image, model)
    except FileNotFoundError as error:
        typer.echo(f"without BRISQUE: {error}", err=True)
    rows = []
    for path in _bar(_images(outputs), outputs.name):
        image = read_rgb(path)
        try:
            rows.append({"image": path.name} | {name: measure(image) for name, measure in measures.items()})
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return pd.DataFrame(rows)


def _images(place: Path) -> list[Path]:
    """List a file, or the images of a folder; FileNotFoundError if there is none."""
    from rainmer_lib.data.image_files import list_images

    found = [place] if place.is_file() else list_images(place)
    if not found:
        raise FileNotFoundError(f"{place}: no images in it")
    return found


def _score_files(outputs: Path, clean: Path, rainy: Path | None) -> Iterator:
    from rainmer_lib.data.layouts import Entry
    from rainmer_lib.data.test_sets import read_pair
    from rainmer_lib.metrics.scores import score_images

    for method, folder in (("input", rainy), (outputs.name, outputs)):
        if folder is not None:
            entries = [Entry(b.stem, a, b) for a, b in _partners(folder, clean)]
            images = (read_pair(entry) for entry in _bar(entries, method))
            yield score_images((pair, pair.rainy) for pair in images).assign(method=method, test_set=clean.name)


def _partners(outputs: Path, clean: Path) -> list[tuple[Path, Path]]:
    """Pair the files of two folders by their stems, or pair two files."""
    if outputs.is_file() and clean.is_file():
        return [(outputs, clean)]
    a, b = _by_stem(outputs), _by_stem(clean)
    if odd := sorted(set(a) ^ set(b)):
        raise ValueError(
            f"{outputs} has {len(a)} images, {clean} {len(b)}; without a partner of the same stem: {', '.join(odd[:8])}"
        )
    return [(a[stem], b[stem]) for stem in sorted(a)]


def _by_stem(place: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in _images(place):
        if path.stem in found:
            raise ValueError(f"{found[path.stem]} and {path} share a file stem; keep only one of them")
        found[path.stem] = path
    return found


def _score_model(model: str, test_sets: list[str]) -> Iterator:
    from rainmer_lib.data.test_sets import benchmark_pairs
    from rainmer_lib.inference.derain import derain
    from rainmer_lib.metrics.scores import score_images
    from rainmer_lib.pretrained.models import load_model, resolved

    network = load_model(model)
    found = {name: benchmark_pairs(name) for name in test_sets}  # report a missing set before anything is computed
    for name, pairs in found.items():
        pairs = list(_bar(pairs, f"read {name}"))
        yield score_images((pair, pair.rainy) for pair in pairs).assign(method="input", test_set=name)
        outputs = ((pair, derain(network, pair.rainy)) for pair in _bar(pairs, name))
        yield score_images(outputs).assign(method=Path(resolved(model)).name, test_set=name)


def _bar(items, name: str):
    from tqdm import tqdm

    return tqdm(items, desc=name, leave=False, disable=None)


def _print_means(scores) -> None:
    from rainmer_lib.metrics.protocols import PROTOCOLS
    from rainmer_lib.metrics.scores import mean_scores

    means = mean_scores(scores, ["test_set", "method"])
    means["score"] = [f"{psnr:.2f} / {ssim:.4f}" for psnr, ssim in zip(means.psnr, means.ssim, strict=True)]
    table = means.pivot_table(
        index=["test_set", "method", "images"], columns="protocol", values="score", aggfunc="first", sort=False
    )
    print("PSNR in dB / SSIM, mean over the images\n")
    print(table[list(PROTOCOLS)].reset_index().to_string(index=False))
