"""What the notebooks compare: one change a method, shared runs, sizes from the profile."""

from dataclasses import asdict

import pytest

from rainmer_lib.dcdgan import paper
from rainmer_lib.experiments.dcdgan import COMPARISONS, methods
from rainmer_lib.experiments.profiles import PROFILES, profile
from rainmer_lib.training.run import RunIdentity


@pytest.mark.parametrize("name", PROFILES)
def test_the_full_model_is_one_run_for_all_notebooks(name):
    full = {"train_dcdgan": "full", "ablation_losses": "full", "ablation_negatives": "both", "ablation_backward_cycle": "full",
            "closely_related": "DCD-GAN", "benchmarks": "DCD-GAN", "feature_space": "full", "paper_versus_code": "paper",
            }  # fmt: skip
    configs = [methods(item, profile(name))[method] for item, method in full.items()]
    assert len({RunIdentity("dcdgan", config, "data", 1).key for config in configs}) == 1
    assert configs[0] == profile(name).apply(paper)


@pytest.mark.parametrize("item", COMPARISONS)
def test_no_two_rows_are_the_same_run(item):
    found = [tuple(asdict(config).items()) for config in methods(item, profile("laptop")).values()]
    assert len(set(found)) == len(found)


def test_at_paper_size_a_row_changes_what_it_says_and_nothing_else():
    size = profile("paper")
    base = asdict(size.apply(paper))
    for item, rows in COMPARISONS.items():
        for name, config in methods(item, size).items():
            changed = {k for k, v in asdict(config).items() if v != base[k]}
            assert changed == {k for k, v in rows[name].items() if v != base[k]}, (item, name)


def test_a_small_profile_scales_every_contrastive_term_alike():
    small = methods("closely_related", profile("laptop"))
    assert small["DCLGAN"].contrastive_weight == small["DCD-GAN"].contrastive_weight
    assert small["CycleGAN"].contrastive_weight == 0 and small["CycleGAN"].plain_cycle_weight == 10
