"""How cost grows, drawn."""

import numpy as np
import pandas as pd

from rainmer_lib.plots.growth import growth_figure


def test_each_panel_shows_its_lines_and_growth_with_the_size():
    table = pd.DataFrame({
        "panel": ["batch"] * 2 + ["images"] * 4, "series": ["a"] * 4 + ["b"] * 2, "size": [1, 4, 0.1, 0.2, 0.1, 0.2],
        "ratio": [1, 3, 1, 2.5, 1, 1.5],
    })  # fmt: skip
    images, batch = growth_figure(table).axes
    assert [axis.get_title() for axis in (images, batch)] == ["images", "batch"], "in the order of the page"
    drawn = {line.get_label(): line.get_xydata().tolist() for line in images.lines}
    assert drawn["a"] == [[0.1, 1], [0.2, 2.5]] and drawn["b"] == [[0.1, 1], [0.2, 1.5]]
    np.testing.assert_allclose(batch.lines[-1].get_xydata(), [[1, 1], [4, 4]])
    assert {axis.get_xscale() for axis in (images, batch)} == {axis.get_yscale() for axis in (images, batch)} == {"log"}
