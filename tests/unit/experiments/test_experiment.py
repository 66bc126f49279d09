"""What a notebook prints of its comparison: sizes, changes and parameters of every row."""

from dataclasses import replace

import pytest

from rainmer_lib.experiments.experiment import Row, describe, parameters_of, row_of
from rainmer_lib.experiments.profiles import PROFILES, profile
from rainmer_lib.experiments.rainmer import ablation_rows
from rainmer_lib.experiments.rainmer_rows import AS_LARGE, ROWS
from rainmer_lib.experiments.registry import rows
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.methods import METHODS

DCDGAN, RAINMER = METHODS["dcdgan"], METHODS["rainmer"]


def printed(compared, profile, seeds=1):
    """The lines of `describe`: the head, the sizes, and the rows."""
    lines = describe(compared, Settings(profile, None, seeds, (), {})).splitlines()
    start = lines.index("rows:")
    return lines[0], lines[1:start], lines[start + 1 :]


def test_parameters_are_those_of_networks_that_are_built(micro, tiny):
    for method, config in ((RAINMER, micro), (RAINMER, replace(micro, views=(), interaction=False)), (DCDGAN, tiny)):
        built = sum(p.numel() for p in method.network(config).parameters())
        assert parameters_of(method, config) == built
    made = []
    counted = replace(DCDGAN, network=lambda config: made.append(config) or DCDGAN.network(config))
    assert parameters_of(counted, tiny) == parameters_of(counted, tiny) == parameters_of(DCDGAN, tiny) and made == [tiny]


def test_a_row_is_the_method_at_its_size_with_its_changes():
    row = row_of(DCDGAN, profile("laptop"), "released", patches=7)
    assert row == Row(DCDGAN, DCDGAN.at("laptop", "released", patches=7), {**DCDGAN.presets["released"], "patches": 7})
    data = object()
    assert row.data(data) is data is row.data(data, keep=False)


@pytest.mark.slow
def test_a_notebook_prints_every_row():
    _, _, lines = printed(rows("rainmer_ablations", PROFILES["quick"]), PROFILES["quick"])
    labels = list(ROWS["rainmer_ablations"])
    assert len(lines) == len(labels) and all(line.startswith(f"  {label} ") for label, line in zip(labels, lines, strict=True))
    assert lines[0].endswith("110,964 parameters  nothing changed")
    assert lines[labels.index("without alignment")].endswith("night pairs drawn at random")
    assert "views=(), interaction=False, expansion=" in lines[labels.index(AS_LARGE[0])]
    assert len({line.index(" parameters") for line in lines}) == 1, "one below the other"


def test_it_prints_what_the_profile_changes_once_for_methods_of_one_size():
    head, size, lines = printed(rows("closely_related", PROFILES["laptop"]), PROFILES["laptop"], seeds=3)
    assert head == f"profile laptop, seeds 0 to 2, {DCDGAN.sizes['laptop'].duration}"
    changes = DCDGAN.sizes["laptop"].changes
    assert size[0] == "CycleGAN, CUT, DCLGAN, DCD-GAN, the paper's values -> this profile's:"
    assert size[1:-1] == [f"  {name}: {getattr(DCDGAN.config(), name)} -> {value}" for name, value in changes.items()]
    assert size[-1] == "  contrastive_weight: times 0.025"
    assert [line.split()[0] for line in lines] == ["CycleGAN", "CUT", "DCLGAN", "DCD-GAN"]
    assert "plain_cycle_weight=10.0" in lines[0] and lines[3].endswith("nothing changed")


def test_methods_of_different_sizes_are_told_apart_and_the_paper_changes_nothing():
    both = {"a": row_of(DCDGAN, profile("laptop")), "b": row_of(RAINMER, profile("laptop"))}
    head, size, _ = printed(both, profile("laptop"))
    assert head == "profile laptop, seed 0"
    assert [line for line in size if not line.startswith("  ")] == [
        f"{m.title}, {m.sizes['laptop'].duration}, the paper's values -> this profile's:" for m in (DCDGAN, RAINMER)
    ]
    assert printed({"b": row_of(RAINMER, profile("paper"))}, profile("paper"))[1] == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "steps", "expected"), [("laptop", 0, 200), ("laptop", 100, 100), ("paper", 1000, 1000)])
def test_steps_that_all_rows_have_stand_in_place_of_the_profiles(name, steps, expected):
    _, size, lines = printed(ablation_rows(profile(name), steps), profile(name))
    assert f"  steps: 600000 -> {expected}" in size and sum(line.startswith("  steps:") for line in size) == 1
    assert not any(" steps" in line for line in lines)


def test_what_a_row_changes_alone_is_not_said_of_all(at_quick):
    at_quick(DCDGAN, changes={"steps": 9, "width": 8}, scaled={})
    compared = {"a": row_of(DCDGAN, profile("quick"), blocks=6), "b": row_of(DCDGAN, profile("quick"), width=16, blocks=6)}
    _, size, lines = printed(compared, profile("quick"))
    assert size[1:] == ["  steps: 420000 -> 9", "  width: 64 -> 8"]
    assert lines[0].endswith("blocks=6") and lines[1].endswith("width=16, blocks=6")
