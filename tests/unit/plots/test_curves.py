"""Training curves: points are those of the log, and none mixes steps with a term and steps without."""

import numpy as np

from rainmer_lib.plots.curves import term_curves
from rainmer_lib.plots.style import WIDTH

LOG = [{"step": step, "ssim": 0.5 - step / 100, "contrast": float(step)} for step in (4, 8, 10)]


def test_a_point_is_a_line_of_the_log():
    ssim, contrast = term_curves(LOG).axes
    assert [ssim.get_title(), contrast.get_title()] == ["1 - SSIM", "contrast"]
    np.testing.assert_allclose(contrast.lines[0].get_xydata(), [[4, 4], [8, 8], [10, 10]])


def test_many_terms_stand_in_rows_that_fit_a_page():
    log = [{"step": step} | {f"term{i}": 1.0 for i in range(7)} for step in (1, 2)]
    figure = term_curves(log)
    assert len(figure.axes) == 7 and figure.get_figwidth() <= WIDTH
    assert [axis.get_title() for axis in figure.axes] == [f"term{i}" for i in range(7)]


def test_a_term_that_begins_later_has_no_point_before():
    """Steps 1 to 4 are without it.  The point at 4 would be all zeros, with 5 the one at 8 a mixture."""
    for begins, shown in ((4, [8, 10]), (5, [10]), (0, [4, 8, 10])):
        ssim, contrast = term_curves(LOG, begins={"contrast": begins}).axes
        points = contrast.lines[0].get_xydata()
        assert points[~np.isnan(points[:, 1]), 0].tolist() == shown
        assert not np.isnan(ssim.lines[0].get_ydata()).any()


def test_a_term_that_some_lines_lack_is_drawn_where_it_is():
    """As of a run that begins with a warm-up of the discriminators."""
    log = [{"step": 2, "discriminators": 0.7}, *({"step": step, "discriminators": 0.6, "total": 1.0 / step} for step in (4, 6))]
    discriminators, total = term_curves(log).axes
    assert [discriminators.get_title(), total.get_title()] == ["discriminators", "total"]
    assert discriminators.lines[0].get_xdata().tolist() == [2, 4, 6]
    np.testing.assert_allclose(total.lines[0].get_ydata(), [np.nan, 1 / 4, 1 / 6])
