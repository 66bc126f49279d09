"""The rows of Rainmer's notebooks: what each changes, networks of one size, data without alignment."""

from dataclasses import replace

import pytest

from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments import runs as experiment_runs
from rainmer_lib.experiments.experiment import parameters_of
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.rainmer_rows import AS_LARGE, RAINMER, ROWS, UNALIGNED, as_large, rows
from rainmer_lib.experiments.runs import train_rows
from rainmer_lib.rainmer.aligned import aligned_rain


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda p: p.name)
def test_an_ablation_changes_what_its_line_says(profile):
    """Nothing else, but for the width of the feed-forward networks where the size is kept."""
    base = RAINMER.at(profile.name)
    for item, changes in ROWS.items():
        found = rows(item, profile)
        assert list(found) == list(changes) and found["full"].config == base
        for label, row in found.items():
            free = {"expansion": base.expansion} if label in AS_LARGE else {}
            assert replace(row.config, **free) == replace(base, **changes[label])
            told = changes[label] | ({"expansion": row.config.expansion} if label in AS_LARGE else {})
            assert row.changes == told and row.method is RAINMER
    ablations = rows("rainmer_ablations", profile)
    assert set(AS_LARGE) | set(UNALIGNED) <= set(ablations)
    same = [label for label, row in ablations.items() if row.config == base]
    assert same == ["full", *UNALIGNED], "a row that changes nothing"
    for label in AS_LARGE:
        config = ablations[label].config
        assert abs(parameters_of(RAINMER, config) / parameters_of(RAINMER, base) - 1) < 0.005
        assert config.expansion > base.expansion


def test_what_was_not_taken_away_cannot_be_given_back(micro):
    with pytest.raises(ValueError, match="more than the"):
        as_large(micro, replace(micro, views=()))


@pytest.mark.slow
def test_the_row_without_alignment_is_trained_on_other_data(quick, monkeypatch):
    rain, seen = aligned_rain(unpaired("embedded"), images=8, view=16, keep=False), {}
    monkeypatch.setattr(experiment_runs, "train_run", lambda label, method, config, data, *_: seen.update({label: data}))
    compared = rows("rainmer_ablations", PROFILES["quick"])
    train_rows({label: compared[label] for label in ("full", "without alignment")}, quick(rain, ()))
    assert seen["full"] is rain and seen["without alignment"].fingerprint == rain.unaligned(keep=False).fingerprint
    assert UNALIGNED == ("without alignment",)
    for label, row in compared.items():
        assert (row.data(rain, keep=False) is rain) == (label not in UNALIGNED)
