"""Sections of a model card: scores, damage, pictures, loading; numbers come from the tables of the run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.metrics.damage import DARKER, RAIN
from rainmer_lib.metrics.scores import mean_scores
from rainmer_lib.training import seal

DAMAGE = "damage.csv"
INPUT = "input.csv"  # mean scores of the rainy input: test_set, protocol, psnr, ssim, images
PROTOCOL = "prenet"  # under which gains are told
_LOADING = """## Loading

```
rainmer derain photo.jpg derained.png --model FOLDER
```

```python
from rainmer_lib.pretrained.models import load_model
network = load_model("FOLDER")  # (b, 3, h, w) in [0, 1], sizes in multiples of network.multiple

from rainmer_lib.pretrained.hub import PretrainedDerainer  # pip install "rainmer[hub]"
derainer = PretrainedDerainer.from_pretrained("FOLDER")  # any size; or user/model of the hub
```
"""


def scores_section(folder: Path) -> str:
    """Return the section of mean PSNR and SSIM on each test set under each protocol, those of the rainy input beside them.

    From the run's `scores-<test set>.csv` and `input.csv`; without the latter the column of the rainy input is left out.
    Scores of real photos, which have no clean partner, are not here but in the notebook `real_world`.
    """
    table = _scores(folder)
    if table.empty:
        return "## Scores\n\nNone are recorded with this run.\n"
    titles = ["test set", "protocol", "PSNR (dB)", "SSIM", "images"]
    if "psnr_input" in table:
        titles.insert(4, "rainy input: PSNR, SSIM")
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for row in table.itertuples():
        shown = [f"{row.psnr:.2f}", f"{row.ssim:.4f}"]
        if "psnr_input" in table:
            shown.append(f"{row.psnr_input:.2f}, {row.ssim_input:.4f}" if pd.notna(row.psnr_input) else "")
        lines.append(f"| {_label(row.test_set)} | `{row.protocol}` | {' | '.join(shown)} | {row.images} |")
    text = "Means over the images. The protocols are defined in `rainmer_lib/metrics/protocols.py`."
    return "\n".join(["## Scores", "", text, "", *lines, ""])


def gains(folder: Path) -> dict[str, float]:
    """Return the gain in mean PSNR over the rainy input, in dB under `PROTOCOL`, by the name of the test set as printed.

    Sets on which the rainy input or the run is not scored are left out.
    """
    table = _scores(folder)
    if "psnr_input" not in table:
        return {}
    table = table[(table.protocol == PROTOCOL) & table.psnr_input.notna()]
    return {_label(row.test_set): row.psnr - row.psnr_input for row in table.itertuples()}


def _scores(folder: Path) -> pd.DataFrame:
    """Return the mean scores of a run: test_set, protocol, psnr, ssim, images; psnr_input and ssim_input if they are there."""
    tables = {file.stem.removeprefix("scores-"): _read(file) for file in sorted(folder.glob("scores-*.csv"))}
    paired = [table.assign(test_set=name) for name, table in tables.items() if {"protocol", "psnr"} <= set(table)]
    if not paired:
        return pd.DataFrame()
    means, file = mean_scores(pd.concat(paired), ["test_set"]), folder / INPUT
    if not file.is_file():
        return means
    rainy = _read(file).drop(columns="images")
    return means.merge(rainy, "left", ["test_set", "protocol"], suffixes=("", "_input"))


def _label(test_set: str) -> str:
    """Name a test set as tables print it; `under-<preset>` are the held-out photos under other rain."""
    rain = test_set.removeprefix("under-")
    return f"held-out photos, rain {rain}" if rain != test_set else TEST_SET_LABELS.get(test_set, test_set)


@dataclass(frozen=True)
class _Measure:
    """One row of the section on damage: a column of `damage.csv`, how it is printed, and what it says."""

    title: str
    form: Callable[[float], str]
    worst: Callable[[pd.Series], float]
    meaning: str
    rainy: str = ""  # value of the rainy input, where it is one by definition


_MEASURES = {
    "rain_left": _Measure(
        "rain left", lambda x: f"{100 * x:.0f} %", pd.Series.max,
        "slope of the error over the rain: 0 % all rain is gone, 100 % all is left", "100 %",
    ),
    "dry_psnr": _Measure(
        "dry photo", lambda x: f"{x:.1f} dB", pd.Series.min, "PSNR of a derained dry photo against itself", "the same photo",
    ),
    "tint": _Measure(
        "tint", lambda x: f"{x:.1f} levels", pd.Series.max,
        "largest difference between the channels' mean changes of a dry photo", "0 levels",
    ),
    "ribs": _Measure(
        "ribs", lambda x: f"{100 * x:.1f} %", pd.Series.max,
        f"rainy pixels (more than {RAIN:.0f} levels) that are more than {DARKER:.0f} levels darker than in the clean photo",
        "0 %",
    ),
    "ghosts": _Measure(
        "ghosts", lambda x: f"{x:.0f} levels", pd.Series.max,
        "mean error on the rainy pixels where the rainy photo is saturated",
    ),
}  # fmt: skip


def damage_section(folder: Path) -> str:
    """Return the section of what the network does besides removing rain, from the run's `damage.csv`; empty without it."""
    table = _damage(folder)
    if table is None:
        return ""
    lines = ["| measure | mean | worst | rainy input | images | what it is |", "|---|---|---|---|---|---|"]
    for column, row in _MEASURES.items():
        values = table[column].dropna()
        if len(values):
            rainy = row.rainy or row.form(table[f"{column}_before"].mean())
            shown = row.form(values.mean()), row.form(row.worst(values)), rainy, str(len(values))
            lines.append(f"| {row.title} | {' | '.join(shown)} | {row.meaning} |")
    text = "On the held-out photos, by `rainmer_lib/metrics/damage.py`. Levels are those of 8 bits, 0 to 255."
    return "\n".join(["## Damage", "", text, "", *lines, ""])


def damage_means(folder: Path) -> dict[str, str]:
    """Return the mean of each measure of damage as it is printed, by its column; empty without `damage.csv`."""
    table = _damage(folder)
    return {} if table is None else {column: row.form(table[column].mean()) for column, row in _MEASURES.items()}


def _damage(folder: Path) -> pd.DataFrame | None:
    file = folder / DAMAGE
    return _read(file) if file.is_file() else None


def _read(file: Path) -> pd.DataFrame:
    return pd.read_csv(seal.require_intact(file), dtype={"image": str})


def pictures_section(pictures: Mapping[str, str]) -> str:
    """Return the section that shows pictures, file beside the card -> description."""
    text = (
        "Held-out photos, chosen by their gain of PSNR under `prenet`: the largest, the median, the smallest. The window is "
        "the one with the most rain. Removed is rainy minus derained: orange where the photo became darker, blue where it "
        "became brighter; the colours end at the levels named. The licence is that of the weights, not of the photos."
    )
    shown = [f"{what}\n\n![{what}: rainy, derained, removed, clean]({file})" for file, what in pictures.items()]
    return "\n\n".join(["## Pictures", text, *shown]) + "\n"


def loading(name: str) -> str:
    """Return the section on loading a network, by its name or folder."""
    return _LOADING.replace("FOLDER", name)
