"""Tiles: where they lie, what each weighs, and that joining changes nothing where they agree."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rainmer_lib.inference.tiling import FEATHER, Grid, grid, run_tiled, spans

UNITS = st.integers(1, 200)


@settings(max_examples=200, deadline=None)
@given(units=UNITS, core=st.integers(FEATHER * 2, 200), halo=st.integers(0, 50), multiple=st.sampled_from([1, 2, 4, 8]))
def test_cores_cover_the_axis_once_and_halos_reach_far_enough(units, core, halo, multiple):
    size = units * multiple
    line = spans(size, core, halo, multiple)
    assert [pixel for span in line for pixel in range(span.start, span.stop)] == list(range(size))
    for span in line:
        assert span.stop - span.start <= core
        assert span.read_start == 0 or halo <= span.start - span.read_start < halo + multiple
        assert span.read_stop == size or halo <= span.read_stop - span.stop < halo + multiple
        assert all(edge % multiple == 0 for edge in (span.start, span.stop, span.read_start, span.read_stop))
    assert max(s.stop - s.start for s in line) - min(s.stop - s.start for s in line) <= multiple
    assert line == spans(size, core, halo, multiple)


def test_what_cannot_be_cut():
    with pytest.raises(ValueError, match="10 pixels is no positive multiple of 4"):
        spans(10, 64, 0, 4)
    with pytest.raises(ValueError, match="shorter than the feather"):
        spans(64, FEATHER - 4, 0, 4)


def slow_weight(line, number, pixel):
    """The definition: a straight line across each inner cut, from 1/2 a step above 0 to 1/2 a step below 1."""

    def past(cut):
        return min(1.0, max(0.0, (pixel + 0.5 - (cut - FEATHER / 2)) / FEATHER))

    rising = 1.0 if number == 0 else past(line[number].start)
    falling = 1.0 if number == len(line) - 1 else 1 - past(line[number].stop)
    return rising * falling


def test_weights_are_the_definition_and_sum_to_one():
    """The weight of a tile is what becomes of an image that is one in that tile and zero in the others."""
    tiles = grid(100, 140, 48, 3, 4)
    assert len(tiles.rows) == 3 and len(tiles.cols) == 3
    image, total = np.zeros((100, 140, 3), np.uint8), np.zeros((100, 140, 3), np.float32)
    for number in range(len(tiles)):
        calls = iter(range(len(tiles)))
        weight = run_tiled(image, tiles, lambda t, n=number, c=calls: np.full(t.shape, float(next(c) == n), np.float32))
        i, j = divmod(number, len(tiles.cols))
        rows = [slow_weight(tiles.rows, i, y) for y in range(100)]
        cols = [slow_weight(tiles.cols, j, x) for x in range(140)]
        assert np.array_equal(weight[..., 1], np.outer(rows, cols)), "every weight is a fraction of powers of two: exact"
        total += weight
    assert (total == 1).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 150), st.integers(1, 150), st.integers(FEATHER * 2, 90), st.integers(0, 20))
def test_doing_nothing_gives_the_image_back_bit_for_bit(height, width, core, reach):
    image = np.random.default_rng(height).random((height, width, 3), np.float32)
    ticks = []
    tiles = grid(height, width, core, reach, 1)
    assert np.array_equal(run_tiled(image, tiles, lambda tile: tile, lambda: ticks.append(1)), image)
    assert len(ticks) == len(tiles)


@settings(max_examples=30, deadline=None)
@given(st.integers(40, 120), st.integers(40, 120), st.integers(FEATHER * 2, 60), st.integers(1, 9))
def test_no_value_within_reach_of_a_tile_s_own_border_is_used(height, width, core, reach):
    tiles = grid(height, width, core, reach, 1)
    assume(len(tiles) > 1)
    image = np.zeros((height, width, 3), np.float32)
    numbers = np.arange(height * width, dtype=np.float32).reshape(height, width, 1) * np.ones(3, np.float32)
    boxes = iter([(row, col) for row in tiles.rows for col in tiles.cols])

    def spoilt(tile):
        row, col = next(boxes)
        result = numbers[row.read_start : row.read_stop, col.read_start : col.read_stop].copy()
        result[: reach * (row.read_start > 0)] = np.nan
        result[len(result) - reach * (row.read_stop < height) :] = np.nan
        result[:, : reach * (col.read_start > 0)] = np.nan
        result[:, result.shape[1] - reach * (col.read_stop < width) :] = np.nan
        return result

    assert np.array_equal(run_tiled(image, tiles, spoilt), numbers)


def test_memory_is_the_result_and_a_strip():
    image = np.zeros((1600, 1200, 3), np.uint8)
    tiles: Grid = grid(1600, 1200, 100, 8, 1)
    tracemalloc.start()
    result = run_tiled(image, tiles, lambda tile: tile.astype(np.float32))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    strip = (100 + FEATHER) * 1200 * 3 * 4
    assert peak < result.nbytes + 1.5 * strip
