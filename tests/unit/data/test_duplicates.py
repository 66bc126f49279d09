"""One view in two collections is found, with rain or cut; different views are not."""

import numpy as np
import pytest
from painted import scene, under_rain

from rainmer_lib import paths
from rainmer_lib.data.duplicates import MOST, duplicates, scenes, spread
from rainmer_lib.data.layouts import read_rgb


def test_a_pair_in_disguise_a_copy_and_a_cropped_copy_are_found():
    cut = scene(3, (120, 144))[8:112, 10:130]
    ours = {"a.jpg": under_rain(scene(1), 1), "b.jpg": scene(2), "sub/c.jpg": cut, "d.jpg": scene(9)}
    theirs = {"x.png": scene(1), "y.png": scene(2), "z.png": scene(3, (120, 144)), "v.png": scene(4)}
    found = {d.ours: (d.theirs, d.how) for d in duplicates(ours, theirs)}
    assert {name: other for name, (other, _) in found.items()} == {"a.jpg": "x.png", "b.jpg": "y.png", "sub/c.jpg": "z.png"}
    assert found["a.jpg"][1].startswith("one view, likeness 0.9")
    assert str(duplicates(ours, theirs)[1]).startswith("b.jpg and y.png: ")


def test_under_heavy_rain_the_name_tells():
    """Half of the view is lost in a veil; another view of that name and size is still another view."""
    view = scene(5)
    veiled = (0.35 * view + 0.65 * scene(6)).astype(np.uint8)
    assert not duplicates({"a.jpg": veiled}, {"b.png": view, "c.png": scene(7)})
    (found,) = duplicates({"sub/a.jpg": (0.6 * view + 0.4 * scene(6)).astype(np.uint8)}, {"a.png": view})
    assert "equal name and size" in found.how
    assert not duplicates({"a.jpg": scene(8)}, {"a.png": view})


def test_different_scenes_are_not_found():
    assert not duplicates({f"{i}.png": scene(i) for i in range(12)}, {f"{i}.png": scene(100 + i) for i in range(12)})


def test_photos_of_one_view_are_one_scene():
    photos = {"a": scene(1), "b": scene(2), "c": under_rain(scene(1), 5), "d": scene(3)}
    assert scenes(photos) == [["a", "c"], ["b"], ["d"]] and scenes({"a": scene(1)}) == [["a"]]


def test_many_are_spread_evenly():
    assert spread(range(5), MOST) == [0, 1, 2, 3, 4] and spread(range(101), 5) == [0, 25, 50, 75, 100]


@pytest.mark.data
@pytest.mark.slow
def test_pairs_of_rain100l_are_found_and_photos_of_bsds500_are_not():
    def some(folder, pattern, start, count):
        files = sorted((paths.data_root() / folder).glob(pattern))[start : start + count]
        return {path.name: read_rgb(path) for path in files}

    rainy = some("Rain100L/rain", "*.png", 20, 10)
    assert len(duplicates(rainy, some("Rain100L/norain", "*.png", 20, 10))) == 10
    assert not duplicates(some("Real147_SIRR/images", "*", 0, 20), some("BSDS500/images/val", "*.jpg", 0, 40))
