"""The project's matplotlib style, and colours that hold across figures."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

WIDTH = 7.2  # inches, the width of a page: wider figures cannot be read there

# Okabe-Ito, safe for colour-blind readers
_BLUE, _VERMILLION, _GREEN, _PURPLE, _ORANGE, _SKY, _BLACK = _PALETTE = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"
)  # fmt: skip
_GREY = "#7F7F7F"
# A method keeps its colour in every figure; the full method is green, whatever a table calls it
METHOD_COLOURS = {
    "full": _GREEN, "both": _GREEN, "DCD-GAN": _GREEN, "paper": _GREEN,
    "CycleGAN": _BLUE, "CUT": _SKY, "DCLGAN": _VERMILLION, "DCD-GAN, mixed rain": _PURPLE, "same generator, with pairs": _BLACK,
    "CycleGAN, self-trained": _ORANGE, "DCD-GAN, self-trained": _PURPLE,
    "internal": _BLUE, "external": _VERMILLION, "released": _VERMILLION, "backbone alone": _BLUE,
    "without contrastive": _VERMILLION, "without colour": _PURPLE, "without adversarial": _BLUE, "without frequency": _SKY,
    "plain cycle instead of colour": _ORANGE, "without backward cycle": _ORANGE,
}  # fmt: skip


def use_style() -> None:
    """Apply the style of figures and tables; call once at the top of a notebook."""
    plt.style.use(Path(__file__).with_name("rainmer.mplstyle"))
    sns.set_palette(_PALETTE)
    pd.set_option("display.max_rows", 200)  # a table of verdicts is shown whole
    pd.set_option("display.max_colwidth", None)  # and so is a cell


def colours(methods: list[str]) -> dict[str, str]:
    """Assign a colour to each method: its own in METHOD_COLOURS, or else the next colour that is left.

    If too few colours are left, all other methods are grey: a shared colour would suggest that two of them belong together.
    """
    own = {method: METHOD_COLOURS[method] for method in methods if method in METHOD_COLOURS}
    others = [method for method in methods if method not in own]
    left = [colour for colour in _PALETTE if colour not in own.values()]
    given = dict(zip(others, left, strict=False)) if len(others) <= len(left) else dict.fromkeys(others, _GREY)
    return {method: (own | given)[method] for method in methods}
