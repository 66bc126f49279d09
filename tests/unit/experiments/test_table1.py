"""The systems of Table 1: every row, its kind, its runs, and what is tested of them."""

from dataclasses import replace

import pandas as pd
import pytest

from rainmer_lib.experiments import table1
from rainmer_lib.experiments.compare import Comparison
from rainmer_lib.experiments.profiles import PROFILES, profile
from rainmer_lib.experiments.records import published
from rainmer_lib.experiments.registry import rows
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.methods import METHODS
from rainmer_lib.training.method import KINDS

PRINTED = {
    "prior-based": "Prior-based methods", "supervised": "Paired / Supervised methods",
    "semi-supervised": "Semi-supervised methods", "unpaired": "Unpaired / Without paired supervised methods",
}  # fmt: skip


def test_every_system_of_the_printed_table_has_a_row_in_its_group_but_rr_gan():
    printed, found = published("dcdgan_table1"), rows("benchmarks", profile("laptop"))
    groups = {name: group for name, group in zip(printed.method, printed.group, strict=True) if name != "Ours"}
    kinds = {group: kind for kind, group in PRINTED.items()}
    assert set(groups) - set(found) == {"RR-GAN"} and set(groups.values()) == set(kinds)
    assert all(found[name].method.kind == kinds[group] for name, group in groups.items() if name in found)
    assert list(table1.kinds(found)) == list(KINDS)


@pytest.mark.parametrize("name", PROFILES)
def test_a_prior_is_fitted_once_and_what_is_trained_against_discriminators_has_every_seed(name):
    number = {label: len(row.seeds(3)) for label, row in rows("benchmarks", PROFILES[name]).items()}
    assert number["DSC"] == number["GMM"] == 1 and set(number.values()) == {1, 3}
    assert all(number[label] == 3 for label in ("CycleGAN", "CUT", "DCLGAN", "DCD-GAN"))
    assert number["DDN"] == number["SIRR"] == number["layer GAN"] == (1 if name == "quick" else 3)


class Photos:
    """Training data of a row: unpaired ones, or what raises."""

    def __init__(self, error=None):
        self.error = error

    def batch(self, *_):
        if self.error:
            raise self.error


def test_rows_without_data_are_left_out_and_named():
    found = rows("benchmarks", profile("quick"))
    errors = {"SIRR": FileNotFoundError("get Real147"), "DDN": ValueError("no clean partners")}
    given = {name: replace(row, data=lambda _, keep, name=name: Photos(errors.get(name))) for name, row in found.items()}
    said = []
    left = table1.trainable(given, Settings(profile("quick"), None, 1, ("held-out",), {}), said.append)
    assert set(found) - set(left) == set(errors) and list(left) == [name for name in found if name in left]
    assert said == ["DDN: left out. no clean partners", "SIRR: left out. get Real147"]
    assert table1.number_of_runs(left, Settings(profile("quick"), None, 2, (), {})) == 14 + 2 * 4


@pytest.fixture
def scored():
    """Means on two test sets and rows: DCD-GAN gains 3 and 2 dB, DDN 6 and 1, SIRR 1 and 1; DSC, of one run, 0."""
    compared = {name: row for name, row in rows("benchmarks", profile("laptop")).items() if name in GAINS}
    table = [
        (name, seed, test_set, "prenet", 20 + gain + 0.01 * seed, 0.5)
        for name, gains in (GAINS | {"input": (0, 0)}).items()
        for seed in {"input": [-1], "DSC": [0]}.get(name, range(3))
        for test_set, gain in zip(("held-out", "rain12"), gains, strict=True)
    ]
    return pd.DataFrame(table, columns=["method", "seed", "test_set", "protocol", "psnr", "ssim"]), compared


GAINS = {"DSC": (0, 0), "DDN": (6, 1), "SIRR": (1, 1), "DCD-GAN": (3, 2)}


