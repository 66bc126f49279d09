"""A page for each network that ships, with its pictures, scores and damage."""

import re

from rainmer_lib import paths
from rainmer_lib.pretrained.models import DEFAULT, shipped
from rainmer_lib.site import models
from rainmer_lib.site.links import Pages


def test_every_network_has_its_page_with_its_pictures(tmp_path):
    models.write_pages(tmp_path, Pages(paths.REPOSITORY, tmp_path))
    index = (tmp_path / "models" / "index.md").read_text(encoding="utf-8")
    assert shipped()
    for name in shipped():
        text = (tmp_path / "models" / f"{name}.md").read_text(encoding="utf-8")
        shown = [part.partition(")")[0] for part in text.split("](/files/")[1:]]
        assert len(shown) >= 3 and all((tmp_path / "files" / file).exists() for file in shown)
        assert "## Scores" in text and "## Damage" in text and f"| [{name}](/models/{name}.md) |" in index
        assert f"\n{name}\n" in index.partition("{toctree}")[2]


def test_the_table_compares_scores_and_damage():
    lines = models.table().splitlines()
    cells = {line.split(" | ")[0]: line.strip("| ").split(" | ") for line in lines}
    head, row = (next(cells[key] for key in cells if start in key) for start in ("model", f"[{DEFAULT}]"))
    assert row[1].endswith(", the default") and {"Rain100L", "rain left", "dry photo"} <= set(head) and len(head) == len(row)
    card = models.card(DEFAULT).read_text(encoding="utf-8")
    for start, name in (("Rain100L | `prenet`", "Rain100L"), ("rain left", "rain left")):
        assert f"| {start} | {row[head.index(name)]} |" in card
    rainy = cells["| rainy input"][head.index("Rain100L")]
    assert re.search(rf"^\| Rain100L \| `prenet` \| .* \| {rainy}, 0\.\d+ \| 100 \|$", card, re.MULTILINE)
