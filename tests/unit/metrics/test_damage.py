"""Measures of damage: answers by hand, and against slow loops over the pixels."""

import math

import numpy as np
import pytest

from rainmer_lib.metrics.damage import MEASURES, damage, dry_psnr, ghosts, rain_left, ribs, tint


def grey(rows):
    """A grey image, uint8 (h, w, 3), of rows of levels."""
    return np.repeat(np.array(rows, dtype=np.uint8)[..., None], 3, axis=2)


@pytest.fixture
def scene():
    """A rainy and a clean image of noise, and an output that is neither; some rain is saturated."""
    rng = np.random.default_rng(3)
    clean = rng.integers(40, 230, (23, 17, 3), dtype=np.uint8)
    streaks = np.where(rng.random((23, 17, 1)) < 0.4, rng.integers(0, 120, (23, 17, 1)), 0)
    rainy = np.clip(clean.astype(int) + streaks, 0, 255).astype(np.uint8)
    output = np.clip(clean / 255 + 0.3 * streaks / 255 + rng.normal(0, 0.15, clean.shape), 0, 1)
    return output, rainy, clean


def means_of(pixel):
    return sum(float(value) for value in pixel) / 3


def pixels(output, rainy, clean):
    """(rain, error, mean modulus of the error, saturated) of each pixel, by hand."""
    for row in range(clean.shape[0]):
        for column in range(clean.shape[1]):
            o, r, c = ([float(v) for v in image[row, column]] for image in (255 * output, rainy, clean))
            errors = [a - b for a, b in zip(o, c, strict=True)]
            yield means_of(r) - means_of(c), sum(errors) / 3, sum(map(abs, errors)) / 3, max(r) == 255


def test_rain_left_by_hand():
    """Rain 0, 10, 20: half of it left gives one half, whatever is added to every pixel; nothing left gives 0, all 1."""
    clean, rainy = grey([[50, 50, 50]]), grey([[50, 60, 70]])
    assert rain_left(grey([[50, 55, 60]]) / 255, rainy, clean) == pytest.approx(0.5)
    assert rain_left(grey([[57, 62, 67]]) / 255, rainy, clean) == pytest.approx(0.5), "a change of brightness is not rain"
    assert rain_left(clean / 255, rainy, clean) == pytest.approx(0, abs=1e-12)
    assert rain_left(rainy / 255, rainy, clean) == pytest.approx(1)
    assert rain_left(grey([[50, 45, 40]]) / 255, rainy, clean) == pytest.approx(-0.5), "more than the rain was removed"
    assert rain_left(grey([[50, 59, 50]]) / 255, rainy, clean) == pytest.approx(0, abs=1e-12), "an error that is no rain"


def test_rain_is_the_mean_over_the_channels():
    """Red rain of 30 and 60 levels is grey rain of 10 and 20; 3 levels of error in each channel are not."""
    clean = grey([[50, 50, 50]])
    rainy, output = clean.copy(), clean / 255
    rainy[0, 1:, 0] += np.array([30, 60], dtype=np.uint8)
    output[0, 1] += 2 / 255
    output[0, 2] += 4 / 255
    assert rain_left(output, rainy, clean) == pytest.approx(0.2)


def test_rain_left_against_a_loop(scene):
    found = list(pixels(*scene))
    rain, error = [p[0] for p in found], [p[1] for p in found]
    mean = sum(rain) / len(rain)
    slope = sum((r - mean) * e for r, e in zip(rain, error, strict=True)) / sum((r - mean) ** 2 for r in rain)
    assert rain_left(*scene) == pytest.approx(slope) and 0.1 < slope < 0.6
    assert rain_left(*scene) == pytest.approx(np.polyfit(rain, error, 1)[0])


def test_no_rain_has_no_share_left():
    clean = np.random.default_rng(0).integers(0, 200, (5, 7, 3), dtype=np.uint8)
    everywhere = clean + np.array([1, 0, 0], dtype=np.uint8)  # a third of a level, whose mean is not exactly that
    assert math.isnan(rain_left(clean / 255, clean, clean)) and math.isnan(rain_left(clean / 255 * 0.9, everywhere, clean))


def test_dry_psnr_by_hand():
    """One channel of two pixels is off by 6 levels: a mean square of 6."""
    photo = grey([[100, 120]])
    output = photo / 255
    assert dry_psnr(output, photo) == math.inf
    output[0, 1, 2] += 6 / 255
    assert dry_psnr(output, photo) == pytest.approx(10 * math.log10(255**2 / 6))
    output[0, 1, 2] = (120 + 0.3) / 255
    assert dry_psnr(output, photo) == pytest.approx(10 * math.log10(255**2 / (0.09 / 6)), rel=1e-6), "not rounded"


