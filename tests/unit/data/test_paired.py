"""Paired batches: the same place in both images, a function of seed and step, drawn by the rule that is named."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.data.paired import MixedPairs, PairedRain, paired_sample
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.training import loop
from rainmer_lib.training.budget import Budget


def ramp(level, height=24, width=40):
    """A pair whose pixels tell their place: red is the row, green the column, blue the image; rain adds 1 to each."""
    clean = np.zeros((height, width, 3), np.uint8)
    clean[..., 0], clean[..., 1], clean[..., 2] = np.arange(height)[:, None], np.arange(width), level
    return Pair(f"ramp-{level}", clean + 1, clean)


@pytest.fixture
def domain():
    return PairedRain("day", [ramp(level) for level in range(0, 60, 10)], "abc", [ramp(200)], view=12)


def levels(images):
    return (images * 255).round().long()


def test_a_batch_is_a_function_of_seed_and_step(domain):
    for data in (domain, MixedPairs((domain, replace(domain, name="night")), view=12)):
        batch, again = data.batch(7, 3, 16, 0), data.batch(7, 3, 16, 0)
        assert isinstance(batch, PairedBatch)
        assert all(torch.equal(a, b) for a, b in zip(batch, again, strict=True))
        assert [tuple(images.shape) for images in batch] == [(3, 3, 16, 16)] * 2 + [(3, 3, 12, 12)] * 2
        for other in (data.batch(8, 3, 16, 0), data.batch(7, 3, 16, 1)):
            assert not any(torch.equal(a, b) for a, b in zip(batch, other, strict=True))
        assert all(images.dtype == torch.float32 and 0 <= images.min() and images.max() <= 1 for images in batch)


def test_crops_show_one_place_and_are_flipped_alike(domain):
    """The colours tell place and image: whatever the flip, rain is what was added, and the place is a whole window."""
    turned = Counter()
    for step in range(60):
        batch = domain.batch(step, 1, 16, 0)
        rainy, clean = levels(batch.rainy)[0], levels(batch.clean)[0]
        assert (rainy - clean == 1).all(), "both crops are at the same place, flipped alike"
        assert clean[2].unique().numel() == 1 and clean[2, 0, 0] == levels(batch.clean_whole)[0, 2, 0, 0]
        down, right = int(clean[0, 1, 0] - clean[0, 0, 0]), int(clean[1, 0, 1] - clean[1, 0, 0])
        turned[down, right] += 1
        top, left = int(clean[0].min()), int(clean[1].min())
        rows, columns = range(top, top + 16)[::down], range(left, left + 16)[::right]
        assert clean[0, :, 0].tolist() == list(rows) and clean[1, 0].tolist() == list(columns)
    assert set(turned) == {(1, 1), (-1, 1), (1, -1)}, "never both flips at once"
    assert 20 <= turned[1, 1] <= 40, "half of the crops are not flipped"


def test_flips_are_off_when_they_are_off(domain):
    still = replace(domain, flip=False)
    for step in range(20):
        clean = levels(still.batch(step, 1, 16, 0).clean)[0]
        assert clean[0, 1, 0] > clean[0, 0, 0] and clean[1, 0, 1] > clean[1, 0, 0]


def test_the_whole_image_is_bilinear_without_antialiasing():
    """The loop: the output pixel's centre in the input, and the four pixels around it."""
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 256, (31, 46, 3)).astype(np.uint8)
    whole = paired_sample(Pair("a", clean, clean), 8, 7, rng).clean_whole[0].numpy()
    for y in range(7):
        for x in range(7):
            row, column = (y + 0.5) * 31 / 7 - 0.5, (x + 0.5) * 46 / 7 - 0.5
            i, j, v, u = int(row), int(column), row % 1, column % 1
            around = clean[i : i + 2, j : j + 2].astype(float) / 255
            slow = (1 - v) * ((1 - u) * around[0, 0] + u * around[0, 1]) + v * ((1 - u) * around[1, 0] + u * around[1, 1])
            assert whole[:, y, x] == pytest.approx(slow, abs=1e-5)


def test_every_place_and_every_pair_is_drawn(domain):
    corners, pairs = set(), set()
    for step in range(400):
        clean = levels(replace(domain, flip=False).batch(step, 1, 22, 0).clean)[0]
        corners.add((int(clean[0, 0, 0]), int(clean[1, 0, 0])))
        pairs.add(int(clean[2, 0, 0]))
    assert {row for row, _ in corners} == {0, 1, 2} and {column for _, column in corners} == set(range(19))
    assert pairs == set(range(0, 60, 10))


