"""The page of claims: a line each, computed, with links that hold from where the page stands."""

import json

import pytest

from rainmer_lib import paths
from rainmer_lib.workflow import claims_page, judged
from rainmer_lib.workflow.stated import Stated

CLAIMS = (
    Stated("DCD-GAN", "Table 6", "It needs the cycle", "Table 6", "ablation_backward_cycle", (("full", "without"),),
           headline=True),
    Stated("DCD-GAN", "Fig. 7", "It is sharp", "Fig. 7", untested="shown"),
    Stated("Rainmer", "page", "It is quick", "ablations", "later", (("a", "b"),)),
    Stated("DCD-GAN", "not in the paper", "We ask", record="later", pairs=(("c", "d"),), ours=True),
)  # fmt: skip


@pytest.fixture
def docs(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    monkeypatch.setattr(judged, "CLAIMS", CLAIMS)
    file = tmp_path / "results" / "laptop" / "ablation_backward_cycle.json"
    file.parent.mkdir(parents=True)
    same = {"better": "full", "spread": 0.1, "seeds": 3, "verdict": "supported"}
    rows = [{"test_set": "rain12", "worse": "without", "metric": "psnr", "difference": 0.5},
            {"test_set": "rain100l", "worse": "without", "metric": "psnr", "difference": 0.75},
            {"test_set": "rain12", "worse": "a control", "metric": "niqe", "difference": 1}]  # fmt: skip
    rows = [same | row for row in rows]
    file.write_text(json.dumps({"claims": rows, "runs": []}))
    return tmp_path / "docs" / "claims.md"


def test_a_line_for_each_claim(docs):
    text = claims_page.tables(docs)
    link = "[ablation_backward_cycle](../results/laptop/ablation_backward_cycle.ipynb)"
    numbers = "full against without: PSNR +0.50 to +0.75 dB"
    assert f"| It needs the cycle | Table 6 | **supported** | `laptop`, 3 seeds | 2 of 2 |  | {numbers} | {link} |" in text
    assert "| It is sharp | Fig. 7 | **not tested** |  |  |  | shown |  |" in text
    assert "| It is quick | page | **not run yet** |" in text and "[later](../notebooks/later.ipynb)" in text
    head, ours = text.split("## Questions of this project")
    assert "We ask" in ours and "We ask" not in head
    assert f"- {link}\n  - NIQE, full against a control: supported." in text.partition("## Beside the claims")[2]
    assert text.count("'supported' in 10.6 % of comparisons") == 1
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1


def test_the_readme_has_the_headlines_and_the_counts_of_both_papers(docs):
    text = claims_page.headlines(docs.parents[1] / "README.md")
    link = "[ablation_backward_cycle](results/laptop/ablation_backward_cycle.ipynb)"
    assert f"| DCD-GAN: It needs the cycle | supported, `laptop`, 3 seeds | {link} |" in text
    assert "sharp" not in text and text.endswith("and project page: 1 supported, 1 not tested, 1 not run yet.")
