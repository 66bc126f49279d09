"""What the notebooks compare: one change a row, shared runs, sizes from the profile."""

from dataclasses import asdict, replace

import pytest

from rainmer_lib.experiments.dcdgan import ABLATIONS, DCDGAN, EXPERIMENTS, REHEARSALS, SEEDS
from rainmer_lib.experiments.profiles import PROFILES, profile
from rainmer_lib.experiments.records import published
from rainmer_lib.experiments.registry import rows


@pytest.mark.parametrize("name", PROFILES)
def test_the_full_model_is_one_run_for_all_notebooks(name):
    full = {"train_dcdgan": "full", "ablation_losses": "full", "ablation_negatives": "both", "ablation_backward_cycle": "full",
            "closely_related": "DCD-GAN", "benchmarks": "DCD-GAN", "feature_space": "full", "paper_versus_code": "paper",
            }  # fmt: skip
    found = [rows(item, profile(name))[label] for item, label in full.items()]
    assert {row.method.name for row in found} == {"dcdgan"}
    assert len({row.method.identity(row.config, "data").key for row in found}) == 1
    assert found[0].config == DCDGAN.at(name)


def test_the_table_of_differences_explains_every_field_of_the_released_objective():
    differences = published("dcdgan_released_code").fillna("")
    explained = set(", ".join(differences.field[differences.field != ""]).split(", "))
    assert set(DCDGAN.presets["released"]) <= explained <= set(asdict(DCDGAN.config()))


@pytest.mark.parametrize("item", EXPERIMENTS)
def test_no_two_rows_are_the_same_run(item):
    found = [tuple(asdict(row.config).items()) for row in rows(item, profile("laptop")).values()]
    assert len(set(found)) == len(found)


def test_at_paper_size_a_row_changes_what_it_says_and_nothing_else():
    size = profile("paper")
    base = asdict(DCDGAN.at("paper"))
    for item in EXPERIMENTS:
        for label, row in rows(item, size).items():
            changed = {k for k, v in asdict(row.config).items() if v != base[k]}
            assert changed == {k for k, v in row.changes.items() if v != base[k]}, (item, label)
            assert {k: getattr(row.config, k) for k in row.changes} == row.changes, (item, label)
    for item, changes in ABLATIONS.items():
        assert {label: row.changes for label, row in rows(item, size).items()} == changes


def test_a_small_profile_scales_every_contrastive_term_alike():
    small = rows("closely_related", profile("laptop"))
    weights = {label: row.config.contrastive_weight for label, row in small.items()}
    assert weights["DCLGAN"] == weights["DCD-GAN"] == 0.05
    assert weights["CycleGAN"] == 0 and small["CycleGAN"].config.plain_cycle_weight == 10
    assert DCDGAN.at("quick").contrastive_weight == 0.05


def test_the_paper_tables_have_five_seeds_where_runs_are_kept():
    seeds = {name: experiment.at(profile("laptop")).seeds for name, experiment in EXPERIMENTS.items()}
    assert {name for name, number in seeds.items() if number == 5} == set(SEEDS) and set(seeds.values()) == {3, 5}
    at_quick = {name: experiment.at(profile("quick")).seeds for name, experiment in EXPERIMENTS.items()}
    assert at_quick == dict.fromkeys(EXPERIMENTS, 1) | {"ablation_negatives": 2}


@pytest.mark.parametrize("name", PROFILES)
def test_self_training_changes_the_rehearsals_alone(name):
    found = rows("self_training", profile(name))
    assert list(found) == ["CycleGAN", "CycleGAN, self-trained", "DCD-GAN", "DCD-GAN, self-trained"]
    for title in ("CycleGAN", "DCD-GAN"):
        plain, trained = found[title].config, found[f"{title}, self-trained"].config
        assert trained == replace(plain, rehearsals=REHEARSALS) and plain.rehearsals == 0


def test_the_unpaired_methods_stand_under_their_titles():
    found = rows("closely_related", profile("laptop"))
    assert {label: row.method.name for label, row in found.items()} == {
        "CycleGAN": "cyclegan", "CUT": "cut", "DCLGAN": "dclgan", "DCD-GAN": "dcdgan",
    }  # fmt: skip
