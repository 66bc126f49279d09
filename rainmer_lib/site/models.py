"""A page for each network that ships: its card with pictures, scores and damage; and a page that compares them."""

import re
from pathlib import Path

from rainmer_lib import atomic
from rainmer_lib.pretrained.card_sections import PROTOCOL, damage_means
from rainmer_lib.pretrained.model_card import CARD
from rainmer_lib.pretrained.models import DEFAULT, MODELS, SHIPPED, shipped
from rainmer_lib.site.links import Pages, rewrite

_SCORE = re.compile(rf"^\| (?P<set>[^|]+) \| `{PROTOCOL}` \| (?P<psnr>[\d.]+) \|", re.MULTILINE)
_RAINY = re.compile(rf"^\| (?P<set>[^|]+) \| `{PROTOCOL}` \| [\d.]+ \| [\d.]+ \| (?P<psnr>[\d.]+), ", re.MULTILINE)
INTRODUCTION = f"""# Models

Every network that ships with the package. A name leads to its card: pictures before and after, scores, what it does to a
photo besides removing rain, how it was trained, and its limits. PSNR in dB under the protocol `{PROTOCOL}`; how
the networks were trained and chosen is told in [the training of the small networks](/docs/training_small.md).

Damage is measured on held-out photos. *Rain left*: how much of the rain stays. *Dry photo*: a photo without rain, derained,
against itself; more is better. *Tint*: change of its colours. *Ribs*: rainy pixels that became too dark. *Ghosts*: error where
the rainy photo is saturated.
"""


def card(name: str) -> Path:
    """Return the file of a model's card."""
    return SHIPPED / name / CARD


def page(name: str) -> str:
    """Return the page of a model, without suffix, from the site's root."""
    return f"models/{name}"


def write_pages(target: Path, pages: Pages) -> None:
    """Write models/<name>.md for each network, and models/index.md."""
    for name in shipped():
        atomic.write_text(target / f"{page(name)}.md", rewrite(card(name).read_text(encoding="utf-8"), card(name), pages))
    contents = "\n".join(["```{toctree}", ":hidden:", "", *shipped(), "```"])
    atomic.write_text(target / "models" / "index.md", "\n".join([INTRODUCTION, table(), "", contents, ""]))


def table() -> str:
    """Return a table of the networks: PSNR on each test set of their cards, and the mean of each measure of damage.

    Its first row has the PSNR of the rainy input.
    """
    cards = {name: card(name).read_text(encoding="utf-8") for name in shipped()}
    scores = {name: dict(_SCORE.findall(text)) for name, text in cards.items()}
    rainy = dict(found for text in cards.values() for found in _RAINY.findall(text))
    damage = {name: damage_means(SHIPPED / name) for name in shipped()}
    sets, measures = _keys(scores.values()), _keys(damage.values())
    titles = ["model", "what it is", *sets, *(measure.replace("_", " ").replace("psnr", "photo") for measure in measures)]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    cells = [*(rainy.get(key, "") for key in sets), *("" for _ in measures)]
    lines.append(f"| rainy input | the unprocessed photo | {' | '.join(cells)} |")
    for name in shipped():
        title = MODELS[name].title + (", the default" if name == DEFAULT else "")
        cells = [*(scores[name].get(key, "") for key in sets), *(damage[name].get(key, "") for key in measures)]
        lines.append(f"| [{name}](/{page(name)}.md) | {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _keys(tables) -> list[str]:
    return list(dict.fromkeys(key for table in tables for key in table))
