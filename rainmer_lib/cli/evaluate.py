"""`rainmer evaluate`: outputs against clean images or without a reference, or a model on a test set."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from rainmer_lib import atomic
from rainmer_lib.cli import choices
from rainmer_lib.cli.failures import Failures

EXAMPLES = r"""Examples:

rainmer evaluate derained/ clean/ --rainy rainy/

rainmer evaluate derained/ clean/ --pair-by number

rainmer evaluate derained/ clean/ --pair-by '(\d+)_\d+=\1'

rainmer evaluate real_photos_derained/

rainmer evaluate --model auto --on rain100l --on rain12 --csv scores.csv"""


def evaluate(
    outputs: Annotated[Path | None, typer.Argument(help="derained image or folder")] = None,
    clean: Annotated[Path | None, typer.Argument(help="clean image or folder")] = None,
    rainy: Annotated[Path | None, typer.Option(help="rainy image or folder, for the row of the rainy input")] = None,
    model: Annotated[str | None, typer.Option(help="auto, a model, or a run's folder", autocompletion=choices.models)] = None,
    on: Annotated[list[str] | None, typer.Option(help="test set; repeat for several", autocompletion=choices.test_sets)] = None,
    csv: Annotated[Path | None, typer.Option(help="write the scores of each image here")] = None,
    device: choices.Device = "",
    pair_by: Annotated[str, typer.Option(help=choices.PAIR_BY, autocompletion=choices.pair_ways)] = "auto",
) -> None:
    """Compute PSNR and SSIM under every named protocol, of OUTPUTS against CLEAN or of a --model --on a test set.

    OUTPUTS alone are scored without a reference, by NIQE and BRISQUE.  Images that cannot be scored are named at the end, with
    exit code 1; the others are scored all the same.
    """
    if (outputs is None) == (model is None) or (model is None) != (not on) or (rainy and not clean):
        raise typer.BadParameter("give OUTPUTS, or OUTPUTS and CLEAN (and --rainy), or --model and --on")
    if csv:
        atomic.require_writable(csv)
    failed = Failures("not scored")
    if outputs and not clean:
        scores = _score_alone(outputs, failed)
        print(scores.drop(columns="image").mean().round(3).to_string())
    else:
        scores = _score_files(outputs, clean, rainy, pair_by, failed) if outputs else _score_model(model, on, failed)
        _print_means(scores)
    if csv:
        atomic.write(csv, lambda part: scores.to_csv(part, index=False, float_format="%.6f", errors="backslashreplace"))
        print(f"\nwrote {csv}")
    failed.end(len(scores))


def _score_alone(outputs: Path, failed: Failures):
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
        with failed.at(path):
            image = read_rgb(path)
            rows.append({"image": path.name} | {name: measure(image) for name, measure in measures.items()})
    if not rows:
        failed.end(0)
    return pd.DataFrame(rows)


def _images(place: Path) -> list[Path]:
    """List a file, or the images of a folder; FileNotFoundError if there is none."""
    from rainmer_lib.data.image_files import list_images

    found = [place] if place.is_file() else list_images(place)
    if not found:
        raise FileNotFoundError(f"{place}: no images in it")
    return found


def _score_files(outputs: Path, clean: Path, rainy: Path | None, pair_by: str, failed: Failures):
    label = outputs.name if outputs.name != "input" else f"{outputs.resolve().parent.name}/input"
    sources = [("input", rainy)] * (rainy is not None) + [(label, outputs)]
    rows = {method: _partners(folder, clean, pair_by, failed) for method, folder in sources}  # all, before the first is scored
    tables = [_scored(entries, clean.name, {method: lambda pair: pair.rainy}, failed) for method, entries in rows.items()]
    return _joined(tables, failed)


def _partners(outputs: Path, clean: Path, pair_by: str, failed: Failures) -> list:
    """Pair the files of two folders, or two files, as entries that are named by the clean image if only one has it."""
    from rainmer_lib.data.layouts import Entry
    from rainmer_lib.data.pairing import few, paired

    if outputs.is_file() and clean.is_file():
        return [Entry(clean.stem, outputs, clean)]
    roots = tuple(place if place.is_dir() else place.parent for place in (outputs, clean))
    found = paired(_images(outputs), _images(clean), roots, pair_by)
    if found.rule != "equal names":
        print(f"{outputs} and {clean} are paired by {found.story}")
    if found.alone and outputs.is_dir():  # one output alone asks for no other
        failed.add(outputs, f"{outputs} and {clean}: without a partner ({found.rule}): {few([p.name for p in found.alone])}")
    alike = len({b for _, b in found.pairs}) < len(found.pairs)
    files = [(a.relative_to(roots[0]) if alike else b.relative_to(roots[1]), a, b) for a, b in found.pairs]
    return [Entry(name.with_suffix("").as_posix(), a, b) for name, a, b in files]


def _score_model(model: str, test_sets: list[str], failed: Failures):
    from rainmer_lib.data.test_sets import benchmark_entries
    from rainmer_lib.inference.derain import derain
    from rainmer_lib.inference.device import device
    from rainmer_lib.pretrained.models import load_model, resolved

    network = load_model(model).to(device())
    found = {name: benchmark_entries(name) for name in test_sets}  # report a missing set before anything is computed
    rows = {"input": lambda pair: pair.rainy, Path(resolved(model)).name: lambda pair: derain(network, pair.rainy)}
    return _joined([_scored(entries, name, rows, failed) for name, entries in found.items()], failed)


def _scored(entries: Iterable, test_set: str, rows: dict[str, Callable], failed: Failures) -> list:
    """Score each entry in every row, or in none; return the tables, row by row."""
    from rainmer_lib.data.test_sets import read_pair
    from rainmer_lib.metrics.scores import score_images

    tables: dict[str, list] = {method: [] for method in rows}
    for entry in _bar(entries, test_set):
        with failed.at(entry.rainy):
            pair = read_pair(entry)
            scores = {method: score_images([(pair, output(pair))]) for method, output in rows.items()}
            for method, table in scores.items():
                tables[method].append(table.assign(method=method, test_set=test_set))
    return [table for row in tables.values() for table in row]


def _joined(tables: list[list], failed: Failures):
    import pandas as pd

    if not any(tables):
        failed.end(0)
    together = pd.concat([table for part in tables for table in part], ignore_index=True)
    return together[["method", "test_set", "image", "protocol", "psnr", "ssim"]]


def _bar(items, name: str):
    from tqdm import tqdm

    return tqdm(items, desc=name, leave=False, disable=None)


def _print_means(scores) -> None:
    import numpy as np

    from rainmer_lib.data.pairing import few
    from rainmer_lib.metrics.protocols import PROTOCOLS
    from rainmer_lib.metrics.scores import mean_scores

    means = mean_scores(scores, ["test_set", "method"])
    means["score"] = [f"{psnr:.2f} / {ssim:.4f}" for psnr, ssim in zip(means.psnr, means.ssim, strict=True)]
    table = means.pivot_table(
        index=["test_set", "method", "images"], columns="protocol", values="score", aggfunc="first", sort=False
    )
    print("PSNR in dB / SSIM, mean over the images\n")
    print(table[list(PROTOCOLS)].reset_index().to_string(index=False))
    for (test_set, method), equal in scores[np.isinf(scores.psnr)].groupby(["test_set", "method"], sort=False):
        names = list(dict.fromkeys(equal.image))
        plural = "images equal their clean ones" if len(names) > 1 else "image equals its clean one"
        print(f"{test_set}, {method}: {len(names)} {plural} ({few(names)}); the means are over the others")
