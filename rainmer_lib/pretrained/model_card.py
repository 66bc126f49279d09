"""Model cards: training data, budget, scores and limits of a derain network.

A card beside the weights is taken as it is.  For other runs a card is written from their files, `config.json` and
`scores-<test set>.csv`; no fact in it is typed by hand.
"""

import re
from pathlib import Path

import pandas as pd

from rainmer_lib.data.unpaired import SOURCES, unpaired
from rainmer_lib.metrics.scores import mean_scores
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.plots.style import TEST_SET_LABELS
from rainmer_lib.pretrained.models import (
    MODELS,
    SHARED_WEIGHTS,
    SHIPPED,
    load_folder,
    method_of,
    read_config,
    read_json,
)
from rainmer_lib.training.config import changed_fields

CARD = "README.md"
_LIMITS = re.compile(r"^\*\*Limits\.\*\*(.*?)(?=^#|^\s*$|\Z)", re.MULTILINE | re.DOTALL)
_SIZE = {"steps", "batch", "crop", "seed", "width", "blocks"}  # stated in other rows of the card
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


def card_of_run(folder: Path) -> str:
    """Return the card of a finished run: the README.md of its folder, else one written from its files.

    Raises the errors of `load_folder` if the folder is not that of a run.
    """
    if (folder / CARD).is_file():
        return (folder / CARD).read_text(encoding="utf-8")
    rows = "\n".join(f"| {name} | {value} |" for name, value in _facts(folder).items())
    method = method_of(folder)
    return (
        f"# {folder.resolve().name}\n\nThe `derain` network of a run of {method.title} ({method.citation}), "
        f"{method.supervision} training.\n\n| | |\n|---|---|\n"
        f"{rows}\n\n{scores_section(folder)}\n{loading('FOLDER')}\n**Limits.** {_limits_of(folder)}\n"
    )


def _facts(folder: Path) -> dict[str, str]:
    """Return the rows of the card's first table."""
    config, network = read_config(folder), load_folder(folder)
    changed = {k: v for k, v in changed_fields(config).items() if k not in _SIZE}
    return {
        "run": f"`{folder.resolve().name}`, seed {config.seed}",
        "network": f"{method_of(folder).describe(config)}; {parameter_count(network) / 1e6:.2f} million parameters",
        "data": _data(read_json(folder)["data"]),
        "budget": f"{config.steps:,} steps of {config.batch} crops of {config.crop} pixels",
        "changed from the paper": ", ".join(f"`{k}={v!r}`" for k, v in changed.items()) or "nothing but size and seed",
        "licence": "MIT",
    }


def _data(fingerprint: str) -> str:
    """Return a description of the training set of a fingerprint, by name if the set is on this machine."""
    for name in SOURCES:
        try:
            source = unpaired(name)
        except FileNotFoundError:
            continue
        if source.fingerprint == fingerprint:
            return f"{name} (" + ", ".join(f"{count} {what}" for what, count in source.summary().items()) + ")"
    return f"fingerprint `{fingerprint}`; none of the training sets on the machine where this card was written"


def scores_section(folder: Path) -> str:
    """Return the section of mean PSNR and SSIM on each test set under each protocol, from the run's `scores-<test set>.csv`.

    Scores of real photos, which have no clean partner, are not here but in the notebook `real_world`.
    """
    lines = ["| test set | protocol | PSNR (dB) | SSIM | images |", "|---|---|---|---|---|"]
    for file in sorted(folder.glob("scores-*.csv")):
        name, scores = file.stem.removeprefix("scores-"), pd.read_csv(file, dtype={"image": str})
        if "psnr" not in scores:
            continue
        lines += [
            f"| {TEST_SET_LABELS.get(name, name)} | `{row.protocol}` | {row.psnr:.2f} | {row.ssim:.4f} | {row.images} |"
            for row in mean_scores(scores.assign(test_set=name), ["test_set"]).itertuples()
        ]
    if len(lines) == 2:
        return "## Scores\n\nNone are recorded with this run.\n"
    text = "Means over the images. The protocols are defined in `rainmer_lib/metrics/protocols.py`."
    return "\n".join(["## Scores", "", text, "", *lines, ""])


def _limits_of(folder: Path) -> str:
    config, paper = read_config(folder), method_of(folder).config()
    share = config.steps * config.batch * config.crop**2 / (paper.steps * paper.batch * paper.crop**2)
    return (
        f"It saw {100 * share:.2g} % of the pixels that the paper's schedule takes. It knows only the rain of its training "
        "data; its effect on other rain, on snow, fog or night is not measured. The scores hold for the sets and protocols "
        "named."
    )


def loading(name: str) -> str:
    """Return the section on loading a network, by its name or folder."""
    return _LOADING.replace("FOLDER", name)


def limits(card: str) -> str:
    """Return the paragraph on limits of a card; ValueError if there is none."""
    found = _LIMITS.search(card)
    if not found:
        raise ValueError("the model card has no paragraph that begins with **Limits.**: write one")
    return " ".join(found[1].split())


def limits_of_model(name: str) -> str:
    """Return the limits of the network that `load_model(name)` loads, from its card.

    Published weights have no card: their title is returned, with a reference to the authors' paper.
    """
    folder = next((p for p in (SHIPPED / name, Path(name)) if p.is_dir()), None)
    if folder is None:
        return f"{MODELS[name].title}. No card comes with these weights: their limits are those of the authors' paper."
    if (folder / SHARED_WEIGHTS).is_file() and not (folder / CARD).is_file():
        return f"{folder} came without a card: nothing is known of its limits."
    return limits(card_of_run(folder))
