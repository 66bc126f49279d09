"""Verdicts on claims, from records; what no claim names stands apart."""

import json
from dataclasses import asdict, replace

import pytest

from rainmer_lib import paths
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.registry import EXPERIMENTS
from rainmer_lib.workflow import judged, stated
from rainmer_lib.workflow.stated import Stated

TABLE_5 = Stated("DCD-GAN", "Table 5", "Both are best", "Table 5", "ablation_negatives", (("both", "internal"),), ("psnr",))
OPEN = Stated("DCD-GAN", "Table 5", "It looks better", "Table 5", untested="nobody measures looks")
OTHER = Stated("DCD-GAN", "Table 5", "SSIM, too", "Table 5", "not_there", (("both", "internal"),), ("ssim",))


def row(worse, metric, verdict, over="seeds", test_set="rain12"):
    same = {"better": "both", "difference": 0.1, "spread": 0.2, "seeds": 5.0}
    return same | {"test_set": test_set, "metric": metric, "worse": worse, "over": over, "verdict": verdict}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a record at two profiles, and three claims."""
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    monkeypatch.setattr(judged, "CLAIMS", (TABLE_5, OPEN, OTHER))
    rows = [row("internal", "psnr", "supported"), row("internal", "psnr", "supported", "images"),
            row("internal", "ssim", "contradicted"), row("a blur", "psnr", "contradicted", test_set="rain100l")]  # fmt: skip
    runs = [{"method": "both", "seed": 0, "run": "dcdgan-1"}]
    for size, claims in (("quick", [row("internal", "psnr", "contradicted")]), ("laptop", rows)):
        file = tmp_path / "results" / size / "ablation_negatives.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"claims": claims, "runs": runs}))
    return tmp_path


def test_each_claim_has_one_verdict_and_what_nobody_claims_is_not_counted(repository):
    found = judged.judged()
    assert [each.verdict for each in found] == ["supported", "not tested", "not run yet"]
    assert [each.seeds for each in found] == [5, 0, 0] and len(found[0].table) == 2
    assert judged.counts("DCD-GAN", "Table 5") == "1 supported, 1 not tested, 1 not run yet"
    assert judged.counts("DCD-GAN", "Table 6") == judged.counts("Rainmer", "Table 5") == ""
    [(record, words)] = judged.apart()
    assert record.name == "ablation_negatives" and record.profile == "laptop"
    assert words == ["SSIM, both against internal: contradicted.", "PSNR, both against a blur: contradicted."]


def test_a_record_without_the_comparison_is_named(repository, monkeypatch):
    monkeypatch.setattr(judged, "CLAIMS", (replace(TABLE_5, pairs=(("both", "neither"),)),))
    with pytest.raises(ValueError, match=r"ablation_negatives.json: no comparison of .*neither.* which 'Both are best' needs"):
        judged.judged()


def test_in_words_for_a_notebook(repository):
    claims = judged.record("ablation_negatives").table
    words = "- **supported**: Both are best. PSNR, both against internal: supported; over images supported."
    assert judged.in_words("ablation_negatives", claims) == words
    assert judged.in_words("another", claims) == ""
    assert judged.in_words("ablation_negatives", claims)._repr_markdown_() == words, "a notebook shows it as Markdown"
    assert judged.in_words("ablation_negatives", claims, "laptop") == words
    assert judged.in_words("ablation_negatives", claims, "quick") == (
        f"At `quick` these verdicts mean nothing; they show what the larger profiles print.\n\n{words}"
    )
    assert judged.in_words("another", claims, "quick") == ""


@pytest.mark.parametrize(("change", "earlier"), [({}, False), ({"seed": 7}, False), ({"width": 99}, True)])
def test_a_record_of_an_earlier_setting_is_recognised(repository, change, earlier):
    row = EXPERIMENTS["ablation_negatives"].rows(profile("laptop"))["both"]
    folder = repository / "results" / "laptop" / "runs" / "dcdgan-1"
    folder.mkdir(parents=True)
    stored = {"method": "dcdgan", "version": row.method.version, "config": asdict(row.config) | change, "data": "x"}
    (folder / "config.json").write_text(json.dumps(stored))
    assert judged.record("ablation_negatives").earlier is earlier
    (folder / "config.json").write_text(json.dumps(stored | {"version": row.method.version - 1}))
    assert judged.record("ablation_negatives").earlier, "another version of the method"


def test_every_committed_record_decides_its_claims():
    """No claim names rows, measures or sets that its record lacks."""
    found = judged.judged()
    assert len(found) == len(stated.CLAIMS) and sum(each.record is not None for each in found) > 25


RECORDS = sorted({claim.record for claim in stated.CLAIMS if claim.record})


@pytest.mark.parametrize("name", RECORDS)
def test_a_notebook_says_the_verdicts_of_its_record(name):
    """Below its tables, by name: a record that no cell names would be told on the site alone."""
    source = (paths.REPOSITORY / "notebooks" / f"{name.partition('-')[0]}.ipynb").read_text(encoding="utf-8")
    assert f'in_words(\\"{name}\\", ' in source


@pytest.mark.parametrize("size", ["quick", "laptop"])
def test_every_table_of_verdicts_can_be_told_at_both_sizes(size):
    """At quick, too, where some rows are not run; a record that decides claims says something of them."""
    found = {name: judged.record(name, [size]) for name in RECORDS}
    told = {name: judged.in_words(name, each.table, size) for name, each in found.items() if each}
    assert len(told) > 10 and all("**: " in text for text in told.values())
