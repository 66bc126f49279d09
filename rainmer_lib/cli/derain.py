"""`rainmer derain`: an image or a folder of images."""

from pathlib import Path
from typing import Annotated

import typer

from rainmer_lib.cli import choices

EXAMPLES = """Examples:

rainmer derain photo.jpg derained.png

rainmer derain photos/ derained/ --model dcdgan-small

rainmer derain photo.jpg gently.png --strength 0.6

rainmer derain photo.jpg out.jpg --model results/laptop/runs/dcdgan-20ef388c26f5"""


def derain(
    source: Annotated[Path, typer.Argument(metavar="IN", help="an image, or a folder of images (subfolders too)")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="a file, or a folder; IN is never overwritten")],
    model: Annotated[
        str,
        typer.Option(help="auto, a name that `rainmer list` shows, or the folder of a run", autocompletion=choices.models),
    ] = "auto",
    strength: Annotated[
        float, typer.Option(help="factor on what is removed: 0 nothing, 1 what the network removes, at most 1.5")
    ] = 1.0,
    memory: Annotated[float | None, typer.Option(help="GB to stay within; large images go through in tiles")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="keep existing outputs (continues an interrupted call)")] = False,
) -> None:
    """Derain IN into OUT, at full size, with the bit depth and the transparency of IN.

    Files that cannot be read are named at the end, with exit code 1; the others are done all the same.
    """
    if memory is not None and memory <= 0:
        raise ValueError(f"--memory {memory}: expected a number of GB above 0")
    work = plan(source, target)
    from rainmer_lib.experiments.runs import device
    from rainmer_lib.inference.derain import Options
    from rainmer_lib.pretrained.models import load_model, resolved

    options = {"memory_limit": None if memory is None else int(memory * 1e9), "strength": strength}
    Options(**options)  # report what is out of range once, not for every image
    network = load_model(model).to(device())
    failed = {}
    for image, output in _bar(work):
        if not (keep and output.exists()):
            try:
                derain_file(network, image, output, options, tiles=len(work) == 1)
            except (ValueError, OSError, MemoryError) as error:
                failed[image] = error
    typer.echo(f"{len(work) - len(failed)} of {len(work)} images derained into {target} with {resolved(model)}")
    if failed:
        typer.echo("not derained:" + "".join(f"\n  {_named(error, path)}" for path, error in failed.items()), err=True)
        raise typer.Exit(1)


def plan(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Pair every image with its output.

    FileNotFoundError if there is no image, ValueError if an output would overwrite an input or a folder would go to a file.
    """
    from rainmer_lib.data.image_files import list_images

    if source.is_dir():
        if target.is_file():
            raise ValueError(f"{source} is a folder and {target} is a file: give a folder to write to")
        images = list_images(source)
        if source.resolve() in target.resolve().parents:  # skip the results of an earlier call
            images = [path for path in images if target.resolve() not in path.resolve().parents]
        if not images:
            raise FileNotFoundError(f"{source}: no images in it")
        work = [(path, target / path.relative_to(source)) for path in images]
    elif source.exists():
        work = [(source, target / source.name if target.is_dir() else target)]
    else:
        raise FileNotFoundError(f"{source}: no such file or folder")
    inputs = {path.resolve() for path, _ in work}
    if clash := [output for _, output in work if output.resolve() in inputs]:
        raise ValueError(f"{clash[0]} is an input and would be overwritten: give another place to write to")
    return work


def derain_file(network, image: Path, output: Path, options: dict, tiles: bool) -> None:
    """Read, derain and write one image; `options` as `inference.Options`; with `tiles`, show a progress bar of its tiles."""
    from rainmer_lib.data.image_files import read_image, write_image
    from rainmer_lib.inference.derain import derain as derain_image

    read = read_image(image)
    with _bar([], "tiles", "tile") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        result = derain_image(network, read.rgb, progress=progress if tiles else None, **options)
    write_image(output, result, like=read)


def _named(error: Exception, path: Path) -> str:
    """Return the message of an error, with the file's name if the message lacks it."""
    text = str(error) or type(error).__name__
    return text if str(path) in text else f"{path}: {text}"


def _bar(work: list, name: str = "derain", unit: str = "image"):
    """Create a progress bar, shown only in a terminal and not for a single image."""
    from tqdm import tqdm

    return tqdm(work, desc=name, unit=unit, disable=None if len(work) != 1 else True, leave=False)
