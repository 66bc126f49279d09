"""README.md and the pages with computed parts: what is computed in them is what would be computed now."""

import pytest

from rainmer_lib import paths
from rainmer_lib.pretrained.models import DEFAULT
from rainmer_lib.workflow import readme
from rainmer_lib.workflow.readme import BEGIN, END

LINES = 60  # of the README: one screen, and a table


@pytest.mark.parametrize("name", readme.GENERATED)
def test_the_files_are_as_they_would_be_computed_now(name):
    assert readme.renewed(name) == (paths.REPOSITORY / name).read_text(encoding="utf-8"), "run `make readme`"


def test_the_part_replaces_what_stands_between_its_marks():
    found = readme.with_part(f"before\n{BEGIN}\nold\n{END}\nafter\n", "new")
    assert found == f"before\n{BEGIN}\nnew\n{END}\nafter\n" and readme.with_part(found, "new") == found
    for wrong in ("before", f"{BEGIN} alone"):
        with pytest.raises(ValueError, match="lacks the marks"):
            readme.with_part(wrong, "new")


def test_the_readme_is_short_and_shows_the_default_network():
    """Its picture is the one of the largest gain on the card of the network that ships as the default."""
    text = (paths.REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES
    folder = f"rainmer_lib/pretrained/weights/{DEFAULT}"
    card = (paths.REPOSITORY / folder / "README.md").read_text(encoding="utf-8")
    shown = text.partition("](" + folder + "/held-out-")[2].partition(")")[0]
    assert shown and "the largest gain" in card.partition(f"(held-out-{shown})")[0].rpartition("![")[2]
