"""The map of the papers: that of the start notebook, and modules that exist."""

import pytest

from rainmer_lib import paths
from rainmer_lib.site import executed, reference, section_map
from rainmer_lib.workflow.catalogue import ITEMS


def test_the_map_is_that_of_the_start_notebook(tmp_path):
    start = paths.REPOSITORY / "notebooks" / "00_start_here.ipynb"
    maps = section_map.read_maps(start)
    row = ("Eq. (3), colour cycle-consistency", "`losses/colour_cycle.py`", "`walkthroughs/04_two_way_translation`")
    assert row in maps["DCD-GAN: from the paper to the code"]
    shown = {"train_dcdgan": executed.Executed("train_dcdgan", "quick", tmp_path)}
    text = section_map.page(start, shown, {"rainmer_lib.dcdgan.config"})
    module = "{py:mod}`dcdgan/config.py <rainmer_lib.dcdgan.config>`"
    assert f"| {module} | [`train_dcdgan`](/notebooks/train_dcdgan.ipynb)" in text
    assert "`baselines/cyclegan_family.py` | `closely_related`" in text, "without a page: a word"
    assert all(f"| {item.label} | {item.title} |" in text for item in ITEMS)


def test_every_module_of_the_map_exists():
    """A map that names a module which is not there misleads; each is a link on the site."""
    names = {name for group in reference.modules().items() for name in (group[0], *group[1])}
    for rows in section_map.read_maps(paths.REPOSITORY / "notebooks" / "00_start_here.ipynb").values():
        for _, module, _ in rows:
            linked = section_map.module_links(module, names)
            assert linked.count("{py:mod}") == module.count(".py`"), module


def test_a_start_notebook_without_a_map_is_refused(tmp_path, write_notebook):
    with pytest.raises(ValueError, match="found no table of the columns paper | module | notebook"):
        section_map.read_maps(write_notebook(tmp_path / "start.ipynb"))
