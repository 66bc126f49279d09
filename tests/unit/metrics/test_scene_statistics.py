"""Scene statistics against their definitions, pixel by pixel, and against distributions of known parameters."""

import math

import numpy as np
import pytest
from scipy.stats import gennorm

from rainmer_lib.metrics.scene_statistics import fit_aggd, fit_ggd, grey, half_size, normalise, paired_products

SHAPES = [0.2 + 0.001 * i for i in range(9801)]


def test_grey_is_matlabs_rounded():
    image = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    yiq = np.linalg.inv([[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.106, 1.703]])[0]
    for (i, j), value in np.ndenumerate(grey(image)):
        assert value == math.floor(sum(w * int(p) for w, p in zip(yiq, image[i, j], strict=True)) + 0.5)
    assert np.array_equal(grey(image[..., 0]), image[..., 0]) and grey(image[..., 0]).dtype == np.float64


@pytest.mark.parametrize("shape", [(8, 8, 4), (8, 8, 1), (8,), (2, 8, 8, 3), (0, 8, 3)])
def test_grey_names_a_wrong_shape(shape):
    with pytest.raises(ValueError, match=r"need a uint8 image.*uint8 \(" + str(shape[0])):
        grey(np.zeros(shape, np.uint8))


def test_grey_names_a_wrong_type():
    with pytest.raises(ValueError, match="got float64"):
        grey(np.zeros((8, 8, 3)))


def cubic(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def slow_half(row):
    """MATLAB's imresize(row, 0.5) of a list: contributions() with its kernel stretched, indices mirrored at the ends."""
    size, width, out = len(row), 8, []
    mirror = [*range(size), *reversed(range(size))]
    for k in range(1, math.ceil(size / 2) + 1):
        u = k / 0.5 + 0.5 * (1 - 1 / 0.5)
        left = math.floor(u - width / 2)
        indices = range(left, left + width + 2)
        weights = [0.5 * cubic(0.5 * (u - i)) for i in indices]
        values = [row[mirror[(i - 1) % (2 * size)]] for i in indices]
        out.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights))
    return out


@pytest.mark.parametrize("shape", [(12, 10), (13, 9), (5, 3), (1, 2)])
def test_half_size_is_matlabs(shape):
    plane = np.random.default_rng(1).random(shape) * 255
    slow = np.array([slow_half(list(column)) for column in plane.T]).T
    slow = np.array([slow_half(list(row)) for row in slow])
    assert half_size(plane).shape == slow.shape
    np.testing.assert_allclose(half_size(plane), slow, rtol=0, atol=1e-11)


@pytest.mark.parametrize("border", ["nearest", "constant"])
def test_normalise_equals_the_definition(border):
    plane = np.random.default_rng(2).integers(0, 256, (9, 12)).astype(float)
    height, width = plane.shape
    window = {(k, m): math.exp(-(k * k + m * m) / (2 * (7 / 6) ** 2)) for k in range(-3, 4) for m in range(-3, 4)}
    total = sum(window.values())
    coefficients, deviation = normalise(plane, border)
    for i in range(height):
        for j in range(width):
            mean = square = 0.0
            for (k, m), w in window.items():
                if border == "nearest":
                    value = plane[min(max(i + k, 0), height - 1), min(max(j + m, 0), width - 1)]
                else:
                    value = plane[i + k, j + m] if 0 <= i + k < height and 0 <= j + m < width else 0.0
                mean, square = mean + w / total * value, square + w / total * value**2
            sigma = math.sqrt(abs(square - mean * mean))
            assert deviation[i, j] == pytest.approx(sigma, abs=1e-9)
            assert coefficients[i, j] == pytest.approx((plane[i, j] - mean) / (sigma + 1), abs=1e-9)


def test_flat_windows_give_zero_exactly_at_both_scales():
    """For every grey level, also inside an image that is not flat: rounding has no sign to count."""
    for level in range(256):
        plane = np.full((40, 44), float(level))
        plane[:, 30:] = 255 - level
        for current, inside in ((plane, 26), (half_size(plane), 10)):
            coefficients, _ = normalise(current, "nearest")
            assert not coefficients[:, :inside].any(), level
            assert coefficients[:, inside:].any()


