"""Images and what changed in them."""

import numpy as np

from rainmer_lib.plots import rain
from rainmer_lib.plots.style import WIDTH


def test_changes_are_drawn_on_one_scale_about_zero():
    image, reference = np.full((8, 10, 3), 0.6), np.full((8, 10, 3), 0.5)
    figure = rain.images_and_changes({"a": (image, reference), "b": (reference, image)}, "change", 0.4)
    planes = [axis.images[0] for axis in figure.axes[2:4]]
    np.testing.assert_allclose(planes[0].get_array(), 0.1)
    np.testing.assert_allclose(planes[1].get_array(), -0.1)
    assert {p.get_clim() for p in planes} == {(-0.4, 0.4)}


def test_planes_share_a_scale_where_they_are_compared():
    """A plane of less contrast looks so; without limits each fills its own scale."""
    images = {"full": np.array([[0.0, 1.0]]), "weak": np.array([[0.4, 0.6]])}
    scales = [[axis.images[0].get_clim() for axis in rain.planes(images, **given).axes] for given in ({"limits": (0, 1)}, {})]
    assert scales == [[(0, 1), (0, 1)], [(0, 1), (0.4, 0.6)]]


def test_many_planes_fit_a_page():
    few, many = (rain.planes({str(i): np.zeros((16, 24)) for i in range(n)}).get_figwidth() for n in (2, 6))
    assert few == 1.9 * 3 and many <= WIDTH
