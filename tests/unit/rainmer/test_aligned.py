"""Domains with one density of rain: what is kept of the night, what names it, and the same without alignment."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rainmer_lib.data.rendered_domains import rendered_domain
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.rainmer.aligned import aligned_rain, unaligned_domains
from rainmer_lib.rainmer.alignment import EDGES, rain_density, shares, target_shares

IMAGES = 8


@pytest.fixture(scope="module")
def rain(streaked):
    return aligned_rain(streaked, IMAGES, view=16)


def test_the_night_has_the_others_shares_of_density(rain):
    """Against counting by hand in the three bins, from the pairs that training sees."""

    def share(domain):
        values = [rain_density(pair.rainy, pair.clean) for pair in domain.pairs]
        found = [sum(v <= 0.04 for v in values), sum(0.04 < v <= 0.08 for v in values), sum(v > 0.08 for v in values)]
        return np.array(found) / len(values)

    day, haze, night = rain.mixed.domains
    assert [d.name for d in rain.mixed.domains] == ["day", "haze", "night"] == list(rain.held_out)
    assert (len(day.pairs), len(haze.pairs), len(rain.before["night"])) == (IMAGES, 2 * IMAGES, 4 * IMAGES)
    assert len(night.pairs) == len(rain.chosen) < 4 * IMAGES
    kept = len(night.pairs)  # each of the three counts is rounded down, but for the scarcest
    assert np.abs(share(night) - (share(day) + share(haze)) / 2).max() <= 3 / kept
    for number, pair in zip(rain.chosen, night.pairs, strict=True):
        assert pair.name == f"night-{number:05d}"
        assert rain.before["night"][number] == rain_density(pair.rainy, pair.clean)


def test_data_are_named_by_their_content(streaked, rain):
    again, more = (aligned_rain(streaked, n, view=16) for n in (IMAGES, IMAGES + 1))
    assert again.fingerprint == rain.fingerprint != more.fingerprint
    one, same = (data.batch(3, 2, 16, seed=1) for data in (rain, again))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert [tuple(images.shape) for images in one] == [(2, 3, 16, 16)] * 4
    assert rain.summary()["night: pairs before alignment"] == 4 * IMAGES


def test_domains_without_a_night_among_them_are_joined_unchanged(rain):
    day, haze, _ = rain.mixed.domains
    joined = unaligned_domains("two", [day, haze])
    assert joined.mixed.domains == (day, haze) and joined.mixed.view == 16 and list(joined.held_out) == ["day", "haze"]
    assert rain.aligned and not joined.aligned and joined.others == {} == joined.before and joined.night is None
    assert joined.summary() == day.summary() | haze.summary()
    with pytest.raises(ValueError, match="two: nothing is aligned here"):
        joined.unaligned()


def test_light_rain_and_dry_photos_come_late(streaked, rain):
    """The first steps see the aligned domains alone; when the others come is part of what names the data."""
    with_light = {early: aligned_rain(streaked, IMAGES, view=16, keep=False, early=early) for early in (3, 4)}
    data = with_light[3]
    assert [domain.name for domain in data.mixed.every.domains] == ["day", "haze", "night", "varied", "light", "dry"]
    assert replace(data.mixed, late=()).fingerprint == rain.fingerprint and list(data.held_out) == ["day", "haze", "night"]
    for step in (3, 4):
        of = rain.mixed if step <= 3 else data.mixed.every
        assert torch.equal(data.batch(step, 8, 16, 5).rainy, of.batch(step, 8, 16, 5).rainy)
    assert len({rain.fingerprint, *(one.fingerprint for one in with_light.values())}) == 3
    assert data.summary() == rain.summary() | {
        f"{domain.name}: pairs, after step 3": len(domain.pairs) for domain in data.mixed.late
    }
    other = data.unaligned(keep=False)
    assert other.mixed.late == data.mixed.late and other.mixed.early == 3 and other.fingerprint != data.fingerprint


@pytest.fixture(scope="module")
def embedded():
    return aligned_rain(unpaired("embedded"), images=8, view=16, keep=False)


@pytest.mark.slow
def test_without_alignment_the_density_of_the_night_is_all_that_differs(embedded):
    """As many night pairs, of the same rendered ones, spread over all densities; day, haze and held-out pairs stay."""
    other = embedded.unaligned(keep=False)
    assert other.fingerprint != embedded.fingerprint and embedded.unaligned(keep=False).fingerprint == other.fingerprint
    assert [d.name for d in other.mixed.domains] == ["day", "haze", "night"] and other.mixed.chances == embedded.mixed.chances
    assert [d.identity for d in other.mixed.domains[:2]] == [d.identity for d in embedded.mixed.domains[:2]]
    assert len(set(other.chosen)) == len(embedded.chosen) == len(other.mixed.domains[2].pairs)
    before = embedded.before["night"]
    assert before[embedded.chosen].mean() > before[other.chosen].mean(), "alignment keeps dense rain"
    whole = rendered_domain("night", unpaired("embedded"), images=8, view=16).pairs
    for number, pair in list(zip(other.chosen, other.mixed.domains[2].pairs, strict=True))[:2]:
        assert pair.name == whole[int(number)].name and np.array_equal(pair.rainy, whole[int(number)].rainy)
    assert other.held_out["night"] is embedded.held_out["night"] and other.summary() == embedded.summary()
    with pytest.raises(ValueError, match="kept all"):
        replace(embedded, night=embedded.night.subset(embedded.chosen)).unaligned()


def test_what_is_read_from_the_disk_is_not_taken_into_memory_for_another_draw(embedded):
    """The published night set is larger than a machine's memory."""
    assert not isinstance(embedded.unaligned().mixed.domains[2].pairs, list), "rendered when drawn, as the aligned ones"
    assert isinstance(replace(embedded, kept=True).unaligned().mixed.domains[2].pairs, list)


@pytest.mark.slow
def test_finer_bins_match_the_dense_rain_too():
    """Sixteen images, so that every bin has some; with the three bins of the released code nothing above .08 is matched."""
    source = unpaired("embedded")
    data = {edges: aligned_rain(source, images=16, view=16, keep=False, edges=edges) for edges in (EDGES, (0.04, 0.08, 0.12))}
    coarse, fine = data.values()
    assert len(fine.chosen) < len(coarse.chosen) and fine.fingerprint != coarse.fingerprint
    for edges, one in data.items():
        shares_here, wanted = shares(one.before["night"][one.chosen], edges), target_shares(one.others.values(), edges)
        assert abs(shares_here - wanted).max() <= len(edges) / len(one.chosen)