@pytest.mark.parametrize(("sampling", "share"), [("images", 5 / 6), ("domains", 1 / 2)])
def test_sampling_is_by_images_or_by_domains(sampling, share):
    small, large = (PairedRain(name, [ramp(k)] * n, name) for name, k, n in (("day", 0, 4), ("night", 9, 20)))
    mixed = MixedPairs((small, large), sampling, view=4)
    drawn = [int(level) for step in range(20) for level in levels(mixed.batch(step, 30, 8, 0).clean)[:, 2, 0, 0]]
    assert Counter(drawn)[9] / 600 == pytest.approx(share, abs=0.06), "three standard deviations"


def test_counts_and_held_out_pairs_by_domain(domain):
    mixed = MixedPairs((domain, replace(domain, name="night", pairs=domain.pairs[:2])))
    assert mixed.summary() == {
        "day: pairs": 6, "day: held-out pairs": 1, "night: pairs": 2, "night: held-out pairs": 1,
    }  # fmt: skip
    assert {name: [pair.name for pair in held] for name, held in mixed.held_out.items()} == dict.fromkeys(
        ("day", "night"), ["ramp-200"]
    )
    assert domain.held_out.keys() == {"day"} and mixed.name == "day+night"


def test_a_subset_has_its_pairs_and_its_own_fingerprint(domain):
    some = domain.subset(np.array([4, 1]))
    assert [pair.name for pair in some.pairs] == ["ramp-40", "ramp-10"] and len(some.pairs) == 2
    assert [pair.name for pair in some.subset([1]).in_memory().pairs] == ["ramp-10"]
    others = (some, domain.subset([1, 4]), replace(domain, view=8), replace(domain, flip=False))
    assert len({d.fingerprint for d in (domain, *others)}) == 5
    for wrong in ([], [6], [-1]):
        with pytest.raises(ValueError, match="day: expected indices from 0 to 5"):
            domain.subset(wrong)


def test_the_fingerprint_of_a_mixture_names_what_its_batches_depend_on(domain):
    night = replace(domain, name="night", identity="def")
    mixed = MixedPairs((domain, night))
    changed = [replace(mixed, **change) for change in ({"sampling": "domains"}, {"view": 8}, {"flip": False})]
    assert len({m.fingerprint for m in (mixed, MixedPairs((night, domain)), *changed)}) == 5
    assert mixed.fingerprint == MixedPairs((domain, replace(night, held=[]))).fingerprint


def test_late_domains_are_drawn_after_the_first_steps(domain):
    """When they come is part of the fingerprint; held-out pairs are those of the first domains."""
    first, other = MixedPairs((domain,)), replace(domain, name="dry", pairs=domain.pairs[:2], identity="dry")
    mixed = MixedPairs((domain,), late=(other,), early=3)
    both = MixedPairs((domain, other))
    for step, of in ((1, first), (3, first), (4, both), (9, both)):
        assert torch.equal(mixed.batch(step, 8, 8, 5).rainy, of.batch(step, 8, 8, 5).rainy)
    assert not torch.equal(first.batch(4, 8, 8, 5).rainy, both.batch(4, 8, 8, 5).rainy)
    assert len({each.fingerprint for each in (first, both, mixed, replace(mixed, early=4))}) == 4
    assert mixed.held_out == first.held_out
    assert mixed.summary() == first.summary() | {"dry: pairs, after step 3": 2}
    assert isinstance(mixed.in_memory().late[0].pairs, list)


def test_messages(domain):
    with pytest.raises(ValueError, match="ramp-.*: 24x40 is smaller than the crop of 25"):
        domain.batch(0, 1, 25, 0)
    with pytest.raises(ValueError, match="sampling='all': choose one of images, domains"):
        MixedPairs((domain,), "all")
    with pytest.raises(ValueError, match="different names"):
        MixedPairs((domain, domain))
    with pytest.raises(ValueError, match="different names"):
        MixedPairs((domain,), late=(domain,))
    with pytest.raises(ValueError, match="different names"):
        MixedPairs(())


def test_the_training_loop_takes_it(domain, tmp_path):
    """Batches reach `train_step` with named fields."""
    seen = []

    class Trainer:
        step, crops = 0, 2
        model, averages = torch.nn.Identity(), {}

        def train_step(self, batch):
            self.step += 1
            rain_is_light = bool((batch.rainy > batch.clean).all() and (batch.rainy_whole > batch.clean_whole).all())
            seen.append((batch.rainy.shape[-1], batch.rainy_whole.shape[-1], rain_is_light))
            return {"term": batch.rainy.mean()}

        def state(self):
            return {}

    class Config:
        steps, batch, crop, seed, minutes = 2, 2, 16, 0, 0.0

    class Run:
        append_log = save_checkpoint = lambda self, value: None

        class identity:
            key, config = "test", Config

    loop._run_steps(Trainer(), Budget(Config, lambda: 0.0), domain, Run(), "cpu", 1, 1, None, None, "test")
    assert seen == [(16, 12, True)] * 2