def test_a_step_of_one_level_is_not_taken_for_flat():
    plane = np.full((30, 30), 200.0)
    plane[15, 15] += 1
    assert (normalise(plane, "nearest")[0] != 0).sum() == 49
    assert (normalise(half_size(plane), "nearest")[0] != 0).sum() >= 49


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (1, 1), (1, -1), (-1, 1)])
def test_paired_products_go_around_the_edge(shift):
    stack = np.random.default_rng(3).normal(size=(2, 4, 5))
    products = paired_products(stack, shift)
    for n, i, j in np.ndindex(stack.shape):
        assert products[n, i, j] == stack[n, i, j] * stack[n, (i - shift[0]) % 4, (j - shift[1]) % 5]


def slow_shape(wanted, ratio):
    return min(SHAPES, key=lambda a: abs(ratio(a) - wanted))


def symmetric(a):
    return math.gamma(1 / a) * math.gamma(3 / a) / math.gamma(2 / a) ** 2


@pytest.mark.parametrize("shape", [0.7, 1.3, 2.0, 4.0])
def test_fit_ggd_equals_the_definition_and_recovers(shape):
    values = gennorm.rvs(shape, scale=1.7, size=200_000, random_state=4)
    fitted, variance = fit_ggd(values)
    assert fitted == pytest.approx(shape, rel=0.03)
    assert variance == pytest.approx(gennorm.var(shape, scale=1.7), rel=0.02)
    few = [float(v) for v in values[:50]]
    wanted = (sum(v * v for v in few) / 50) / (sum(map(abs, few)) / 50) ** 2
    assert fit_ggd(values[:50])[0] == pytest.approx(slow_shape(wanted, symmetric), abs=1e-9)


@pytest.mark.parametrize(("shape", "left", "right"), [(0.6, 1.0, 2.0), (1.0, 3.0, 1.0), (2.0, 1.0, 1.5), (3.0, 0.2, 0.2)])
def test_fit_aggd_equals_the_definition_and_recovers(shape, left, right):
    """A draw is negative with probability left / (left + right), of that side's scale."""
    rng = np.random.default_rng(5)
    negative = rng.random(400_000) < left / (left + right)
    values = np.abs(gennorm.rvs(shape, size=negative.size, random_state=6)) * np.where(negative, -left, right)
    fitted = fit_aggd(values)
    spread = math.sqrt(math.gamma(3 / shape) / math.gamma(1 / shape))
    assert fitted == pytest.approx((shape, left * spread, right * spread), rel=0.03)

    few = [float(v) for v in values[:60]]
    below, above = [v * v for v in few if v < 0], [v * v for v in few if v > 0]
    l, r = math.sqrt(sum(below) / len(below)), math.sqrt(sum(above) / len(above))  # noqa: E741
    g = l / r
    wanted = (sum(map(abs, few)) / 60) ** 2 / (sum(v * v for v in few) / 60) * (g**3 + 1) * (g + 1) / (g * g + 1) ** 2
    slow = slow_shape(wanted, lambda a: 1 / symmetric(a)), l, r
    assert fit_aggd(values[:60]) == pytest.approx(slow, abs=1e-9)


def test_fits_take_the_last_axis_and_stay_inside_the_grid():
    stack = np.random.default_rng(7).normal(size=(3, 500))
    stack[1] = np.sign(stack[1])  # flatter than any shape up to 10
    stack[2, :498], stack[2, 498:] = 1e-9, (-50.0, 50.0)  # more peaked than any shape from 0.2
    for fit in (fit_ggd, fit_aggd):
        together = np.array(fit(stack))
        assert np.array_equal(together, np.array([fit(row) for row in stack]).T)
        assert together[0, 1] == pytest.approx(10) and together[0, 2] == pytest.approx(0.2)


def test_undefined_statistics_are_nan_without_a_warning(recwarn):
    assert np.isnan(fit_ggd(np.zeros(9))[0])
    for values in (np.zeros(9), np.arange(9.0), -np.arange(9.0)):
        assert np.isnan(fit_aggd(values)[0])
    assert not recwarn
