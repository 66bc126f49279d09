"""Figures of the view encoder: its sizes and its location maps."""

import numpy as np
from drawn import words

from rainmer_lib.plots import views_encoder
from rainmer_lib.teaching.rainmer import encoder_shapes


def test_the_encoder_is_drawn_with_its_sizes(micro):
    drawn = words(views_encoder.draw_encoder(encoder_shapes(micro)).axes[0])
    assert {"16 x 2 x 2", "4 x 16 x 16", "16 x 1 x 1", "ViewEncoder", "locate"} <= set(drawn)


def test_location_maps_share_a_scale():
    maps = {name: np.full((12, 12), value) for name, value in (("ground truth", 0.1), ("colours", 0.2), ("stem", 0.9))}
    figure = views_encoder.location_figure(np.zeros((12, 12, 3)), maps, {"stem": "R 0.1"})
    assert {a.images[0].get_clim() for a in figure.axes[1:4]} == {(0, 0.5)} and figure.axes[3].get_title() == "stem\nR 0.1"
    for axis, plane in zip(figure.axes[1:4], maps.values(), strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), plane)
