"""`rainmer export`: a trained network as a file for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from rainmer_lib.cli import choices

EXAMPLES = """Examples:

rainmer export auto derain.onnx

rainmer export results/laptop/runs/dcdgan-20ef388c26f5 derain.pt2"""


def export(
    model: Annotated[
        str,
        typer.Argument(help="auto, a name that `rainmer list` shows, or the folder of a run", autocompletion=choices.models),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="file to write: .onnx, or .pt2 for torch.export")],
) -> None:
    """Write a trained network as a graph for other programs, with free height and width.

    ONNX needs the extra `export`.  The file takes sizes in multiples that are printed; borders are not padded in it.
    """
    from rainmer_lib.pretrained.export import export as write
    from rainmer_lib.pretrained.models import load_model, resolved

    said = write(load_model(model), target)
    typer.echo(f"wrote {target} from {resolved(model)}: {said}")
