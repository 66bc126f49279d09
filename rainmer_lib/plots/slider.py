"""Before/after slider as one piece of HTML, and enlarged crops to show beside it."""

import base64
import html
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure
from PIL import Image

from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.plots.panels import busiest_box, crop_panels

Photo = UInt8[np.ndarray, "h w 3"] | Float[np.ndarray, "h w 3"]
JPEG = {"format": "JPEG", "quality": 90, "subsampling": 0}  # full colour resolution: streaks are thin

# Styles are inline, and limited to those that JupyterLab keeps in untrusted notebooks: there the upper picture can still be
# drawn wider by its corner (`resize`), while handlers and the range input need a trusted or just-run notebook.
# Arrow keys stop at the input, because JupyterLab would otherwise handle them itself.
# The upper picture has the height of the lower one and keeps its own proportions; its frame cuts it off.
_HTML = """<div style="width:{width}px;max-width:100%">
<div style="position:relative;line-height:0;touch-action:pan-y;cursor:ew-resize" onpointermove="{drag}" onpointerdown="{drag}">
<img alt="{after}" draggable="false" style="width:100%;max-width:none;margin:0;padding:0;filter:none" src="{after_uri}">
<div style="position:absolute;left:0;top:0;bottom:0;width:50%;max-width:100%;overflow:hidden;resize:horizontal;\
box-sizing:border-box;border-right:2px solid white">
<img alt="{before}" draggable="false" style="height:100%;width:auto;max-width:none;margin:0;padding:0;filter:none" \
src="{before_uri}">
</div></div>
<label style="display:flex;gap:0.7em;align-items:center;font-size:90%;margin:4px 0"><span>{before}</span>
<input type="range" min="0" max="100" value="50" style="flex:1 1 auto;min-width:0" \
aria-label="share of the picture that shows {before}, the rest {after}" oninput="{move}" \
onkeydown="event.stopPropagation()"><span>{after}</span></label>
</div>"""
_MOVE = "this.parentNode.previousElementSibling.lastElementChild.style.width=this.value+'%'"
_DRAG = (
    "if(event.buttons%2){var b=this.getBoundingClientRect(),i=this.nextElementSibling.querySelector('input');"
    "i.value=100*(event.clientX-b.left)/b.width;i.oninput()}"
)


@dataclass(frozen=True, eq=False)
class Slider:
    """Two 8-bit pictures of one size; as the last value of a notebook cell they appear under a slider.

    The HTML needs no network, no library and no id, and equal pictures give equal bytes.  Where HTML is not shown (a PDF, a
    console), a JPEG shows the left half of `before` and the right half of `after`.
    """

    before: UInt8[np.ndarray, "h w 3"]
    after: UInt8[np.ndarray, "h w 3"]
    labels: tuple[str, str]
    width: int

    def crops(self, size: int = 64, captions: Mapping[str, str] | None = None) -> Figure:
        """Plot a static figure to show beside the slider: both pictures, and below each a window of `size` pixels enlarged.

        The window is where the two differ most, so that nobody picks it.  ValueError if it does not fit.
        """
        if not 1 <= size <= min(self.before.shape[:2]):
            raise ValueError(f"a crop of {size} pixels from pictures of {_size(self.before)}: choose a smaller one")
        images = dict(zip(self.labels, (self.before, self.after), strict=True))
        return crop_panels(images, busiest_box(self.before, self.after, size), captions or {})

    def _repr_html_(self) -> str:
        before, after = (html.escape(label, quote=True) for label in self.labels)
        return _HTML.format(
            width=self.width, before=before, after=after, move=_MOVE, drag=_DRAG,
            before_uri=_uri(self._shown(self.before)), after_uri=_uri(self._shown(self.after)),
        )  # fmt: skip

    def _repr_jpeg_(self) -> bytes:
        both, half = self.after.copy(), self.after.shape[1] // 2
        both[:, :half] = self.before[:, :half]
        both[:, max(half - 1, 0) : half + 1] = 255
        return _jpeg(self._shown(both))

    def __repr__(self) -> str:
        return f"Slider({self.labels[0]} | {self.labels[1]}, {_size(self.before)})"

    def _shown(self, picture: np.ndarray) -> Image.Image:
        """Reduce a picture to the pixels that are displayed; crops keep its own resolution."""
        image = Image.fromarray(picture)
        if image.width <= self.width:
            return image
        return image.resize((self.width, max(1, round(image.height * self.width / image.width))), Image.Resampling.LANCZOS)


def slider(before: Photo, after: Photo, labels: tuple[str, str] = ("rainy", "derained"), width: int = 480) -> Slider:
    """Lay `before` over `after`, both (h, w, 3), 8-bit or floats in [0, 1]; `width` is the largest width on a page, in pixels.

    ValueError if the two differ in size, are not RGB, have values that are not in [0, 1], or if `width` is under 100.
    """
    if before.shape != after.shape or before.ndim != 3 or before.shape[2] != 3:
        raise ValueError(f"need two RGB pictures (h, w, 3) of one size: {before.shape}, {after.shape}")
    if width < 100:
        raise ValueError(f"a slider {width} pixels wide cannot be used: give 100 or more")
    return Slider(_eight_bits(before, labels[0]), _eight_bits(after, labels[1]), tuple(labels), width)


def _eight_bits(picture: np.ndarray, label: str) -> np.ndarray:
    if picture.dtype == np.uint8:
        return picture
    if picture.dtype.kind != "f" or not np.isfinite(picture).all() or picture.min() < 0 or picture.max() > 1:
        raise ValueError(f"{label}: need 8-bit values or floats in [0, 1], found {picture.dtype}; clip it first")
    return quantise(picture, "round")


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]} pixels"


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **JPEG)
    return buffer.getvalue()


def _uri(image: Image.Image) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(_jpeg(image)).decode()}"
