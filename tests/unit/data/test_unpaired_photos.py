"""Photos as they are: crops of the two kinds, of pairs alike, from memory and from the disk the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from painted import folder, scene, under_rain

from rainmer_lib.data.own_folders import read_photo
from rainmer_lib.data.photo_files import PhotoFiles
from rainmer_lib.data.unpaired_photos import UnpairedPhotos
from rainmer_lib.data.varied_rain import varied


@pytest.fixture
def flat():
    """Rainy photos are 10 and 20, clean ones 200, their partners 110 and 120."""

    def photos(*values):
        return [np.full((40, 50, 3), value, np.uint8) for value in values]

    return UnpairedPhotos("flat", photos(10, 20), photos(200), [], [], "f", partners=photos(110, 120))


def test_each_kind_comes_from_its_own_photos(flat):
    rainy, clean = flat.batch(0, 8, 32, 0)
    assert set((255 * rainy).round().unique().tolist()) == {10, 20} and (clean == 200 / 255).all()
    assert rainy.shape == clean.shape == (8, 3, 32, 32)


def test_pairs_are_partners_at_one_location():
    rainy, clean = under_rain(scene(1), 1), scene(1)
    data = UnpairedPhotos("one", [rainy], [scene(2)], [], [], "f", partners=[clean])
    a, b = data.paired_batch(3, 6, 32, 0)
    rain = a - b
    assert rain.min() >= 0 and rain.max() > 0.1, "rain is all that differs"
    assert (rain.amax(1) - rain.amin(1))[a.amax(1) < 1].max() < 1e-5
    assert not torch.equal(data.batch(3, 6, 32, 0).clean, b)


def test_what_has_no_partners_says_what_to_do(flat):
    with pytest.raises(ValueError, match="no clean partners.*choose an unpaired method"):
        replace(flat, partners=()).paired_batch(0, 1, 32, 0)
    with pytest.raises(ValueError, match="differ in size, 50x40 and 51x40"):
        replace(flat, partners=[np.zeros((40, 51, 3), np.uint8)] * 2).paired_batch(0, 1, 32, 0)
    with pytest.raises(ValueError, match="rain of their own.*bsd-streaks"):
        varied(flat)


def test_a_photo_smaller_than_the_crop_is_mirrored(flat):
    small = replace(flat, rainy_photos=[scene(3, (20, 60))], flip=False)
    rainy, _ = small.batch(0, 1, 32, 0)
    crop = (255 * rainy[0]).round().permute(1, 2, 0).numpy()
    assert np.array_equal(crop[20:32], crop[8:20][::-1])


def test_a_batch_from_the_disk_is_that_from_memory(tmp_path):
    """Whatever fits, and however often it is asked for: a function of seed and step."""
    files = {path.name: path for path in sorted(folder(tmp_path, range(6), rainy=True).iterdir())}

    def data(memory):
        photos = PhotoFiles(files, read_photo, memory)
        return UnpairedPhotos("disk", photos, photos, [], [], "f", partners=photos)

    kept, read = data(10**9), data(20_000)
    list(kept.rainy_photos)
    for step in (0, 1, 2, 5, 1):
        for a, b in zip(kept.batch(step, 3, 32, 7), read.batch(step, 3, 32, 7), strict=True):
            assert torch.equal(a, b)
        for a, b in zip(kept.paired_batch(step, 3, 32, 7), read.paired_batch(step, 3, 32, 7), strict=True):
            assert torch.equal(a, b)
    assert not read.rainy_photos.in_memory and read.ahead._pool is not None and kept.ahead._pool is None
    assert not torch.equal(kept.batch(0, 3, 32, 7).rainy, kept.batch(0, 3, 32, 8).rainy)


def test_pairs_have_the_names_of_their_files(tmp_path):
    files = {path.name: path for path in sorted(folder(tmp_path, range(2)).iterdir())}
    photos = PhotoFiles(files, read_photo)
    data = UnpairedPhotos("named", photos, [], [], [], "f", partners=photos)
    assert [pair.name for pair in data.pairs] == ["0000.png", "0001.png"]
    assert replace(data, rainy_photos=[scene(0)], partners=[scene(0)]).pairs[0].name == "0"