def test_tint_by_hand():
    """Mean changes of +3, +1 and -2 levels: a tint of 5; of +4 in each channel: none."""
    photo = grey([[100, 120], [50, 60]])
    changed = photo.astype(float)
    changed += (3, 1, -2)
    changed[0, 0] += 8  # alike in all channels
    assert tint(changed / 255, photo) == pytest.approx(5)
    assert tint((photo + 4.0) / 255, photo) == pytest.approx(0, abs=1e-9)
    changed = photo.astype(float)
    changed[0, 0, 0] += 6
    changed[1, 1, 0] -= 6
    assert tint(changed / 255, photo) == pytest.approx(0, abs=1e-9), "the mean over the photo counts"


def test_ribs_by_hand():
    """Four pixels of more than 12 levels of rain, one of them more than 8 levels too dark; dry pixels do not count."""
    clean = grey([[100, 100, 100, 100, 100, 100]])
    rainy = grey([[113, 130, 150, 200, 112, 100]])
    output = grey([[92, 91, 150, 100, 50, 50]]) / 255
    assert ribs(output, rainy, clean) == pytest.approx(1 / 4), "8 levels are not more than 8, 12 not more than 12"
    assert ribs(rainy / 255, rainy, clean) == 0
    assert math.isnan(ribs(output, clean, clean))


def test_ribs_against_a_loop(scene):
    dark = [error < -8 for rain, error, _, _ in pixels(*scene) if rain > 12]
    assert 0 < sum(dark) < len(dark) and ribs(*scene) == pytest.approx(sum(dark) / len(dark))


def test_ghosts_by_hand():
    """Of the five, two pixels are saturated under rain: errors of 20 and of (30, 0, 0), hence 15 levels on average."""
    clean = grey([[200, 210, 250, 100, 255]])
    rainy = grey([[255, 210, 255, 150, 255]])
    rainy[0, 1] = (255, 250, 250)  # one channel is enough
    output = clean / 255
    output[0, 0] -= 20 / 255
    output[0, 1, 0] += 30 / 255
    output[0, 2:] -= 0.3  # too little rain; no channel at 255; no rain at all
    assert ghosts(output, rainy, clean) == pytest.approx((20 + 10) / 2)
    assert math.isnan(ghosts(output, clean, clean))


def test_ghosts_against_a_loop(scene):
    found = [distance for rain, _, distance, saturated in pixels(*scene) if saturated and rain > 12]
    assert len(found) > 5 and ghosts(*scene) == pytest.approx(sum(found) / len(found))


def test_all_measures_at_once_take_each_output_for_its_own(scene):
    output, rainy, clean = scene
    dry = np.clip(clean / 255 + 0.01, 0, 1).astype(np.float32)
    found = damage(output, dry, rainy, clean)
    assert tuple(found) == MEASURES
    assert found == {
        "rain_left": rain_left(output, rainy, clean), "dry_psnr": dry_psnr(dry, clean), "tint": tint(dry, clean),
        "ribs": ribs(output, rainy, clean), "ghosts": ghosts(output, rainy, clean),
        "ghosts_before": ghosts(rainy / 255, rainy, clean),
    }  # fmt: skip


@pytest.mark.parametrize("measure", [rain_left, ribs, ghosts])
def test_images_that_do_not_belong_together_are_refused(measure, scene):
    output, rainy, clean = scene
    for wrong, message in (
        ((output[:-1], rainy, clean), "of one size"), ((output, rainy[:-1], clean), "8-bit rainy image"),
        ((output, rainy / 255, clean), "8-bit rainy image"), ((rainy, rainy, clean), "floats in"),
        ((output, rainy, clean / 255), "floats in"), ((np.full_like(output, np.nan), rainy, clean), "not finite"),
        ((output[..., 0], rainy[..., 0], clean[..., 0]), "RGB"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            measure(*wrong)


@pytest.mark.parametrize("measure", [dry_psnr, tint])
def test_a_dry_photo_of_another_size_or_type_is_refused(measure, scene):
    output, _, clean = scene
    for wrong, message in (((output[:, :-1], clean), "of one size"), ((clean, clean), "floats in"),
                           ((np.full_like(output, np.inf), clean), "not finite")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            measure(*wrong)
