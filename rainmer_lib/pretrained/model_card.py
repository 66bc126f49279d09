"""Model cards: what a derain network was trained on, for how long, what it scores, and what it cannot do.

A card that lies beside the weights is taken as it is.  For other runs one is written from their files: `config.json` and
`scores-<test set>.csv`.  Nothing in it is typed.
"""

import re
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from rainmer_lib import dcdgan, rainmer
from rainmer_lib.data.unpaired import SOURCES, unpaired
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.metrics.scores import mean_scores
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.plots.style import TEST_SET_LABELS
from rainmer_lib.pretrained.models import MODELS, SHARED_WEIGHTS, SHIPPED, load_run, read_config, read_json
from rainmer_lib.rainmer.config import RainmerConfig

CARD = "README.md"
_METHODS = {
    DCDGANConfig: "DCD-GAN (Chen et al., CVPR 2022)",
    RainmerConfig: "Rainmer (Ran et al., ACM MM 2024), trained on pairs",
}
_PAPERS = {DCDGANConfig: dcdgan.paper, RainmerConfig: rainmer.paper}
_LIMITS = re.compile(r"^\*\*Limits\.\*\*(.*?)(?=^#|^\s*$|\Z)", re.MULTILINE | re.DOTALL)
_SIZE = {"steps", "batch", "crop", "seed", "width", "blocks"}  # said in other rows of the card
_LOADING = """## Loading

```
rainmer derain photo.jpg derained.png --model FOLDER
```

```python
from rainmer_lib.pretrained.models import load_model
network = load_model("FOLDER")  # (b, 3, h, w) in [0, 1], sizes in multiples of network.multiple
HUB```
"""
_HUB = """
from rainmer_lib.pretrained.hub import PretrainedDerainer  # pip install "rainmer[hub]"
derainer = PretrainedDerainer.from_pretrained("FOLDER")  # any size; or user/model of the hub
"""


def card_of_run(folder: Path) -> str:
    """The card of a finished run: the README.md of its folder, else one written from its files.

    Raises what `load_run` raises on a folder that is none of a run.
    """
    if (folder / CARD).is_file():
        return (folder / CARD).read_text(encoding="utf-8")
    rows = "\n".join(f"| {name} | {value} |" for name, value in _facts(folder).items())
    config = read_config(folder)
    return (
        f"# {folder.resolve().name}\n\nThe `derain` network of a run of {_METHODS[type(config)]}.\n\n| | |\n|---|---|\n"
        f"{rows}\n\n{scores_section(folder)}\n{loading('FOLDER', type(config))}\n**Limits.** {_limits_of(config)}\n"
    )


def _facts(folder: Path) -> dict[str, str]:
    """Rows of the card's first table."""
    config, network = read_config(folder), load_run(folder)
    changed = {k: v for k, v in asdict(config).items() if v != getattr(_PAPERS[type(config)], k) and k not in _SIZE}
    return {
        "run": f"`{folder.resolve().name}`, seed {config.seed}",
        "network": f"{_drawn(config)}; {parameter_count(network) / 1e6:.2f} million parameters",
        "data": _data(read_json(folder)["data"], type(config)),
        "budget": f"{config.steps:,} steps of {config.batch} crops of {config.crop} pixels",
        "changed from the paper": ", ".join(f"`{k}={v!r}`" for k, v in changed.items()) or "nothing but size and seed",
        "licence": "MIT",
    }


def _drawn(config: DCDGANConfig | RainmerConfig) -> str:
    """The network in words."""
    if isinstance(config, RainmerConfig):
        return f"U-Net of transformer blocks, width {config.width}, {sum(config.blocks)} blocks down, views {_views(config)}"
    residual = ", global residual" if config.global_residual else ""
    return f"ResNet generator, width {config.width}, {config.blocks} blocks{residual}"


def _views(config: RainmerConfig) -> str:
    return ", ".join(config.views) or "none"


def _data(fingerprint: str, kind: type = DCDGANConfig) -> str:
    """The training set of a fingerprint, by name if it can be told on this machine."""
    if kind is RainmerConfig:
        return f"pairs of rendered rain and photos, fingerprint `{fingerprint}`"
    for name in SOURCES:
        try:
            source = unpaired(name)
        except FileNotFoundError:
            continue
        if source.fingerprint == fingerprint:
            return f"{name} (" + ", ".join(f"{count} {what}" for what, count in source.summary().items()) + ")"
    return f"fingerprint `{fingerprint}`; none of the training sets on the machine where this card was written"


def scores_section(folder: Path) -> str:
    """Mean PSNR and SSIM on each test set under each protocol, from the run's `scores-<test set>.csv`.

    Scores of real photos, which have no clean partner, stand in the notebook `real_world` and not here.
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
    text = "Means over the images. What the protocols are stands in `rainmer_lib/metrics/protocols.py`."
    return "\n".join(["## Scores", "", text, "", *lines, ""])


def _limits_of(config: DCDGANConfig | RainmerConfig) -> str:
    paper = _PAPERS[type(config)]
    share = config.steps * config.batch * config.crop**2 / (paper.steps * paper.batch * paper.crop**2)
    return (
        f"It saw {100 * share:.2g} % of the pixels that the paper's schedule takes. It knows the rain of its training data "
        "alone; what it does to other rain, to snow, fog or night is not measured. The scores hold for the sets and protocols "
        "named."
    )


def loading(name: str, kind: type = DCDGANConfig) -> str:
    """The section on how to load a network, by its name or folder; `hub` knows the network of DCD-GAN alone."""
    return _LOADING.replace("HUB", _HUB if kind is DCDGANConfig else "").replace("FOLDER", name)


def limits(card: str) -> str:
    """The paragraph on limits of a card; ValueError if it has none."""
    found = _LIMITS.search(card)
    if not found:
        raise ValueError("the model card has no paragraph that begins with **Limits.**: write one")
    return " ".join(found[1].split())


def limits_of_model(name: str) -> str:
    """The limits of what `load_model(name)` gives, from its card; of published weights, which have none, their title."""
    folder = next((p for p in (SHIPPED / name, Path(name)) if p.is_dir()), None)
    if folder is None:
        return f"{MODELS[name].title}. No card comes with these weights: their limits are those of the authors' paper."
    if (folder / SHARED_WEIGHTS).is_file() and not (folder / CARD).is_file():
        return f"{folder} came without a card: nothing is known of its limits."
    return limits(card_of_run(folder))
