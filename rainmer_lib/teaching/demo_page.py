"""Page of the demo: a person drops a photo and sees it derained, what was removed, and a file to keep (extra `demo`).

The page is made with gradio; what it shows is computed here, without gradio.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image

from rainmer_lib.data.image_files import suffix_for, write_image
from rainmer_lib.inference.derain import STRONGEST, at_strength
from rainmer_lib.inference.device import device
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.plots.removed_rain import coloured, end_of_scale
from rainmer_lib.pretrained.models import MODELS, load_model, resolved
from rainmer_lib.teaching.your_photo import Photo, derain_photo, open_photo

LARGEST = 1600  # pixels of the longer side of the pictures on the page; the file to keep has the photo's own size
SOURCES = ["upload", "clipboard"]
TITLE = "Rainmer: take the rain off a photo"
HOW = """# Take the rain off a photo

Drop a photo, or paste one. It is derained on this machine and goes nowhere else; when the program ends, its copies are deleted.
Too much removed, or too little? The strength is a factor on what the network removes. *Removed* is rainy minus derained: it
should show streaks and nothing of the scene."""

Picture = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True, eq=False)
class Shown:
    """What the page shows of a photo: pictures of at most `LARGEST` pixels a side, and the file to keep."""

    before: Picture
    after: Picture
    removed: Picture
    file: Path
    words: str


def show(path: str, model: str, strength: float, folder: Path) -> Shown:
    """Derain the photo at a path with a model (`models.load_model`) and write the result into a folder.

    The file has the photo's size, depth and transparency, and its format if that can be written.  Raises the errors of
    `open_photo`, of `load_model` and of `at_strength`.
    """
    photo, whole, passes = _derained(path, model)
    rainy, derained = photo.rainy, at_strength(photo.image.rgb, whole, strength)
    removed = 255 * (rainy - derained).mean(axis=2)
    top = end_of_scale([removed])
    name = Path(path).with_suffix(suffix_for(Path(path), photo.image.alpha is not None))
    file = write_image(folder / f"{name.stem}-derained{name.suffix}", derained, like=photo.image)
    pictures = (_small(quantise(image, "round")) for image in (rainy, derained))
    height, width = rainy.shape[:2]
    colours = f"Removed: the colours end at \N{PLUS-MINUS SIGN}{top:.0f} levels of 255."
    words = f"{width} x {height} pixels, went through {resolved(model)} {passes}, at strength {strength:g}. {colours}"
    return Shown(*pictures, _small(coloured(removed, top)), file, words)


@lru_cache(maxsize=1)  # the strength changes, the photo stays; large photos fill the memory
def _derained(path: str, model: str) -> tuple[Photo, Float[np.ndarray, "h w 3"], str]:
    photo = open_photo(path)
    derained, facts = derain_photo(load_model(model).to(device()), photo)
    return photo, derained, facts.loc["went through"].item()


def _small(picture: Picture) -> Picture:
    image = Image.fromarray(picture)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return np.asarray(image)


def models() -> list[str]:
    """List the trained networks whose weights are there."""
    return [name for name, known in MODELS.items() if known.present]


def page(gr: ModuleType, folder: Path, model: str) -> Any:
    """Build the page as `Blocks` of gradio, the module `gr`; results go into a folder, and `model` is chosen at first."""

    def run(path: str | None, name: str, strength: float) -> tuple:
        if not path:
            return None, None, gr.update(value=None, interactive=False), ""
        try:
            own = Path(mkdtemp(dir=folder))  # a place of its own: at the same address a browser would show the file before
            shown = show(path, name, strength, own)
        except (ValueError, OSError, MemoryError) as error:
            raise gr.Error(str(error).replace(path, Path(path).name), duration=None) from error
        return (shown.before, shown.after), shown.removed, gr.update(value=str(shown.file), interactive=True), shown.words

    plain = {"buttons": ["fullscreen"]}  # the others share a picture, or keep the small one
    shown = {"format": "png", "interactive": False, **plain}
    with gr.Blocks(title=TITLE, analytics_enabled=False) as blocks:
        gr.Markdown(HOW)
        with gr.Row():
            with gr.Column():
                # with a mode, gradio would store the photo anew, with 8 bits
                as_it_is = {"type": "filepath", "image_mode": None}
                photo = gr.Image(label="photo", elem_id="photo", sources=SOURCES, height=300, **as_it_is, **plain)
                name = gr.Dropdown(list(dict.fromkeys([resolved(model), *models()])), value=resolved(model), label="network")
                strength = gr.Slider(0, STRONGEST, value=1, step=0.05, label="strength", elem_id="strength")
                keep = gr.DownloadButton("download the derained photo", interactive=False, elem_id="keep")
            with gr.Column(scale=2):
                both = gr.ImageSlider(label="rainy | derained", elem_id="both", **shown)
                removed = gr.Image(label="removed", elem_id="removed", **shown)
                words = gr.Markdown(elem_id="words")
        changes = [photo.change, name.change, strength.release]
        gr.on(changes, run, [photo, name, strength], [both, removed, keep, words], api_visibility="private")
    return blocks


def launched(gr: ModuleType, blocks: Any, host: str, port: int | None, browser: bool) -> str:
    """Serve the page in the background, never shared; return its address.  OSError if the port is taken."""
    # gradio's own fonts come from elsewhere
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"])
    _, address, _ = blocks.launch(
        share=False, server_name=host, server_port=port, inbrowser=browser, prevent_thread_lock=True, quiet=True, theme=theme,
        footer_links=[], ssr_mode=False, mcp_server=False, enable_monitoring=False,
    )  # fmt: skip
    return address
