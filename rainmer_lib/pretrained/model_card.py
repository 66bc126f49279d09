"""Model cards: training data, budget, scores, damage and limits of a derain network.

A card beside the weights is taken as it is.  For other runs a card is written from their files: `config.json`,
`finished.json`, `scores-<test set>.csv`, `input.csv` and `damage.csv`; no fact in it is typed by hand.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from rainmer_lib.data.unpaired import SOURCES, unpaired
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.pretrained.card_sections import (
    PROTOCOL,
    damage_means,
    damage_section,
    gains,
    loading,
    pictures_section,
    scores_section,
)
from rainmer_lib.pretrained.models import (
    MODELS,
    SHARED_WEIGHTS,
    SHIPPED,
    load_folder,
    method_of,
    read_config,
    read_json,
    resolved,
)
from rainmer_lib.training import seal
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.method import Method

CARD = "README.md"
RECORD = "data.json"  # of a run on a person's own photos: what they are
WRITTEN = "<!-- written from measured numbers; whoever writes a text of their own removes this line -->"
_LIMITS = re.compile(r"^\*\*Limits\.\*\*(.*?)(?=^#|^\s*$|\Z)", re.MULTILINE | re.DOTALL)
_MADE_AT = {"bsd-streaks": "laptop"}  # source -> profile at which methods make their own data of it, in seconds
_SIZE = {"steps", "batch", "crop", "seed", "width", "blocks"}  # stated in other rows of the card


def card_of_run(folder: Path) -> str:
    """Return the card of a finished run: the README.md of its folder, else one written from its files.

    Raises the errors of `load_folder` if the folder is not that of a run.
    """
    if (folder / CARD).is_file():
        return (folder / CARD).read_text(encoding="utf-8")
    return written_card(folder)


def written_card(folder: Path, name: str = "", pictures: Mapping[str, str] | None = None, own_words: str = "") -> str:
    """Write the card of a run from the files of its folder; the errors of `load_folder` if it is not that of a run.

    `name`: of the network that is shipped.  `pictures`: file beside the card -> description.  `own_words`: a paragraph on
    limits that takes the place of the one that is written from numbers.
    """
    method, rows = method_of(folder), "\n".join(f"| {key} | {value} |" for key, value in _facts(folder).items())
    opening = (
        f"# {name or folder.resolve().name}\n\nThe `derain` network of a run of {method.title} ({method.citation}), "
        f"{method.supervision} training.\n\n| | |\n|---|---|\n{rows}\n"
    )
    paragraph = f"**Limits.** {own_words}\n" if own_words else f"{WRITTEN}\n**Limits.** {_limits_of(folder)}\n"
    shown = pictures_section(pictures) if pictures else ""
    sections = [opening, paragraph, scores_section(folder), damage_section(folder), shown, loading(name or "FOLDER")]
    return "\n".join(section for section in sections if section)


def _facts(folder: Path) -> dict[str, str]:
    """Return the rows of the card's first table."""
    config, network = read_config(folder), load_folder(folder)
    changed = {k: v for k, v in changed_fields(config).items() if k not in _SIZE}
    return {
        "run": f"`{folder.resolve().name}`, seed {config.seed}",
        "network": f"{method_of(folder).describe(config)}; {parameter_count(network) / 1e6:.2f} million parameters",
        "data": _data(folder),
        "budget": f"{_steps(folder):,} steps of {config.batch} crops of {config.crop} pixels{_time(folder)}",
        "changed from the paper": ", ".join(f"`{k}={v!r}`" for k, v in changed.items()) or "nothing but size and seed",
        "licence": "MIT",
    }


def _steps(folder: Path) -> int:
    """Return the steps of a run; those of a budget in minutes are known when it is finished."""
    config, file = read_config(folder), folder / "finished.json"
    return seal.read_json(file)["steps"] if config.minutes and file.is_file() else config.steps


