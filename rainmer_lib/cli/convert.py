"""`rainmer convert`: published weights of compared methods, from one's own download."""

from pathlib import Path
from typing import Annotated

import typer

from rainmer_lib.cli import choices

EXAMPLES = """Examples:

rainmer convert brn downloads/net_latest.pth

rainmer convert ddn downloads/model-epoch-15.index models/ddn

rainmer derain photo.jpg derained.png --model models/ddn"""


def convert(
    name: Annotated[str, typer.Argument(help="whose weights: a method, or sirr", autocompletion=choices.published)],
    file: Annotated[Path, typer.Argument(help="the authors' file; of a TensorFlow checkpoint its .index, .data beside it")],
    folder: Annotated[Path | None, typer.Argument(metavar="[OUT]", help="folder to write, by default NAME beside FILE")] = None,
) -> None:
    """Convert the weights that a method's authors published into a folder that `derain --model` takes.

    Every name and shape is checked, colours are put in the order red, green, blue; nothing in the file is executed.
    """
    from rainmer_lib.pretrained.convert import convert as convert_file

    typer.echo(f"converted: {convert_file(name, file, folder, typer.echo)}")