def test_claims_on_the_kinds(scored):
    found = table1.check_claims(*scored)
    verdicts = found.set_index(["test_set", "metric", "better", "worse"]).verdict
    assert verdicts["held-out", "psnr", "DCD-GAN", "DDN"] == "contradicted"
    assert verdicts["rain12", "psnr", "DCD-GAN", "DDN"] == "supported"
    assert verdicts["held-out", "psnr", "DCD-GAN", "SIRR"] == verdicts["held-out", "psnr", "DDN", "SIRR"] == "supported"
    assert verdicts["held-out", "psnr", "DCD-GAN", "DSC"] == "supported", "its single run stands beside every seed"


def test_over_images_everyone_is_compared_but_the_input_and_our_own_shipped_network(scored):
    names = ("input", "DSC", "PReNet", "PReNet (published)", "dcdgan-small", "DCD-GAN")
    table = [(name, -1, "rain12", f"{i}", "prenet", 20.0 + len(name) + i, 0.5) for name in names for i in range(6)]
    columns = ["method", "seed", "test_set", "image", "protocol", "psnr", "ssim"]
    found = table1.check_images(Comparison([], pd.DataFrame(table, columns=columns), None), {})
    assert list(dict.fromkeys(found.worse)) == ["DSC", "PReNet", "PReNet (published)"] and set(found.better) == {"DCD-GAN"}


def test_two_single_runs_decide_nothing_over_seeds(scored):
    means, compared = scored
    single = means[~means.method.isin(["DDN", "SIRR"]) | (means.seed == 0)]
    found = table1.check_claims(single, compared)
    found = found[(found.better == "DDN") & (found.worse == "SIRR")]
    assert len(found) == 4 and set(found.verdict) == {"inconclusive"} and set(found.seeds) == {1}


def test_without_semi_supervised_rows_the_others_are_judged(scored):
    means, compared = scored
    others = {label: row for label, row in compared.items() if label != "SIRR"}
    found = table1.check_claims(means[means.method != "SIRR"], others)
    assert set(found.worse) == {"DSC", "DDN"} and set(found.better) == {"DCD-GAN"}


@pytest.mark.parametrize("notebook", ["real_world", "cross_domain", "application"])
def test_the_other_notebooks_take_rows_of_the_table_of_every_kind_that_learns(notebook):
    """The same runs, so that nothing is trained for them alone, but the generator with pairs in the steps of DCD-GAN."""
    every, found = rows("benchmarks", profile("laptop")), rows(notebook, profile("laptop"))
    other = {label for label, row in found.items() if row.config != every[label].config}
    assert other == ({METHODS["paired_generator"].title} if notebook == "cross_domain" else set())
    assert [kind for kind in table1.kinds(found) if kind != "prior-based"] == list(KINDS)[1:]
    assert list(found) == [label for label in every if label in found]


def test_a_picture_shows_the_first_row_of_each_kind_and_dcdgan():
    shown = {"DSC", "DDN", "SIRR", "CycleGAN", "DCD-GAN"}
    assert table1.one_of_each_kind(rows("benchmarks", profile("laptop"))) == shown


def test_on_photos_that_take_long_a_compared_system_has_one_run():
    for notebook in table1.COMPARED:
        number = {label: len(row.seeds(3)) for label, row in rows(notebook, profile("laptop")).items()}
        assert all(number[label] == 3 for label in ("CycleGAN", "CUT", "DCLGAN", "DCD-GAN"))
        assert number["RESCAN"] == (1 if notebook in ("real_world", "application") else 3)
    assert len(rows("real_world", profile("paper"))["RESCAN"].seeds(3)) == 3


def test_the_rows_on_real_photos_are_those_of_table_3():
    printed = {"SSIR": "SIRR", "Ours": "DCD-GAN"}
    names = [printed.get(name, name) for name in published("dcdgan_table3").method]
    assert [label for label in rows("real_world", profile("laptop")) if label not in ("CUT", "DCLGAN")] == names
