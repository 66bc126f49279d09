"""Detection: boxes through the letterbox and back, decoding and suppression against loops, and real photos."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rainmer_lib.data import photos
from rainmer_lib.downstream import detector as detection
from rainmer_lib.downstream.detector import COCO, Detections, Letterbox, decode, detect, iou, suppress


def random_detections(seed, count=40, classes=3):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 40, (count, 2))], axis=1)
    return Detections(boxes, rng.uniform(0, 1, count), rng.integers(0, classes, count))


def slow_iou(a, b, fine=10):
    """Count the pixels of a fine raster that lie in both and in either."""
    def pixels(box):
        x1, y1, x2, y2 = (round(v * fine) for v in box)
        return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}

    first, second = pixels(a), pixels(b)
    return len(first & second) / len(first | second) if first | second else 0.0


def exact_iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = width * height if width > 0 and height > 0 else 0.0
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / whole if whole else 0.0


def test_iou_counts_pixels():
    rng = np.random.default_rng(0)
    corner = rng.integers(0, 30, (8, 2)) / 10
    boxes = np.concatenate([corner, corner + rng.integers(0, 30, (8, 2)) / 10], axis=1)
    got = iou(boxes, boxes[:5])
    assert got.shape == (8, 5)
    for i, j in np.ndindex(8, 5):
        assert got[i, j] == pytest.approx(slow_iou(boxes[i], boxes[j]), abs=1e-12)
    assert iou(boxes[:0], boxes).shape == (0, 8)


@pytest.mark.parametrize("seed", range(5))
def test_suppression_equals_its_loops(seed):
    found = random_detections(seed)
    left, kept = sorted(range(len(found)), key=lambda k: -found.scores[k]), []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [k for k in left
                if found.classes[k] != found.classes[best] or exact_iou(found.boxes[k], found.boxes[best]) <= 0.3]  # fmt: skip
    assert suppress(found, 0.3).tolist() == kept
    assert len(kept) < len(found)


def test_suppressing_nothing():
    empty = random_detections(0, count=0)
    assert len(suppress(empty)) == 0 and len(empty.above(0.5)) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2000), st.integers(1, 2000))
def test_letterbox_there_and_back(height, width):
    box = Letterbox.of(height, width)
    (w, h), (left, top) = box.after, box.place
    assert max(w, h) == 416 and left >= 0 and top >= 0
    assert abs((416 - w) - 2 * left) <= 1 and abs((416 - h) - 2 * top) <= 1
    whole = np.array([[left, top, left + w, top + h], [left, top, left + w / 2, top + h / 4]], float)
    np.testing.assert_allclose(box.back(whole), [[0, 0, width, height], [0, 0, width / 2, height / 4]], atol=1e-9)
    np.testing.assert_allclose(box.back(np.array([[-500.0, -500, 900, 900]])), [[0, 0, width, height]])


def test_letterbox_shows_the_photo_where_it_says():
    image = np.zeros((100, 300, 3), np.uint8)
    image[40:60, 90:150] = 255
    box = Letterbox.of(100, 300)
    square = box.fill(image)
    assert square.shape == (416, 416, 3)
    rows, columns = np.where(square[..., 0] > 127)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], float)
    np.testing.assert_allclose(box.back(seen), [[90, 40, 150, 60]], atol=0.75)
    assert not square[: box.place[1]].any()


def outputs_with(cells, place, number, score, sides):
    """The six outputs with one certain cell: its class score, and its four sides as sharp distributions, in cells."""
    outputs = {}
    for n in (52, 26, 13):
        scores, distances = np.full((1, n * n, 80), 0.01, np.float32), np.zeros((1, n * n, 44), np.float32)
        if n == cells:
            scores[0, place, number] = score
            distances[0, place] = -50
            for side, whole in enumerate(sides):
                distances[0, place, 11 * side + whole] = 50
        outputs |= {f"s{n}": scores, f"d{n}": distances}
    return outputs


@pytest.mark.parametrize("cells, stride", [(52, 8), (26, 16), (13, 32)])
def test_decoding_a_cell(cells, stride):
    row, column = 4, 7
    found = decode(outputs_with(cells, row * cells + column, 2, 0.9, (1, 2, 3, 10)), 0.4)
    x, y = (column + 0.5) * stride, (row + 0.5) * stride
    np.testing.assert_allclose(found.boxes, [[x - stride, y - 2 * stride, x + 3 * stride, y + 10 * stride]], rtol=1e-6)
    assert found.names == ["car"] and found.scores == pytest.approx([0.9])


def test_decoding_takes_the_mean_of_the_distribution():
    outputs = outputs_with(13, 0, 0, 0.8, (0, 0, 0, 0))
    logits = np.random.default_rng(0).normal(size=(4, 11)).astype(np.float32)
    outputs["d13"][0, 0] = logits.ravel()
    means = [sum(k * np.exp(p) for k, p in enumerate(side)) / sum(np.exp(p) for p in side) for side in logits.astype(float)]
    signs = (-1, -1, 1, 1)
    expected = [16 + sign * 32 * mean for sign, mean in zip(signs, means, strict=True)]
    np.testing.assert_allclose(decode(outputs, 0.4).boxes[0], expected, rtol=1e-5)


def test_the_best_come_first_and_unsure_ones_not_at_all():
    outputs = outputs_with(26, 3, 5, 0.5, (1, 1, 1, 1))
    outputs["s52"][0, 9, 7] = 0.7
    assert decode(outputs, 0.4).names == ["truck", "bus"]
    assert decode(outputs, 0.6).names == ["truck"]
    assert len(decode(outputs, 0.8)) == 0


def test_wrong_images_and_absent_weights(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="need uint8 RGB, got float"):
        detect(np.zeros((20, 20, 3)))
    with pytest.raises(ValueError, match="need uint8 RGB"):
        detect(np.zeros((20, 20), np.uint8))
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    detection.detector.cache_clear()
    with pytest.raises(FileNotFoundError, match="nanodet.json.*human-models"):
        detect(np.zeros((20, 20, 3), np.uint8))
    detection.detector.cache_clear()


def test_coco_has_eighty_classes():
    assert len(set(COCO)) == 80 and COCO.index("dining table") == 60


@pytest.mark.data
@pytest.mark.parametrize("name, seen, inside", [
    ("skimage/astronaut.png", "person", (180, 100)), ("skimage/chelsea.png", "cat", (220, 150)),
    ("skimage/motorcycle_left.png", "motorcycle", (370, 250)),
])  # fmt: skip
def test_photos_show_what_they_show(name, seen, inside):
    found = detect(photos.load_photo(name))
    assert found.names == [seen]
    (left, top, right, bottom), (x, y) = found.boxes[0], inside
    assert left < x < right and top < y < bottom


@pytest.mark.data
def test_a_shifted_photo_shifts_its_boxes():
    photo = photos.load_photo("skimage/astronaut.png")
    wide = np.zeros((512, 700, 3), np.uint8)
    wide[:, 150:662] = photo
    one, other = detect(photo).boxes[0], detect(wide).boxes[0]
    assert np.abs(other - [150, 0, 150, 0] - one).max() < 25
    assert len(detect(np.zeros((512, 512, 3), np.uint8))) == 0
