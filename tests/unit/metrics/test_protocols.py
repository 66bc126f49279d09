"""Protocols against their definitions, pixel by pixel, and against each other."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate, evaluate_all, quantise, shrink

VECTORS = json.loads((Path(__file__).parent / "protocol_vectors.json").read_text())
PRINTED = ("prenet", "mprnet", "rgb")


def pair(height=24, width=30, seed=0):
    rng = np.random.default_rng(seed)
    clean = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    noisy = np.clip(clean + rng.normal(0, 12, clean.shape), 0, 255).astype(np.uint8)
    return noisy, clean


def vector(kind, height, width):
    """The pairs of protocol_vectors.m."""
    y, x, c = np.ogrid[:height, :width, :3]
    clean = (7 * y + 3 * x + 31 * c) % 97 + (y * x // 50) % 80 + 60 * y // height
    rain = 45 * ((3 * x + y) % 23 < 2) + (x * y + c) % 7
    rainy = clean + rain * (kind == "rain")
    if kind == "constant":
        clean = np.broadcast_to(100 + 10 * c, (height, width, 3))
        rainy = clean - 10
    return np.minimum(rainy, 255).astype(np.uint8), clean.astype(np.uint8)


@pytest.mark.parametrize("case", VECTORS, ids=lambda v: f"{v['kind']}-{v['height']}x{v['width']}")
def test_values_stored_from_the_matlab_functions(case):
    """Odd sizes, shrink factors 2, 3 and 4, identical and constant images; 1e-6 dB asked, 1e-9 met."""
    rainy, clean = vector(case["kind"], case["height"], case["width"])
    found = [value for name in PRINTED for value in evaluate(rainy, clean, name)]
    assert found == pytest.approx(case["values"], abs=1e-9)


def slow_y(pixel, name):
    r, g, b = pixel
    if name == "rainmer":
        return 0.256789 * r + 0.504129 * g + 0.097906 * b + 16
    if name == "y_fullrange":
        return 0.299 * r + 0.587 * g + 0.114 * b
    return 65.481 * r / 255 + 128.553 * g / 255 + 24.966 * b / 255 + 16


def slow_psnr(a, b, protocol):
    errors = []
    for p, q in zip(a.reshape(-1, 3).astype(float), b.reshape(-1, 3).astype(float), strict=True):
        if protocol == "rgb":
            errors += [(p[c] - q[c]) ** 2 for c in range(3)]
        else:
            y, z = slow_y(p, protocol), slow_y(q, protocol)
            errors.append((math.floor(y + 0.5) - math.floor(z + 0.5)) ** 2 if protocol == "mprnet" else (y - z) ** 2)
    return 10 * math.log10(255**2 / (sum(errors) / len(errors)))


def slow_ssim(a, b, shrink):
    """Wang et al. 2004, window by window; the shrink of the 2009 script."""
    factor = max(1, math.floor(min(a.shape) / 256 + 0.5))
    if shrink and factor > 1:
        a, b = slow_shrink(a, factor), slow_shrink(b, factor)
    offsets = range(-5, 6)
    window = np.array([[math.exp(-(y * y + x * x) / (2 * 1.5**2)) for x in offsets] for y in offsets])
    window /= window.sum()
    c1, c2, values = (0.01 * 255) ** 2, (0.03 * 255) ** 2, []
    for i in range(a.shape[0] - 10):
        for j in range(a.shape[1] - 10):
            p, q = a[i : i + 11, j : j + 11], b[i : i + 11, j : j + 11]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * p * p).sum() - mp**2, (window * q * q).sum() - mq**2
            cov = (window * p * q).sum() - mp * mq
            values.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
    return sum(values) / len(values)


def slow_shrink(plane, f):
    """MATLAB: imfilter(plane, ones(f)/f^2, 'symmetric') then (1:f:end, 1:f:end); the window's origin is floor((f+1)/2)."""
    h, w = plane.shape

    def mirrored(i, size):
        return -i - 1 if i < 0 else 2 * size - 1 - i if i >= size else i

    start = 1 - math.floor((f + 1) / 2)
    return np.array([
        [sum(plane[mirrored(y + u, h), mirrored(x + v, w)] for u in range(start, start + f) for v in range(start, start + f))
         / f**2 for x in range(0, w, f)]
        for y in range(0, h, f)
    ])  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_psnr_equals_the_definition(protocol):
    noisy, clean = pair()
    assert evaluate(noisy, clean, protocol)[0] == pytest.approx(slow_psnr(noisy, clean, protocol), abs=1e-9)


def test_ssim_equals_the_definition():
    noisy, clean = pair(13, 15)
    y = [np.apply_along_axis(slow_y, 2, image.astype(float), "prenet") for image in (noisy, clean)]
    assert evaluate(noisy, clean, "prenet")[1] == pytest.approx(slow_ssim(*y, True), abs=1e-9)
    assert evaluate(noisy, clean, "mprnet")[1] == pytest.approx(slow_ssim(*(np.floor(p + 0.5) for p in y), False), abs=1e-9)


