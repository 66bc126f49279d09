"""Boxes of detections: drawn where they are, counts in titles are those of the boxes."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from rainmer_lib.downstream.detector import Detections
from rainmer_lib.plots.boxes import box_panels, class_colour


def detections(*rows):
    table = np.array(rows, float).reshape(-1, 6)
    return Detections(table[:, :4], table[:, 4], table[:, 5].astype(int))


def test_boxes_are_drawn_where_they_are_and_counted():
    images = {name: np.zeros((40, 60, 3), np.uint8) for name in ("rainy", "clean")}
    car, person = (5, 6, 25, 30, 0.9, 2), (30, 2, 40, 38, 0.8, 0)
    found = {"rainy": detections(car, (45, 5, 55, 20, 0.7, 0), (0, 0, 9, 9, 0.1, 0)), "clean": detections(car, person)}
    rainy, clean = box_panels(images, found).axes[:2]
    assert rainy.get_title() == "rainy: 1 of 2 found, 1 wrong" and clean.get_title() == "clean: 2 objects"
    assert [p.get_linestyle() for p in rainy.patches] == ["-", "--"]
    box = rainy.patches[0]
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (5, 6, 20, 24)
    assert to_hex(box.get_edgecolor()).upper() == class_colour(2)
    assert [t.get_text() for t in clean.texts] == ["car 0.90", "person 0.80"]


def test_the_surer_of_two_labels_at_one_place_is_written():
    images = {"rainy": np.zeros((40, 60, 3), np.uint8)}
    found = {"rainy": detections((6, 6, 25, 30, 0.6, 2), (5, 6, 25, 30, 0.9, 2), (40, 6, 50, 30, 0.5, 0))}
    axis = box_panels(images, found).axes[0]
    assert [t.get_text() for t in axis.texts] == ["car 0.90", "person 0.50"] and len(axis.patches) == 3


def test_without_a_truth_objects_are_counted():
    images = {"rainy": np.zeros((40, 60, 3), np.uint8)}
    found = {"rainy": detections((5, 6, 25, 30, 0.9, 2))}
    assert box_panels(images, found).axes[0].get_title() == "rainy: 1 objects"
    with pytest.raises(ValueError, match="no detections of rainy"):
        box_panels(images, {})
