"""The page of cost says what the records say."""

import json

import pandas as pd

from rainmer_lib import paths
from rainmer_lib.workflow import benchmarks_page

MACHINE = {"cores": 2, "architecture": "x86_64", "instructions": "AVX512", "load": 1.5, "torch": "2.13.0", "python": "3.12.3"}


def test_the_page_reads_its_numbers(tmp_path, monkeypatch):
    folder = tmp_path / benchmarks_page.FOLDER
    folder.mkdir(parents=True)
    pd.DataFrame({
        "panel": ["batch"] * 2 + ["images"] * 2, "series": ["step"] * 2 + ["net"] * 2, "size": [1, 4, 0.0164, 0.0369],
        "seconds": [0.25, 0.5, 0.01, 0.03], "ratio": [1, 2, 1, 3],
    }).to_csv(folder / "growth.csv", index=False)  # fmt: skip
    (folder / "machine.json").write_text(json.dumps(MACHINE))
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    text = benchmarks_page.tables(tmp_path / "docs" / "benchmarks.md")
    assert "2 cores (x86_64, AVX512) with torch 2.13.0 and Python 3.12.3" in text and "a load of 1.5" in text
    assert "(../results/benchmarks/growth.png)" in text
    assert "| megapixels | 0.0164 | 0.0369 | the first, ms |\n|---|---|---|---|\n| net | 1.00 x | 3.00 x | 10 |" in text
    assert "| step | 1.00 x | 2.00 x | 250 |" in text and text.index("megapixels |") < text.index("images in a batch")
