"""Each script of benchmarks/ that this project's pages quote runs whole at a tiny size; nothing is timed."""

import json
import runpy
import sys

import pandas as pd
import pytest

from rainmer_lib import paths
from rainmer_lib.networks import fast_training, separable
from rainmer_lib.plots.growth import PANELS
from rainmer_lib.rainmer import backbone
from rainmer_lib.rainmer.mefc import MEFC

SCRIPTS = paths.REPOSITORY / "benchmarks"


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a script with words in this process; what it prints, a list of words for each line."""
    monkeypatch.syspath_prepend(SCRIPTS)

    def call(name, *words):
        monkeypatch.setattr(sys, "argv", [str(SCRIPTS / name), *map(str, words)])
        runpy.run_path(str(SCRIPTS / name), run_name="__main__")
        return [line.split() for line in capsys.readouterr().out.splitlines()]

    return call


@pytest.mark.slow
def test_megapixels(run):
    head, row = run("megapixels.py", "--models", "dcdgan-small", "--megapixels", 0.02, "--tiles", 0, "--threads", 1)
    assert head[0] == "network" and row[:5] == ["dcdgan-small", "0.02", "default", "-", "1"]
    assert all(float(number) > 0 for number in row[5:8])


@pytest.mark.slow
def test_rainmer_inference(run):
    _, row, *masks = run("rainmer_inference.py", "--size", "tiny", "--repeat", 1, "--masks", 1, "--kinds", "independent")
    assert row[:2] == ["independent", "pass"] and [line[0] for line in masks] == ["independent", "loop", "chained"]


def test_rainmer_step_time(run, monkeypatch):
    """What the script replaces in modules is put back for the tests after it."""
    monkeypatch.setattr(MEFC, "forward", MEFC.forward)
    for module in (fast_training, separable, backbone):
        monkeypatch.setattr(module, "trains_on_cpu", module.trains_on_cpu)
    head, *rows = run("rainmer_step_time.py", "--profile", "quick", "--repeat", 1)
    assert head[:5] == ["one", "step", "at", "quick,", "2"] and [row[0] for row in rows] == ["ours", "plain", "released"]
    assert rows[0][3:] == ["1.00", "x", "ours"] and all(float(row[1]) > 0 for row in rows)


def test_folder(run):
    head, row = run("folder.py", "--model", "dcdgan-small", "--formats", "png", "--images", 2, "--side", 48, "--repeat", 1)
    assert head[1] == "72x48," and [row[index] for index in (0, 1, 4, 7)] == ["png", "read", "network", "write"]


def test_folder_writes_the_same_files_either_way(run, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    import folder
    import numpy as np

    from rainmer_lib.data.image_decoding import ImageFile
    from rainmer_lib.data.image_files import write_image
    from rainmer_lib.pretrained.models import load_model

    images = [tmp_path / f"{seed}.png" for seed in range(3)]
    for seed, image in enumerate(images):
        rgb = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), dtype=np.uint8)
        write_image(image, rgb, ImageFile(rgb))
    for way in (folder.one_by_one, folder.overlapped):
        way(load_model("dcdgan-small"), images, tmp_path / way.__name__)
    for image in images:
        written = [(tmp_path / way / image.name).read_bytes() for way in ("one_by_one", "overlapped")]
        assert written[0] == written[1]


@pytest.mark.slow
def test_growth(run, tmp_path):
    run("growth.py", "--tiny", "--repeat", 1, "--only", "images", "batch", "negatives", "--out", tmp_path)
    found, machine = pd.read_csv(tmp_path / "growth.csv"), json.loads((tmp_path / "machine.json").read_text())
    assert list(dict.fromkeys(found.panel)) == ["images", "batch", "negatives"] and set(found.panel) < set(PANELS)
    assert (found.groupby(["panel", "series"]).ratio.first() == 1).all() and (found.seconds > 0).all()
    assert set(machine) == {"cores", "architecture", "instructions", "load", "torch", "python"}
    assert (tmp_path / "growth.png").stat().st_size > 1000
