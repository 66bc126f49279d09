"""`rainmer data`: list data sets, verify copies of them, find photos that two sets share, download sets."""

from typing import Annotated

import pandas as pd
import typer

from rainmer_lib.cli import choices
from rainmer_lib.data import registry

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Data sets: known facts about them, and checks of your copies.

Sets lie on the data root: the folder named by RAINMER_DATA, else data/ of the repository. A part of a set is written
SET/PART, such as bsds500/leak-free.""",
)
NOT_STATED = "not stated"


@app.command("list")
def show(name: Annotated[str, typer.Argument(help="a set; without one, a table of all")] = "") -> None:
    """List all sets with their counts, or all known facts about one.

    Examples: rainmer data list; rainmer data list rain100h
    """
    typer.echo(_one(registry.benchmark(name)) if name else _table())


def _table() -> str:
    rows = [
        {
            "set": f"{b.name}/{split.name}", "kind": b.kind, "images": _or(split.count),
            "here": "yes" if split.present() else "-", "folder": split.folder,
        }
        for b in registry.BENCHMARKS.values()
        for split in b.splits.values()
    ]  # fmt: skip
    return pd.DataFrame(rows).to_string(index=False)


def _or(value: object) -> str:
    return NOT_STATED if value is None or value in ("", ()) else str(value)


def _one(benchmark: registry.Benchmark) -> str:
    lines = [f"{benchmark.title} ({benchmark.name}, {benchmark.kind})", benchmark.what, ""]
    for split in benchmark.splits.values():
        here = "here" if split.present() else "not here"
        lines.append(f"{benchmark.name}/{split.name}: {here}, {split.path()}")
        lines.append(f"  images: {_or(split.count)}")
        lines += [f"  also met: {number} ({meaning})" for number, meaning in split.also.items()]
        lines.append(f"  sizes: {_or(', '.join(split.sizes))}")
        lines.append(f"  layouts: {'; or '.join(_layout(layout) for layout in split.layouts)}")
        lines.append(f"  sha256: {_or(split.sha256)}")
        if benchmark.kind == "paired":
            lines.append(f"  input PSNR / SSIM under prenet: {_or(split.psnr)} / {_or(split.ssim)}")
    for title, items in (("defects", benchmark.defects), ("leaks", benchmark.leaks)):
        lines += ["", f"known {title}:", *(f"  - {item}" for item in items)] if items else ["", f"known {title}: none"]
    download = benchmark.download.url if benchmark.download else "none with a known hash"
    lines += ["", f"get: {benchmark.get}", f"address: {download}"]
    return "\n".join([*lines, f"licence: {benchmark.licence}", f"cite: {benchmark.citation}"])


def _layout(layout: dict) -> str:
    return f"{layout['kind']} ({', '.join(f'{key} {value}' for key, value in layout.items() if key != 'kind')})"


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="sets, parts, or folders; without one, all sets that are here")
    ] = None,
    pair_by: Annotated[str, typer.Option(help=f"in a folder, {choices.PAIR_BY}", autocompletion=choices.pair_ways)] = "auto",
) -> None:
    """Check counts, partners, decoding, sizes, alignment, bytes and input scores; exit code 1 if a check failed.

    A folder is a copy of a set elsewhere, or images of your own: a rainy and a clean folder (rain and norain, input and
    target, rainy and gt), or photos.

    Examples: rainmer data verify; rainmer data verify rain100l bsds500/train; rainmer data verify my/pairs --pair-by number
    """
    # imported here, because SciPy and scikit-image take long to import, and `list` and --help do not need them
    from rainmer_lib.data.folders import folder_named
    from rainmer_lib.data.verify import verify as check_set
    from rainmer_lib.data.verify import verify_folder

    there = [b.name for b in registry.BENCHMARKS.values() if any(split.present() for split in b.splits.values())]
    chosen = {name: folder_named(name) for name in names or there}  # a name that means nothing stops before the first check
    if not chosen:
        raise FileNotFoundError("no data set is here: set RAINMER_DATA to their folder; `rainmer data list` names them")
    failed = False
    for name, folder in chosen.items():
        report = verify_folder(folder, pair_by) if folder else check_set(name)
        failed |= report.failed
        for check in report.checks:
            typer.echo(f"{check.status:14}  {check.part}  {check.what}: {check.found}  (expected: {check.expected})")
    if failed:
        raise typer.Exit(1)


@app.command()
def leaks(
    train: Annotated[str, typer.Argument(help="a set, a part, or a folder of photos")],
    test: Annotated[str, typer.Argument(help="the same; give TRAIN again to find duplicates inside it")],
) -> None:
    """Find photos that both sets contain: equal pixels, resized, squashed, compressed, cut or mirrored; exit code 1 if any.

    Photos that cannot be read are named, with exit code 1 too; the others are compared.

    Examples: rainmer data leaks bsds500/leak-free rain100l; rainmer data leaks my/photos rain100h
    """
    from rainmer_lib.data.leaks import leaks as find

    unread: list[str] = []
    found = find(train, test, unread=unread)
    for leak in found:
        how = "equal pixels" if leak.same_pixels else f"likeness {leak.likeness:.4f}{', mirrored' if leak.mirrored else ''}"
        typer.echo(f"{leak.train}  {leak.test}  distance {leak.distance}  {how}")
    typer.echo(f"{len(found)} found: {train} in {test}" if found else f"no photo of {train} found in {test}")
    if unread:
        typer.echo("not compared:" + "".join(f"\n  {message}" for message in unread), err=True)
    if found or unread:
        raise typer.Exit(1)


@app.command()
def fetch(name: Annotated[str, typer.Argument(help="a set")]) -> None:
    """Download a set whose address and hash are known; for the others, say how to get it and where to put it.

    Example: rainmer data fetch rain12
    """
    from rainmer_lib.data.download import fetch as get

    typer.echo(f"{get(name)}: now run `rainmer data verify {name}`")
