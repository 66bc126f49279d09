"""Executed notebooks of a small repository."""

import base64
import io
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image


def png(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (600, 300), colour).save(buffer, "PNG")
    return buffer.getvalue()


def ranked(better, worse, metric, verdict):
    return {"test_set": "rain100l", "metric": metric, "better": better, "worse": worse, "difference": 0.1, "spread": 0.01,
            "seeds": 5, "verdict": verdict}  # fmt: skip


@pytest.fixture
def write_notebook():
    """Writes an executed notebook with a picture; its path."""

    def write(path, text="# Title\n\nwords", colour="red"):
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = new_output("display_data", {"image/png": base64.b64encode(png(colour)).decode()})
        cells = [new_markdown_cell(text), new_code_cell("1", outputs=[picture], execution_count=1)]
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return write


@pytest.fixture
def results(tmp_path, write_notebook):
    """ablation_negatives at two profiles, one walkthrough, and notebooks that are no results."""
    folder = tmp_path / "repository" / "results"
    for profile in ("quick", "laptop"):
        path = write_notebook(folder / profile / "ablation_negatives.ipynb", text=f"# Negatives\n\nat {profile}")
        claims = [ranked("both", "internal", "psnr", "supported"), ranked("internal", "external", "psnr", "supported"),
                  ranked("internal", "both", "ssim", "inconclusive"), ranked("both", "external", "ssim", "inconclusive"),
                  ranked("a control", "both", "psnr", "contradicted")]  # fmt: skip
        facts = {"claims": claims, "commit": "abc", "versions": {"torch": "2.13"}, "device": "cpu", "runs": []}
        path.with_suffix(".json").write_text(json.dumps(facts))
        path.with_suffix(".csv").write_text("method,psnr\n")
        path.with_suffix(".md").write_text("| negatives | PSNR |\n| --- | --- |\n| input | 25.00 |\n| both | 27.00 ± 1.41 |\n")
        path.with_suffix(".png").write_bytes(png("green"))
        path.with_name("ablation_negatives-crops.png").write_bytes(png("blue"))
    write_notebook(folder / "quick" / "walkthroughs" / "02_measuring_deraining.ipynb")
    for name in ("quick/ablation_negatives__seeds-1", "laptop/runs/x/y", "quick/cut.partial", "quick/.ipynb_checkpoints/z"):
        write_notebook(folder / f"{name}.ipynb")
    return folder
