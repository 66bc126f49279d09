"""Lines over a parameter."""

import numpy as np
import pandas as pd

from rainmer_lib.plots import lines


def test_lines_go_through_the_points():
    table = pd.DataFrame({"n": [1, 10, 100], "loss": [3.0, 2.0, 1.0]})
    (axis,) = lines.line_panels(table, "n", {"loss": "loss (nats)"}, "negatives", log=True).axes
    assert axis.get_xscale() == "log" and (axis.get_xlabel(), axis.get_ylabel()) == ("negatives", "loss (nats)")
    np.testing.assert_allclose(axis.lines[0].get_xydata(), table)


def test_each_method_has_its_line_in_every_panel():
    table = pd.DataFrame({"method": ["a", "a", "b", "b"], "angle": [0, 90] * 2, "lines": [0.1, 0.2, 0.3, 0.4], "rain": 1.0})
    left, right = lines.method_panels(table, "angle", {"lines": "of lines", "rain": "of rain"}, "degrees").axes
    drawn = {line.get_label(): line.get_ydata().tolist() for line in left.lines if line.get_label() in "ab"}
    assert drawn == {"a": [0.1, 0.2], "b": [0.3, 0.4]}
    assert [axis.get_ylabel() for axis in (left, right)] == ["of lines", "of rain"] and left.get_ylim() == right.get_ylim()
    assert left.get_xticks().tolist() == [0, 90] and left.get_xlabel() == "degrees"