def _time(folder: Path) -> str:
    """Return the seconds of training in words; nothing if they are not recorded.

    Of a training that was interrupted, only the seconds since it was resumed are recorded.
    """
    file = folder / "finished.json"
    if not file.is_file():
        return ""
    stored = seal.read_json(file)
    seconds = float(np.sum(stored["seconds_of_last_part"]))
    one_core = " of one core" if stored["threads"] == 1 and stored["device"] == "cpu" else ""
    return f"; {seconds:,.0f} seconds{one_core} (from its last start)"


def _data(folder: Path) -> str:
    """Describe the training set of a run, by its record in the folder, else by name if it is on this machine."""
    if (folder / RECORD).is_file():
        stored = seal.read_json(folder / RECORD)
        return _counted(stored["name"], stored["summary"])
    fingerprint, method = read_json(folder)["data"], method_of(folder)
    sources = []
    for name in SOURCES:
        try:
            sources.append(unpaired(name))
        except (FileNotFoundError, ValueError):  # absent, or a copy with faults
            continue
    for data in chain(sources, _made_of(method, sources)):
        if data.fingerprint == fingerprint:
            counts = getattr(data, "source", data).summary()
            return _counted(data.name, counts)
    return f"fingerprint `{fingerprint}`; none of the training sets on the machine where this card was written"


def _counted(name: str, counts: Mapping[str, int]) -> str:
    return f"{name} (" + ", ".join(f"{count} {what}" for what, count in counts.items()) + ")"


def _made_of(method: Method, sources: Sequence[UnpairedRain]) -> Iterator[Any]:
    """Yield the data that a method makes of sources, where what else it needs is on this machine."""
    for source in sources:
        if source.name in _MADE_AT:
            try:
                yield method.data(source, _MADE_AT[source.name], keep=False)
            except FileNotFoundError:
                continue


def _limits_of(folder: Path) -> str:
    """Return a paragraph on limits of what is measured, all of it computed, so that it agrees with the card's tables."""
    config, method = read_config(folder), method_of(folder)
    full = method.at("paper")
    share = _steps(folder) * config.batch * config.crop**2 / (full.steps * full.batch * full.crop**2)
    told = [f"It saw {100 * share:.2g} % of the pixels that the schedule of profile `paper` takes."]
    mean, gained = damage_means(folder), gains(folder)
    if mean:
        told.append(
            f"On the held-out photos {mean['rain_left']} of the rain stays, {mean['ribs']} of the rainy pixels become too "
            f"dark, and a dry photo comes back with {mean['dry_psnr']} and a tint of {mean['tint']}."
        )
    if gained:
        each = ", ".join(f"{gain:+.2f} dB on {name}" for name, gain in gained.items())
        told.append(f"Against the rainy input the mean PSNR (`{PROTOCOL}`) changes by {each}.")
    told.append(
        "It knows only the rain of its training data. Images of other kinds than those of the sets scored were not measured "
        "for this card."
    )
    return " ".join(told)


def limits(card: str) -> str:
    """Return the paragraph on limits of a card; ValueError if there is none."""
    found = _LIMITS.search(card)
    if not found:
        raise ValueError("the model card has no paragraph that begins with **Limits.**: write one")
    return " ".join(found[1].split())


def own_limits(card: str) -> str:
    """Return the paragraph on limits if a person wrote it; empty if there is none or if it was written from numbers."""
    return "" if WRITTEN in card or not _LIMITS.search(card) else limits(card)


def limits_of_model(name: str) -> str:
    """Return the limits of the network that `load_model(name)` loads, from its card.

    Published weights have no card: their title is returned, with a reference to the authors' paper.
    """
    name = resolved(name)
    folder = next((p for p in (SHIPPED / name, Path(name)) if p.is_dir()), None)
    if folder is None:
        return f"{MODELS[name].title}. No card comes with these weights: their limits are those of the authors' paper."
    if (folder / SHARED_WEIGHTS).is_file() and not (folder / CARD).is_file():
        return f"{folder} came without a card: nothing is known of its limits."
    return limits(card_of_run(folder)) if (folder / CARD).is_file() else _limits_of(folder)
