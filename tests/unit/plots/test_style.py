"""A method's colour is its own in every figure, and tables are shown whole."""

import pandas as pd

from rainmer_lib.experiments.dcdgan import EXPERIMENTS
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.plots.style import _GREY, METHOD_COLOURS, colours, use_style


def test_a_method_keeps_its_colour_whatever_it_is_compared_with():
    assert colours(["full"])["full"] == colours(["something", "without colour", "full"])["full"]
    assert colours(["new", "CycleGAN"])["new"] != METHOD_COLOURS["CycleGAN"]


def test_every_method_of_a_notebook_has_a_colour_of_its_own():
    for name, experiment in EXPERIMENTS.items():
        labels = list(experiment.rows(profile("quick")))
        assert set(labels) <= set(METHOD_COLOURS), name
        assert len(set(colours(labels).values())) == len(labels), name


def test_where_colours_are_too_few_the_others_are_grey():
    """A repeated colour would say that two rows belong together; what has a colour of its own keeps it."""
    others = [str(i) for i in range(7)]
    assert len(set(colours(others).values())) == 7
    found = colours(["full", *others])
    assert found["full"] == METHOD_COLOURS["full"] and {found[name] for name in others} == {_GREY}


def test_no_cell_of_a_table_is_cut():
    with pd.option_context("display.max_rows", 60, "display.max_colwidth", 50):
        use_style()
        assert "x" * 200 in pd.DataFrame({"": ["x" * 200]})._repr_html_()
