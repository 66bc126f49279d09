"""The claims of the papers: each complete, and of an item that exists."""

import pytest

from rainmer_lib import paths
from rainmer_lib.workflow import stated
from rainmer_lib.workflow.catalogue import ITEMS


@pytest.mark.parametrize("claim", stated.CLAIMS, ids=lambda claim: claim.says)
def test_a_claim_names_what_decides_it_or_why_nothing_does(claim):
    assert bool(claim.untested) != bool(claim.record)
    if claim.record:
        assert claim.pairs and claim.measures and (paths.REPOSITORY / "notebooks" / f"{claim.notebook}.ipynb").exists()
    assert claim.where and not claim.says.endswith(".") and "|" not in claim.says + claim.untested
    labels = {(item.paper, item.label) for item in ITEMS}
    assert not claim.item or (claim.paper, claim.item) in labels


def test_no_comparison_decides_two_claims_of_one_record():
    """Else it would be counted twice."""
    seen = [(c.record, pair, measure) for c in stated.CLAIMS for pair in c.pairs for measure in c.measures]
    assert len(seen) == len(set(seen)) > 50


def test_every_item_with_a_record_of_claims_and_every_ablation_has_a_claim():
    claimed = {(claim.paper, claim.item) for claim in stated.CLAIMS}
    assert {(item.paper, item.label) for item in ITEMS} - claimed == {("DCD-GAN", "Table 2"), ("DCD-GAN", "Fig. 2")}


def test_six_claims_of_both_papers_are_headlines():
    shown = [claim for claim in stated.CLAIMS if claim.headline]
    assert len(shown) == 6 and {claim.paper for claim in shown} == {"DCD-GAN", "Rainmer"}
    assert not any(claim.untested or claim.ours for claim in shown)
