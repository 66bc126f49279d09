"""The same photos under another rain: no pair, no foreign photo, the rain asked for."""

import numpy as np
import pytest

from rainmer_lib.data.rain_domains import rain_domain
from rainmer_lib.data.synthetic_rain import render


@pytest.mark.slow
def test_photos_stay_and_rain_changes(on_photos):
    domain = rain_domain(on_photos, "rain100h")
    assert domain.clean_photos is on_photos.clean_photos and len(domain.rainy_photos) == len(on_photos.rainy_photos)
    expected = (255 * render(on_photos.rainy_photos[1] / 255, "rain100h", 1)[0]).round().astype(np.uint8)
    assert np.array_equal(domain.rainy_photos[1], expected)
    for old, new in zip(on_photos.held_out, domain.held_out, strict=True):
        assert np.array_equal(old.clean, new.clean) and not np.array_equal(old.rainy, new.rainy)
    rains = [(pair.rainy.astype(int) - pair.clean).tobytes() for pair in domain.held_out]
    assert len(set(rains)) == len(rains), "two images under one rain"
    assert len({domain.fingerprint, on_photos.fingerprint, rain_domain(on_photos, "rain12").fingerprint}) == 3


def test_a_batch_adds_no_second_rain(on_photos):
    """Each crop is a window of a rendered photo, mirrored or not, to the last bit."""
    domain = rain_domain(on_photos, "rain100h")
    rainy, _ = domain.batch(0, 1, 32, 0)
    crop = (255 * rainy[0].permute(1, 2, 0).numpy()).round().astype(np.uint8)
    found = 0
    for photo in (p[:, ::side] for p in domain.rainy_photos for side in (1, -1)):
        inner = photo[: 1 - 32, : 1 - 32]
        for y, x in np.argwhere((inner == crop[0, 0]).all(axis=-1)):
            found += np.array_equal(photo[y : y + 32, x : x + 32], crop)
    assert found == 1


def test_unknown_preset(on_photos):
    with pytest.raises(ValueError, match="choose one of rain100l"):
        rain_domain(on_photos, "hail")
