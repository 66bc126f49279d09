"""Batches: which field is what, on their way to the trainer and to a device."""

import numpy as np
import pytest
import torch

from rainmer_lib.data.batches import Batch, PairedBatch, to_device
from rainmer_lib.data.paired import PairedRain
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain


def test_fields_in_order():
    assert Batch._fields == ("rainy", "clean")
    assert PairedBatch._fields == ("rainy", "clean", "rainy_whole", "clean_whole")


@pytest.mark.parametrize("kind", [Batch, PairedBatch])
def test_a_batch_on_a_device_keeps_kind_and_fields(kind):
    """`meta` is a device that every machine has."""
    batch = kind(*(torch.full((2, 3, 4, 4), float(i)) for i in range(len(kind._fields))))
    moved = to_device(batch, "meta")
    assert type(moved) is kind and all(images.device.type == "meta" and images.shape == (2, 3, 4, 4) for images in moved)
    assert batch.rainy.device.type == "cpu"
    same = to_device(batch, torch.device("cpu"))
    assert type(same) is kind and all(torch.equal(a, b) for a, b in zip(batch, same, strict=True))


def flat(level):
    return np.full((40, 40, 3), level, np.uint8)


def test_unpaired_data_name_what_is_rainy_and_what_is_clean():
    """Photos of 50 are rained on, those of 200 are clean; a pair is of the former alone."""
    data = UnpairedRain("flat", [flat(50)], [flat(200)], [np.full((40, 40), 10, np.uint8)], [], "")
    batch, pairs = data.batch(0, 3, 32, 0), data.paired_batch(0, 3, 32, 0)
    assert type(batch) is type(pairs) is Batch
    for images in (*batch, *pairs):
        assert images.shape == (3, 3, 32, 32) and images.dtype == torch.float32
    assert (batch.clean == 200 / 255).all() and (pairs.clean == 50 / 255).all()
    for rainy in (batch.rainy, pairs.rainy):
        assert ((rainy > 50 / 255) & (rainy < 100 / 255)).all()


def test_paired_data_name_crops_and_wholes():
    pair = Pair("flat", flat(90), flat(60))
    batch = PairedRain("day", [pair], "", [], view=16).batch(0, 2, 24, 0)
    assert type(batch) is PairedBatch
    assert [images.shape for images in batch] == [(2, 3, 24, 24)] * 2 + [(2, 3, 16, 16)] * 2
    means = [round(255 * images.mean().item()) for images in batch]
    assert means == [90, 60, 90, 60]
