"""`rainmer derain`: an image or a folder of images."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from rainmer_lib import atomic
from rainmer_lib.cli import choices
from rainmer_lib.cli.failures import Failures
from rainmer_lib.data.pairing import few

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
    device: choices.Device = "",
    keep: Annotated[bool, typer.Option("--keep", help="keep existing outputs (continues an interrupted call)")] = False,
) -> None:
    """Derain IN into OUT, at full size, with the bit depth and the transparency of IN.

    Files that cannot be read or written are named at the end, with exit code 1; the others are done all the same.  In a
    folder, what cannot be written in its own format (GIF, PPM, transparency in a .jpg) is written as PNG.
    """
    if memory is not None and not memory > 0:
        raise ValueError(f"--memory {memory}: expected a number of GB above 0")
    work = plan(source, target)
    from rainmer_lib.inference.derain import Options
    from rainmer_lib.inference.device import device as chosen_device
    from rainmer_lib.pretrained.models import load_model, resolved

    options = {"memory_limit": None if memory is None else memory * 1e9, "strength": strength}
    Options(**options)  # report what is out of range once, not for every image
    network = load_model(model).to(chosen_device())
    failed, done = Failures("not derained"), [image for image in work.outputs if keep and there(work.outputs[image])]
    todo = _writable(work, [image for image in work.outputs if image not in done], failed)
    for image in bar(todo):
        with failed.at(image):
            derain_file(network, image, work, options, keep, tiles=len(work.outputs) == 1)
            done.append(image)
        if failed.disk_is_full:
            break
    typer.echo(f"{len(done)} of {len(work.outputs)} images derained into {target} with {resolved(model)}")
    if work.as_png:
        typer.echo(f"written as PNG, because their own format cannot be written or holds no transparency: {few(work.as_png)}")
    if failed.disk_is_full and (left := len(todo) - todo.index(image) - 1):
        typer.echo(f"the disk is full: {left} images not begun; make room, then --keep goes on where this stopped", err=True)
    failed.end(len(done))


@dataclass
class Work:
    """Images with their outputs.  `named`: the person named the output; else a suffix that cannot be written becomes .png."""

    outputs: dict[Path, Path]
    named: bool = False
    as_png: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        from rainmer_lib.data.image_files import format_of, suffix_for

        for image, output in self.outputs.items():
            if self.named:
                format_of(output)
            elif suffix_for(output) != output.suffix:
                self.become_png(image)

    def become_png(self, image: Path) -> None:
        """Give an image an output that ends in .png and is no other image's."""
        self.as_png.append(image)
        output, others = self.outputs[image], {o for i, o in self.outputs.items() if i != image}
        plain = output.with_suffix(".png")
        self.outputs[image] = plain if plain not in others else output.with_name(f"{output.name}.png")


def plan(source: Path, target: Path) -> Work:
    """Find the images and the output of each.

    FileNotFoundError if there is no image, ValueError if an output would overwrite an input, a folder would go to a file, or
    the output that was named has a format that cannot be written.
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
        outputs = {path: target / path.relative_to(source) for path in images}
    elif source.exists():
        outputs = {source: target / source.name if target.is_dir() else target}
    else:
        raise FileNotFoundError(f"{source}: no such file or folder")
    _require_no_input(outputs)  # under the names that they have now
    work = Work(outputs, named=source.is_file() and not target.is_dir())
    _require_no_input(outputs)
    return work


def _require_no_input(outputs: dict[Path, Path]) -> None:
    inputs = {path.resolve() for path in outputs}
    if clash := [output for output in outputs.values() if output.resolve() in inputs]:
        raise ValueError(f"{clash[0]} is an input and would be overwritten: give another place to write to")


def there(output: Path) -> bool:
    """Return whether an output exists; an empty file is what a full disk left."""
    return output.is_file() and output.stat().st_size > 0


def _writable(work: Work, images: list[Path], failed: Failures) -> list[Path]:
    """Return the images whose outputs can be written; the others fail before the network runs, OSError if all do."""
    for image in images:
        with failed.at(image):
            atomic.require_writable(work.outputs[image])
    if images and len(failed.found) == len(images):
        raise OSError(failed.found[images[0]])
    return [image for image in images if image not in failed.found]


def derain_file(network, image: Path, work: Work, options: dict, keep: bool, tiles: bool) -> None:
    """Read, derain and write one image; `options` as `inference.Options`; with `tiles`, show a progress bar of its tiles.

    ValueError before the network runs if the output that was named cannot hold the image.
    """
    from rainmer_lib.data.image_files import format_of, read_image, suffix_for, write_image
    from rainmer_lib.inference.derain import derain as derain_image

    read = read_image(image)
    transparent = read.alpha is not None
    if not work.named and suffix_for(work.outputs[image], transparent) != work.outputs[image].suffix:
        work.become_png(image)
        if keep and there(work.outputs[image]):
            return
    output = work.outputs[image]
    format_of(output, transparent)
    with bar([], "tiles", "tile") as shown:

        def progress(done: int, total: int) -> None:
            shown.total = total
            shown.update(done - shown.n)

        result = derain_image(network, read.rgb, progress=progress if tiles else None, **options)
    write_image(output, result, like=read)


def bar(work: list, name: str = "derain", unit: str = "image"):
    """Create a progress bar, shown only in a terminal and not for a single image."""
    from tqdm import tqdm

    return tqdm(work, desc=name, unit=unit, disable=None if len(work) != 1 else True, leave=False)
