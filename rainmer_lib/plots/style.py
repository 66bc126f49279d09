"""The project's matplotlib style, and colours that hold across figures."""

from pathlib import Path

import matplotlib.pyplot as plt
import seaborn as sns

# Okabe-Ito, safe for colour-blind readers; a method keeps its colour in every figure
_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
TEST_SET_LABELS = {
    "held-out": "held-out photos", "rain100l": "Rain100L", "rain100h": "Rain100H", "rain12": "Rain12",
    "raincityscapes60": "RainCityscapes60",
}  # fmt: skip


def use_style() -> None:
    """Apply the style; call once at the top of a notebook."""
    plt.style.use(Path(__file__).with_name("rainmer.mplstyle"))
    sns.set_palette(_PALETTE)


def colours(methods: list[str]) -> dict[str, str]:
    """A colour for each method, by position."""
    return {method: _PALETTE[i % len(_PALETTE)] for i, method in enumerate(methods)}
