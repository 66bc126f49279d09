"""A row for each photo: before, after, and what was removed."""

import numpy as np
import pytest

from rainmer_lib.plots.contact_sheet import GAP, TITLE, WIDTH, contact_sheet


def test_rows_show_before_after_and_what_was_removed():
    rainy = np.full((40, 80, 3), 0.6, np.float32)
    derained = rainy.copy()
    derained[:, 40:] -= 0.2  # the right half
    sheet = contact_sheet({"a": (rainy, derained), "b \N{SNOWMAN} " + "long" * 30: (rainy, rainy)}, "step 3 of 9")
    height = WIDTH // 2
    assert sheet.shape == (TITLE + GAP + 2 * (height + TITLE + GAP), 3 * WIDTH + 4 * GAP, 3)
    top = 2 * TITLE + GAP
    first, second = (sheet[y : y + height] for y in (top, top + height + TITLE + GAP))
    panels = [[row[:, GAP + k * (WIDTH + GAP) :][:, :WIDTH] for k in range(3)] for row in (first, second)]
    assert (panels[0][0] == 153).all() and (panels[0][1][:, : WIDTH // 2 - 20] == 153).all()
    assert (panels[0][1][:, WIDTH // 2 + 20 :] == 102).all()
    removed, nothing = panels[0][2], panels[1][2]
    assert np.ptp(nothing.astype(int), axis=(0, 1)).max() == 0, "one colour where nothing is removed"
    assert abs(removed[5, 5].astype(int) - nothing[5, 5]).max() <= 1
    red, _, blue = removed[5, -5].astype(int)
    assert red > blue + 50, "orange where it was brighter before"


def test_nothing_to_show_is_refused():
    with pytest.raises(ValueError, match="needs a photo"):
        contact_sheet({})
