"""Lines over a parameter."""

import numpy as np
import pandas as pd

from rainmer_lib.plots import lines


def test_lines_go_through_the_points():
    table = pd.DataFrame({"n": [1, 10, 100], "loss": [3.0, 2.0, 1.0]})
    (axis,) = lines.line_panels(table, "n", {"loss": "loss (nats)"}, "negatives", log=True).axes
    assert axis.get_xscale() == "log" and (axis.get_xlabel(), axis.get_ylabel()) == ("negatives", "loss (nats)")
    np.testing.assert_allclose(axis.lines[0].get_xydata(), table)
