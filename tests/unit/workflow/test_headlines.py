"""Headline numbers come from the files, at the right place."""

import pytest

from rainmer_lib import paths
from rainmer_lib.workflow import catalogue, headlines


@pytest.fixture
def results(tmp_path, monkeypatch):
    (tmp_path / "results" / "laptop").mkdir(parents=True)
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    return tmp_path / "results" / "laptop"


def test_the_mean_over_seeds_on_rain100l_under_prenet(results):
    rows = ["method,seed,test_set,protocol,psnr,ssim", "input,-1,rain100l,prenet,26.0,0.8", "full,0,rain100l,prenet,29.0,0.9",
            "full,1,rain100l,prenet,28.0,0.9", "full,0,rain100l,rgb,27.0,0.9", "full,0,held-out,prenet,20.0,0.9"]  # fmt: skip
    (results / "table.csv").write_text("\n".join(rows))
    assert headlines.ours("table") == "28.50 dB, rainy input 26.00 (Rain100L)"


def test_rainmers_items_have_its_own_protocol_and_record(results):
    rows = ["method,seed,test_set,protocol,psnr,ssim", "input,-1,day,prenet,26.0,0.8", "full,0,day,prenet,29.0,0.9",
            "input,-1,day,rainmer,27.0,0.8", "full,0,day,rainmer,31.0,0.9"]  # fmt: skip
    (results / "some-part.csv").write_text("\n".join(rows))
    found = {paper: catalogue.Item(paper, "", "", "some", record="some-part").ours for paper in ("DCD-GAN", "Rainmer")}
    assert found == {"DCD-GAN": "29.00 dB, rainy input 26.00 (day)", "Rainmer": "31.00 dB, rainy input 27.00 (day)"}
    assert catalogue.Item("Rainmer", "", "", "some").ours == ""


def test_real_photos_have_niqe(results):
    (results / "real.csv").write_text("method,seed,test_set,niqe,brisque\ninput,-1,real147,4.5,20\nDCD-GAN,0,real147,4.0,19\n")
    assert headlines.ours("real") == "NIQE 4.00, rainy input 4.50 (Real147)"


def test_nothing_is_printed_where_nothing_is():
    assert headlines.ours("no_such_notebook") == headlines.printed("") == headlines.printed("dcdgan_released_code") == ""


def test_the_papers_own_rows():
    assert headlines.printed("dcdgan_table5") == headlines.printed("dcdgan_table1") == "25.61 dB (Test100)"
    assert headlines.printed("dcdgan_table3") == "NIQE 4.03" and headlines.printed("rainmer_results") == "36.42 dB (Rain100L)"
