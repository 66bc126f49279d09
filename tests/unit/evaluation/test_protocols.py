"""Protocols against their definitions, pixel by pixel, and against each other."""

import math

import numpy as np
import pytest

from rainmer_lib.evaluation.protocols import PROTOCOLS, evaluate, luma, round_half_up, ssim, truncate


def pair(height=24, width=30, seed=0):
    rng = np.random.default_rng(seed)
    clean = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    noisy = np.clip(clean + rng.normal(0, 12, clean.shape), 0, 255).astype(np.uint8)
    return noisy, clean


def slow_y(pixel):
    return 65.481 * pixel[0] / 255 + 128.553 * pixel[1] / 255 + 24.966 * pixel[2] / 255 + 16


def slow_psnr(a, b, protocol):
    errors = []
    for p, q in zip(a.reshape(-1, 3).astype(float), b.reshape(-1, 3).astype(float), strict=True):
        if protocol == "rgb":
            errors += [(p[c] - q[c]) ** 2 for c in range(3)]
        else:
            y, z = slow_y(p), slow_y(q)
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
    planes = luma(noisy), luma(clean)
    assert evaluate(noisy, clean, "prenet")[1] == pytest.approx(slow_ssim(*planes, True), abs=1e-9)
    rounded = [np.floor(p + 0.5) for p in planes]
    assert evaluate(noisy, clean, "mprnet")[1] == pytest.approx(slow_ssim(*rounded, False), abs=1e-9)


@pytest.mark.parametrize(("height", "width"), [(384, 40), (385, 391), (640, 645)])
def test_the_shrink_is_matlabs(height, width):
    """Short sides of 384 (f = 2) and 640 (f = 3, not 2: MATLAB rounds 2.5 up), odd sizes."""
    rng = np.random.default_rng(0)
    plane = rng.random((max(height, 384), max(width, 384))) * 255
    from rainmer_lib.evaluation import protocols

    factor = int(min(plane.shape) / 256 + 0.5)
    assert factor == (3 if min(plane.shape) >= 640 else 2)
    part = plane[:32, :35]  # the slow loop over a corner: shrink it alone
    assert np.allclose(protocols._shrink(part, factor), slow_shrink(part, factor))


def test_the_shrink_applies_from_384_on_and_only_where_it_should():
    rng = np.random.default_rng(1)
    for side, differs in ((383, False), (384, True)):
        a = rng.random((side, side)) * 255
        b = np.clip(a + rng.normal(0, 25, a.shape), 0, 255)
        assert (ssim(a, b, shrink=True) != ssim(a, b, shrink=False)) == differs


def test_constants_known_in_closed_form():
    grey, darker = np.full((16, 16, 3), 100, np.uint8), np.full((16, 16, 3), 90, np.uint8)
    assert evaluate(darker, grey, "rgb")[0] == pytest.approx(20 * math.log10(255 / 10))
    studio = 10 * 219 / 255  # Y has 219 levels: the same grey error is smaller on it
    assert evaluate(darker, grey, "prenet")[0] == pytest.approx(20 * math.log10(255 / studio))
    assert evaluate(grey, grey, "prenet") == (float("inf"), pytest.approx(1))


def test_truncation_and_rounding():
    x = np.array([[[0.999, 1.2, -0.3]]])
    assert truncate(x).tolist() == [[[254, 255, 0]]] and round_half_up(x).tolist() == [[[255, 255, 0]]]
    image = np.full((12, 12, 3), 100.7 / 255)
    assert evaluate(image, np.full((12, 12, 3), 101, np.uint8), "mprnet")[0] == float("inf")
    assert evaluate(image, np.full((12, 12, 3), 100, np.uint8), "prenet")[0] == float("inf")


def test_messages():
    noisy, clean = pair()
    with pytest.raises(ValueError, match="prenet, mprnet, rgb"):
        evaluate(noisy, clean, "matlab")
    with pytest.raises(ValueError, match="one size"):
        evaluate(noisy[:-1], clean, "rgb")


@pytest.mark.data
def test_the_input_rows_of_the_benchmarks():
    """Input PSNR of Rain100L and Rain12 under prenet, as their users quote them."""
    from rainmer_lib.data.pairs import benchmark_pairs

    for name, psnr, similarity in (("rain100l", 26.90, 0.8384), ("rain12", 30.14, 0.8554)):
        scores = np.mean([evaluate(p.rainy, p.clean, "prenet") for p in benchmark_pairs(name)], axis=0)
        assert scores[0] == pytest.approx(psnr, abs=0.006) and scores[1] == pytest.approx(similarity, abs=6e-5)
