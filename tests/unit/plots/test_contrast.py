"""Figures of patch contrast: what is drawn is what was given, and is counted."""

import numpy as np
from drawn import words
from matplotlib.patches import Rectangle

from rainmer_lib.plots import contrast


def test_candidates_are_counted_as_drawn():
    rng = np.random.default_rng(0)
    image, places, others = np.zeros((64, 64, 3)), rng.permutation(256)[:9], rng.permutation(256)[:9]
    places, others = (np.stack(np.divmod(p, 16), axis=1) for p in (places, others))
    figure = contrast.candidates({"a": image, "b": image, "c": image}, places, others, query=2, stride=4)
    left, middle, right = figure.axes
    assert words(middle) == ["1 positive, 8 internal negatives"] and words(right) == ["9 external negatives"]
    assert not left.collections and len(middle.collections[0].get_offsets()) == 8
    centre = places[2] * 4 + 2
    for axis in (left, middle):
        (box,) = [p for p in axis.patches if isinstance(p, Rectangle)]
        assert (box.get_y() + box.get_height() / 2, box.get_x() + box.get_width() / 2) == tuple(centre)
    for axis, drawn in ((middle, np.delete(places, 2, axis=0)), (right, others)):
        np.testing.assert_allclose(axis.collections[0].get_offsets()[:, ::-1], drawn * 4 + 2)  # x is the column


def test_circles_show_before_and_after():
    before, after = np.eye(2), -np.eye(2)
    axis = contrast.circles({"moved": {"query": (before, after), "key": (before, before)}}).axes[0]
    keys_before, keys_after, queries_before, queries_after = (np.asarray(c.get_offsets()) for c in axis.collections)
    np.testing.assert_allclose(keys_before, keys_after)
    np.testing.assert_allclose(queries_before, -queries_after)


def test_similarity_maps_mark_the_same_place():
    image = np.zeros((32, 32, 3))
    axes = contrast.similarity_maps(image, image, (3, 5), {"encoder": np.eye(8)}, stride=4).axes
    (box,) = axes[0].patches
    assert (box.get_y() + 8, box.get_x() + 8) == (14, 22)
    assert [tuple(float(v[0]) for v in line.get_data()) for line in axes[2].lines] == [(5, 3)]