@pytest.mark.parametrize(("side", "factor"), [(384, 2), (640, 3)])
def test_the_shrink_is_matlabs(side, factor):
    """Short sides of 384 (f = 2) and 640 (f = 3, not 2: MATLAB rounds 2.5 up), seen at the upper left corner."""
    plane = np.random.default_rng(0).random((side, side + 5)) * 255
    chosen = PROTOCOLS["prenet"]
    assert chosen.shrink_factor(*plane.shape) == factor
    size = 12 * factor  # the corner has its own borders at the top and at the left only
    assert np.allclose(shrink(plane, chosen)[:11, :11], slow_shrink(plane[:size, :size], factor)[:11, :11])


def test_the_shrink_of_rainmer_pools_and_rounds_to_even():
    chosen, plane = PROTOCOLS["rainmer"], np.arange(640.0 * 641).reshape(640, 641)
    assert chosen.shrink_factor(640, 641) == 2 and chosen.shrink_factor(641, 900) == 3
    small = shrink(plane, chosen)
    assert small.shape == (320, 320) and small[3, 5] == plane[6:8, 10:12].mean()


def test_the_shrink_applies_from_384_on_and_only_where_it_should():
    rng = np.random.default_rng(1)
    for side, differs in ((383, False), (384, True)):
        a = rng.random((side, side)) * 255
        for name in PROTOCOLS:
            changed = shrink(a, PROTOCOLS[name]).shape != a.shape
            assert changed == (differs and name in ("prenet", "rainmer"))


def test_constants_known_in_closed_form():
    grey, darker = np.full((16, 16, 3), 100, np.uint8), np.full((16, 16, 3), 90, np.uint8)
    assert evaluate(darker, grey, "rgb")[0] == pytest.approx(20 * math.log10(255 / 10))
    studio = 10 * 219 / 255  # Y has 219 levels: the same grey error is smaller on it
    assert evaluate(darker, grey, "prenet")[0] == pytest.approx(20 * math.log10(255 / studio))
    assert evaluate(grey, grey, "prenet") == (float("inf"), pytest.approx(1))


def test_truncation_and_rounding():
    x = np.array([[[0.999, 1.2, -0.3]]])
    assert quantise(x, "truncate").tolist() == [[[254, 255, 0]]] and quantise(x, "round").tolist() == [[[255, 255, 0]]]
    assert quantise(x, "none").tolist() == [[[pytest.approx(254.745), 255, 0]]]
    image = np.full((12, 12, 3), 100.7 / 255)
    assert evaluate(image, np.full((12, 12, 3), 100, np.uint8), "rainmer")[0] == pytest.approx(
        20 * math.log10(255 / (0.7 * 0.858824)), abs=1e-4
    )
    assert evaluate(image, np.full((12, 12, 3), 101, np.uint8), "mprnet")[0] == float("inf")
    assert evaluate(image, np.full((12, 12, 3), 100, np.uint8), "prenet")[0] == float("inf")


def test_messages():
    noisy, clean = pair()
    with pytest.raises(ValueError, match="prenet, mprnet, rgb, rainmer, y_fullrange"):
        evaluate(noisy, clean, "matlab")
    with pytest.raises(ValueError, match="one size"):
        evaluate(noisy[:-1], clean, "rgb")
    with pytest.raises(ValueError, match="8-bit"):
        evaluate(noisy.astype(int), clean, "rgb")
    with pytest.raises(ValueError, match="not finite"):
        evaluate(np.full(clean.shape, np.nan), clean, "rgb")


def test_an_output_of_another_scale_is_refused_and_one_slightly_beyond_is_clipped():
    """An 8-bit image in floats, or one in [-1, 1], would be clipped to black and white, and scored without a word."""
    noisy, clean = pair()
    for wrong in (noisy.astype(np.float32), noisy.astype(float), noisy / 127.5 - 1):
        with pytest.raises(ValueError, match=r"expected an output in \[0, 1\], found values from .* to .*: scale it"):
            evaluate(wrong, clean, "rgb")
    beyond = 1.8 * noisy / 255 - 0.4
    assert evaluate(beyond, clean, "rgb") == evaluate(np.clip(beyond, 0, 1), clean, "rgb")


def test_one_call_evaluates_under_all():
    noisy, clean = pair()
    assert evaluate_all(noisy, clean) == {name: evaluate(noisy, clean, name) for name in PROTOCOLS}


def test_the_range_of_y_is_worth_more_than_a_decibel():
    """Grey errors: exactly 20 log10(255 / 219) between full range and studio range."""
    grey, other = np.full((16, 16, 3), 120, np.uint8), np.full((16, 16, 3), 131, np.uint8)
    gain = evaluate(other, grey, "prenet")[0] - evaluate(other, grey, "y_fullrange")[0]
    assert gain == pytest.approx(20 * math.log10(255 / 219))


@pytest.mark.data
def test_the_input_rows_of_the_benchmarks():
    """Input PSNR of Rain100L and Rain12 under prenet, as their users quote them."""
    from rainmer_lib.data.test_sets import benchmark_pairs

    for name, psnr, similarity in (("rain100l", 26.90, 0.8384), ("rain12", 30.14, 0.8554)):
        scores = np.mean([evaluate(p.rainy, p.clean, "prenet") for p in benchmark_pairs(name)], axis=0)
        assert scores[0] == pytest.approx(psnr, abs=0.006) and scores[1] == pytest.approx(similarity, abs=6e-5)
