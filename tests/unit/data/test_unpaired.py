"""Unpaired sampling: disjoint photos, no test background in training, a batch is a function of its step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rainmer_lib.data import photos
from rainmer_lib.data.test_sets import BENCHMARKS, benchmark_pairs
from rainmer_lib.data.unpaired import SOURCES, unpaired
from rainmer_lib.data.unpaired_rain import compose


def test_embedded_photos_are_disjoint():
    parts = (photos.RAINY, photos.CLEAN, photos.HELD_OUT)
    assert len(set().union(*parts)) == sum(map(len, parts)) == 7


def test_a_batch_is_a_function_of_seed_and_step(on_photos):
    a, b = on_photos.batch(7, 2, 32, 0), on_photos.batch(7, 2, 32, 0)
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    for other in (on_photos.batch(8, 2, 32, 0), on_photos.batch(7, 2, 32, 1)):
        assert not torch.equal(a[0], other[0]) and not torch.equal(a[1], other[1])
    for images in a:
        assert images.shape == (2, 3, 32, 32) and 0 <= images.min() and images.max() <= 1


def test_rainy_crops_come_from_rainy_photos_and_clean_from_clean_ones(on_photos):
    flat = replace(
        on_photos, rainy_photos=[np.full((64, 64, 3), 10, np.uint8)], clean_photos=[np.full((64, 64, 3), 200, np.uint8)],
        layers=[np.full((64, 64), 100, np.uint8)],
    )  # fmt: skip
    rainy, clean = flat.batch(0, 4, 32, 0)
    assert (clean == 200 / 255).all()
    assert rainy.min() >= (10 + 50) / 255 and rainy.max() <= (10 + 150) / 255 + 1e-6


def test_a_crop_larger_than_a_photo_is_named(on_photos):
    with pytest.raises(ValueError, match="embedded: an image of .* is smaller than the crop of 600"):
        on_photos.batch(0, 1, 600, 0)


def test_composition_covers_photos_larger_than_their_layer():
    photo, layer = np.zeros((10, 4, 3), np.uint8), np.arange(8, dtype=np.uint8)[:, None].repeat(6, 1)
    assert compose(photo, layer, 1.0)[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 7, 6]


def test_unknown_and_missing_data(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=f"choose one of {', '.join(SOURCES)}"):
        unpaired("rain900")
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="set RAINMER_DATA.*data='embedded' needs no download"):
        unpaired("bsd-streaks")
    with pytest.raises(FileNotFoundError, match="Rain100L"):
        benchmark_pairs("rain100l")


def test_a_benchmark_with_a_missing_file_is_named(monkeypatch, tmp_path):
    from skimage.io import imsave

    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    for part, count in (("rain", 12), ("norain", 11)):
        (tmp_path / "Rain12" / part).mkdir(parents=True)
        for i in range(count):
            imsave(tmp_path / "Rain12" / part / f"rain-{i:03d}.png", np.zeros((8, 8, 3), np.uint8), check_contrast=False)
    with pytest.raises(ValueError, match="expected 12 pairs.*found 12 rainy and 11 clean; without a partner: rain-011.png"):
        benchmark_pairs("rain12")


def tiny(image):
    """A 12x12 grey thumbnail without its mean: equal photos stay equal under JPEG, a border row, a resampling."""
    from skimage.transform import resize

    small = resize(image.mean(axis=2), (12, 12), anti_aliasing=True)
    return ((small - small.mean()) / small.std()).ravel()


@pytest.mark.data
def test_no_photo_of_bsd_streaks_is_the_background_of_a_test_image():
    source = unpaired("bsd-streaks")
    assert (len(source.rainy_photos), len(source.clean_photos), len(source.held_out)) == (186, 187, 24)
    training = np.stack([tiny(p) for p in (*source.rainy_photos, *source.clean_photos)])
    tests = [tiny(pair.clean) for name in BENCHMARKS if name != "rain100h" for pair in benchmark_pairs(name)]
    likeness = np.stack(tests) @ training.T / 144
    assert likeness.max() < 0.97
    # the measure does see a leak: each of the training photos is like itself
    assert (training * training).sum(axis=1).min() / 144 > 0.99
    among = training[:186] @ training[186:].T / 144
    assert among.max() < 0.97, "a photo stands among the rainy and the clean ones"


@pytest.mark.data
def test_rain_of_bsd_streaks_is_like_that_of_rain100l():
    from rainmer_lib.data.synthetic_rain import residual_statistics

    def median(pairs):
        rows = [residual_statistics(p.rainy / 255, p.clean / 255) for p in pairs]
        return np.median([[row["psnr_y"], row["mean"]] for row in rows], axis=0)

    ours, theirs = median(unpaired("bsd-streaks").held_out), median(benchmark_pairs("rain100l"))
    assert abs(ours[0] - theirs[0]) < 1.5 and 0.8 < ours[1] / theirs[1] < 1.25


def test_paired_batches_differ_by_rain_alone(on_photos):
    rainy, clean = on_photos.paired_batch(3, 4, 32, 0)
    rain = rainy - clean
    assert rain.min() >= -1e-6 and rain.max() > 0.05
    grey = rain.amax(dim=1) - rain.amin(dim=1)
    unclipped = rainy.amax(dim=1) < 1
    assert grey[unclipped].max() < 1e-5, "grey streaks are the only difference"
    again = on_photos.paired_batch(3, 4, 32, 0)
    assert torch.equal(again[0], rainy) and not torch.equal(on_photos.paired_batch(4, 4, 32, 0)[0], rainy)
