"""Rainmer's ablations: what each changes, networks of one size, data without alignment, another budget."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from rainmer_lib.data.rendered_domains import rendered_domain
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments import rainmer_rows as comparisons
from rainmer_lib.experiments.rainmer import ablation_budget, compare, data_of
from rainmer_lib.experiments.rainmer_rows import AS_LARGE, COMPARISONS, UNALIGNED, as_large, described, methods, size_of
from rainmer_lib.rainmer import paper
from rainmer_lib.rainmer.aligned import aligned_rain
from rainmer_lib.rainmer.alignment import EDGES, shares, target_shares
from rainmer_lib.rainmer.model import build_network
from rainmer_lib.rainmer.sizes import PROFILES, sized
from rainmer_lib.workflow.parameters import Settings, WrongParameter


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_an_ablation_changes_what_its_line_says(profile):
    """Nothing else, but for the width of the feed-forward networks where the size is kept."""
    base = profile.apply(paper)
    for item, rows in COMPARISONS.items():
        found = methods(item, profile)
        assert list(found) == list(rows) and found["full"] == base
        for name, config in found.items():
            free = {"expansion": base.expansion} if name in AS_LARGE else {}
            assert replace(config, **free) == replace(base, **rows[name])
    ablations = methods("rainmer_ablations", profile)
    assert set(AS_LARGE) | set(UNALIGNED) <= set(ablations)
    same = [name for name, config in ablations.items() if config == base]
    assert same == ["full", *UNALIGNED], "a row that changes nothing"
    for name in AS_LARGE:
        assert abs(size_of(ablations[name]) / size_of(base) - 1) < 0.005 and ablations[name].expansion > base.expansion


def test_sizes_are_those_of_networks_that_are_built(micro):
    for config in (micro, replace(micro, views=(), interaction=False)):
        assert size_of(config) == sum(p.numel() for p in build_network(config).parameters())
    with pytest.raises(ValueError, match="more than the"):
        as_large(micro, replace(micro, views=()))


def test_a_notebook_prints_every_row():
    lines = described("rainmer_ablations", PROFILES["quick"])
    assert len(lines) == len(COMPARISONS["rainmer_ablations"])
    assert lines[0].endswith("131,868 parameters  nothing changed") and lines[-1].endswith("night pairs drawn at random")
    assert "views=(), interaction=False, expansion=" in lines[list(COMPARISONS["rainmer_ablations"]).index(AS_LARGE[0])]


@pytest.fixture(scope="module")
def rain():
    return aligned_rain(unpaired("embedded"), images=8, view=16, keep=False)


def test_without_alignment_the_density_of_the_night_is_all_that_differs(rain):
    """As many night pairs, of the same rendered ones, spread over all densities; day, haze and held-out pairs stay."""
    other = rain.unaligned(keep=False)
    assert other.fingerprint != rain.fingerprint and rain.unaligned(keep=False).fingerprint == other.fingerprint
    assert [d.name for d in other.mixed.domains] == ["day", "haze", "night"] and other.mixed.chances == rain.mixed.chances
    assert [d.identity for d in other.mixed.domains[:2]] == [d.identity for d in rain.mixed.domains[:2]]
    assert len(set(other.chosen)) == len(rain.chosen) == len(other.mixed.domains[2].pairs)
    before = rain.before["night"]
    assert before[rain.chosen].mean() > before[other.chosen].mean(), "alignment keeps dense rain"
    whole = rendered_domain("night", unpaired("embedded"), images=8, view=16).pairs
    for number, pair in list(zip(other.chosen, other.mixed.domains[2].pairs, strict=True))[:2]:
        assert pair.name == whole[int(number)].name and np.array_equal(pair.rainy, whole[int(number)].rainy)
    assert other.held_out["night"] is rain.held_out["night"] and other.summary() == rain.summary()
    with pytest.raises(ValueError, match="kept all"):
        replace(rain, night=rain.night.subset(rain.chosen)).unaligned()


def test_what_is_read_from_the_disk_is_not_taken_into_memory_for_another_draw(rain):
    """The published night set is larger than a machine's memory."""
    assert not isinstance(rain.unaligned().mixed.domains[2].pairs, list), "rendered when drawn, as the aligned ones"
    assert isinstance(replace(rain, kept=True).unaligned().mixed.domains[2].pairs, list)


def test_finer_bins_match_the_dense_rain_too():
    """Sixteen images, so that every bin has some; with the three bins of the released code nothing above .08 is matched."""
    source = unpaired("embedded")
    data = {edges: aligned_rain(source, images=16, view=16, keep=False, edges=edges) for edges in (EDGES, (0.04, 0.08, 0.12))}
    coarse, fine = data.values()
    assert len(fine.chosen) < len(coarse.chosen) and fine.fingerprint != coarse.fingerprint
    for edges, one in data.items():
        shares_here, wanted = shares(one.before["night"][one.chosen], edges), target_shares(one.others.values(), edges)
        assert abs(shares_here - wanted).max() <= len(edges) / len(one.chosen)


def test_the_row_without_alignment_is_trained_on_other_data(rain, micro, monkeypatch):
    seen = {}
    monkeypatch.setattr("rainmer_lib.experiments.rainmer.train_run", lambda m, config, data, *_: seen.update({m: data}))
    monkeypatch.setattr("rainmer_lib.experiments.rainmer.scored", lambda runs, settings: runs)
    settings = Settings(PROFILES["quick"], rain, 1, (), {})
    compare({"full": micro, "without alignment": micro}, settings)
    assert seen["full"] is rain and seen["without alignment"].fingerprint == rain.unaligned(keep=False).fingerprint
    assert data_of("full", rain) is rain and comparisons.UNALIGNED == ("without alignment",)


def test_the_budget_is_every_methods():
    large = Settings(PROFILES["paper"], None, 1, ("day", "rain100l"), {"seeds": 0})
    assert ablation_budget(large, 0) == large
    settings = Settings(PROFILES["laptop"], None, 3, ("day", *PROFILES["laptop"].test_sets[1:]), {"seeds": 0})
    own = ablation_budget(settings, 0)
    assert own == ablation_budget(settings, 300) and own.profile == sized("rainmer_ablations", PROFILES["laptop"])
    assert own.test_sets == ("day", "rain12", "raincityscapes60") and own.seeds == 3
    assert sized("train_rainmer", PROFILES["laptop"]) is PROFILES["laptop"] and PROFILES["laptop"].changes["steps"] == 900
    fewer = ablation_budget(settings, 200).profile
    for name, config in methods("rainmer_ablations", fewer).items():
        assert config == replace(methods("rainmer_ablations", PROFILES["laptop"])[name], steps=200)
    assert "steps: 600000 -> 200" in fewer.describe(paper)
    with pytest.raises(WrongParameter, match="expected 0"):
        ablation_budget(settings, -1)


def test_at_quick_there_is_one_seed_unless_more_are_wanted():
    """Its results then count as the profile's own, for this notebook."""
    data = SimpleNamespace(name="embedded")
    quick = Settings(PROFILES["quick"], data, 2, (), {"seeds": 0})
    found = ablation_budget(quick, 0)
    assert (found.seeds, found.suffix(), found.profile.changes) == (1, "", quick.profile.changes)
    given = ablation_budget(replace(quick, given={"seeds": 2}), 0)
    assert given.seeds == 2 == PROFILES["quick"].seeds and given.suffix() == ""
