"""`rainmer demo`: a page on this machine to drop photos on."""

import os
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Annotated

import typer

from rainmer_lib.cli import choices

HERE = "127.0.0.1"
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}  # read by gradio when it is imported
EXAMPLES = """Examples:

rainmer demo

rainmer demo --model dcdgan-small --port 7900 --no-browser"""


def demo(
    model: Annotated[
        str,
        typer.Option(help="network chosen at first: as for `rainmer derain`", autocompletion=choices.models),
    ] = "auto",
    port: Annotated[int | None, typer.Option(help="port; without it, the first free one from 7860", min=1, max=65535)] = None,
    host: Annotated[str, typer.Option(help="address to listen at; this one is reached from this machine alone")] = HERE,
    device: choices.Device = "",
    browser: Annotated[bool, typer.Option(help="open the page in a browser")] = True,
) -> None:
    """Open a page in the browser: drop a photo, compare it before and after, download the result.

    Needs the extra `demo`.  Nothing leaves this machine.  Ctrl-C ends it.
    """
    with TemporaryDirectory(prefix="rainmer-demo-") as folder:
        gr = gradio(Path(folder))
        from rainmer_lib.pretrained.models import load_model
        from rainmer_lib.teaching import demo_page

        load_model(model)  # report a wrong name here, not on the page
        blocks = demo_page.page(gr, Path(folder), model)
        typer.echo(f"the page is at {demo_page.launched(gr, blocks, host, port, browser)} ; Ctrl-C ends it")
        if host != HERE:
            typer.echo(f"whoever reaches {host} can use it; without --host, only this machine can", err=True)
        try:
            blocks.block_thread()
        finally:
            blocks.close()


def gradio(folder: Path) -> ModuleType:
    """Import gradio, without its analytics, with its copies of photos in a folder; ValueError says how to install it."""
    os.environ |= QUIET | {"GRADIO_TEMP_DIR": str(folder)}
    try:
        return import_module("gradio")
    except ModuleNotFoundError as error:
        raise ValueError(
            "the demo needs gradio, about 120 MB: pip install -e '.[demo]'. Without it: `rainmer derain IN OUT`, or the "
            "notebook derain_your_photo"
        ) from error
