"""The registry: its own file is sound, a wrong field stops it, names are looked up and paired sets are read by name."""

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.data import registry
from rainmer_lib.data.test_sets import benchmark_pairs

GOOD = """
[toy]
title = "Toy"
kind = "paired"
what = "two pairs"
licence = "none"
citation = "nobody"
get = "draw it"
[toy.splits.test]
folder = "Toy"
layouts = [{ kind = "two-folders", rainy = "rain", clean = "norain" }]
count = 2
psnr = 20.5
"""


def test_the_sets_of_both_papers_are_there_with_their_counts():
    counts = {name: registry.lookup(name)[1].count for name in ("rain800", "did-data", "ddn-data", "spa-data", "Rain100H")}
    assert counts == {"rain800": 100, "did-data": 1200, "ddn-data": 1400, "spa-data": 1000, "Rain100H": 100}
    assert registry.lookup("rain13k")[1].count == 13711 and registry.lookup("gt-rain/train")[1].count == 26124
    assert registry.lookup("gt-rain/test")[1].count is None, "no source states it"
    assert registry.lookup("bsds500/leak-free")[1].count == 397
    for benchmark in registry.BENCHMARKS.values():
        assert all((benchmark.what, benchmark.get, benchmark.licence, benchmark.citation))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('what = "two pairs"', 'waht = "two pairs"', r"\[toy\]: unknown field 'waht', did you mean 'what'"),
        ('title = "Toy"\n', "", r"\[toy\]: field 'title' is missing"),
        ("count = 2", "count = 2.5", r"\[toy.splits.test\] count = 2.5: expected int"),
        ("count = 2", "count = true", r"\[toy.splits.test\] count = True: expected int"),
        ("psnr = 20.5", 'psnr = "20.5"', r"psnr = '20.5': expected float"),
        ("count = 2", 'sizes = [480, 320]', r"sizes = \[480, 320\]: expected a list of str"),
        ('kind = "paired"', 'kind = "pairs"', "kind = 'pairs': choose one of paired, rainy, clean, streaks"),
        ("two-folders", "two-files", "layout kind 'two-files': choose one of two-folders"),
        ('clean = "norain"', 'truth = "norain"', "layout two-folders: missing a required argument: 'clean'"),
        ('rainy = "rain",', 'rainy = "rain", suffix = "x",', "layout two-folders: got an unexpected keyword argument 'suffix'"),
        ("[toy]", "[toy", "benchmarks.toml: "),
        ("psnr = 20.5", '[toy.download]\nurl = "http://x/a.zip"', r"\[toy.download\]: field 'sha256' is missing"),
    ],
)
def test_a_wrong_field_stops_with_its_place(old, new, message):
    assert old in GOOD and registry.load(GOOD)["toy"].split().count == 2
    with pytest.raises(ValueError, match=message):
        registry.load(GOOD.replace(old, new, 1))


def test_an_unknown_name_is_answered_with_close_ones():
    with pytest.raises(ValueError, match="'rain100': did you mean .*rain100[lh]"):
        registry.benchmark("rain100")
    with pytest.raises(ValueError, match="'kitchen': choose one of rain100l, "):
        registry.benchmark("kitchen")
    with pytest.raises(ValueError, match="all-in-one: choose one of all-in-one/train, all-in-one/raindrop"):
        registry.lookup("all-in-one")
    assert registry.lookup("bsds500")[1].name == "all"
    with pytest.raises(ValueError, match="rain12/train: choose one of rain12/test"):
        registry.lookup("rain12/train")


def write_pairs(folder, names, size=(24, 16)):
    for part in ("input", "target"):
        (folder / part).mkdir(parents=True)
        for i, name in enumerate(names):
            Image.new("RGB", size, (i, i, 100 if part == "input" else 50)).save(folder / part / name)


def test_any_registered_paired_set_is_read_in_the_layout_it_lies_in(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    write_pairs(tmp_path / "Rain800/test", [f"{i}.png" for i in range(98)])
    pairs = list(benchmark_pairs("rain800"))
    assert len(pairs) == 98, "the known package of 98 is as good as the whole set"
    assert pairs[0].name == "0" and (pairs[0].rainy[..., 2] == 100).all() and (pairs[0].clean[..., 2] == 50).all()
    for part in ("input", "target"):
        (tmp_path / "Rain800/test" / part / "97.png").unlink()
    with pytest.raises(ValueError, match="expected 100 pairs, found 97 rainy and 97 clean$"):
        benchmark_pairs("rain800")
    (tmp_path / "Rain800/test/input/0.png").unlink()
    with pytest.raises(ValueError, match="expected 100 pairs, found 96 rainy and 97 clean; without a partner: 0.png"):
        benchmark_pairs("rain800")
    with pytest.raises(FileNotFoundError, match="DID-Data is not there: no folder .*RAINMER_DATA.*hezhangsprinter"):
        benchmark_pairs("did-data")
    with pytest.raises(ValueError, match="Real147.* has no pairs"):
        benchmark_pairs("real147")


def test_a_pair_of_unequal_sizes_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    write_pairs(tmp_path / "Rain12", [f"{i}.png" for i in range(12)])
    (tmp_path / "Rain12/target").rename(tmp_path / "Rain12/groundtruth")
    Image.new("RGB", (23, 16)).save(tmp_path / "Rain12/groundtruth/11.png")
    with pytest.raises(ValueError, match=r"11.png: \(16, 24, 3\), its clean partner \(16, 23, 3\)"):
        list(benchmark_pairs("rain12"))


@pytest.mark.data
def test_raincityscapes60_is_a_benchmark():
    pairs = list(benchmark_pairs("raincityscapes60"))
    assert len(pairs) == 60 and {p.rainy.shape for p in pairs} == {p.clean.shape for p in pairs} == {(256, 512, 3)}
    assert all(np.mean(p.rainy) > np.mean(p.clean) for p in pairs), "rain and haze brighten"
