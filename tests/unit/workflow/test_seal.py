"""Folders from before there were seals are sealed once; what is damaged is named and not sealed, what changes is left."""

import pandas as pd
import pytest
from random_runs import random_run

from rainmer_lib.data.layouts import Entry
from rainmer_lib.metrics.protocols import PROTOCOLS
from rainmer_lib.pretrained.models import load_folder
from rainmer_lib.training.seal import SEAL, sums
from rainmer_lib.workflow.seal import main


@pytest.fixture
def runs(tmp_path):
    """A folder of two finished runs with a log and a table, of one that is not finished, and of a folder of no run."""
    for seed in (0, 1):
        old = random_run(tmp_path, seed=seed)
        (old / "log.jsonl").write_text('{"step": 3, "colour": 0.5}\n')
        table(old).to_csv(old / "scores-held-out.csv", index=False)
        (old / "checkpoint.pt").write_bytes(b"x")
    young = random_run(tmp_path, seed=2, finished=False)
    (young / "log.jsonl").write_text('{"step": 3}\n')
    (tmp_path / "measured").mkdir()
    return tmp_path


def table(folder, images=3):
    rows = [(str(k), protocol, 30.0, 0.5) for k in range(images) for protocol in PROTOCOLS]
    return pd.DataFrame(rows, columns=["image", "protocol", "psnr", "ssim"])


def finished(runs):
    return sorted(path.parent for path in runs.glob("*/finished.json"))


FILES = {"config.json", "log.jsonl", "derain.safetensors", "finished.json", "scores-held-out.csv"}


def test_every_finished_run_is_sealed_once(runs, capsys):
    assert main([str(runs)]) == 0
    assert [set(sums(folder)) for folder in finished(runs)] == [FILES, FILES]
    assert len(list(runs.glob(f"*/{SEAL}"))) == 2
    said = capsys.readouterr().out
    assert said.count("files sealed: 5") == 2 and said.count("not finished, left as it is") == 1
    before = [(folder / SEAL).read_bytes() for folder in finished(runs)]
    assert main([str(folder) for folder in finished(runs)]) == 0 and capsys.readouterr().out.count("nothing new to seal") == 2
    assert [(folder / SEAL).read_bytes() for folder in finished(runs)] == before
    load_folder(finished(runs)[0])


def replaced(name, content):
    return lambda folder: (folder / name).write_bytes(content)


DAMAGES = {
    "config.json": replaced("config.json", b"{}"), "finished.json": replaced("finished.json", b"{"),
    "log.jsonl": replaced("log.jsonl", b"hello\n"), "derain.safetensors": replaced("derain.safetensors", b"\x08" * 99),
    "scores-held-out.csv": replaced("scores-held-out.csv", b"image,psnr\n1,30\n2"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_damaged_is_named_and_not_sealed(runs, name, capsys):
    one, two = finished(runs)
    DAMAGES[name](one)
    assert main([str(runs)]) == 1
    assert f"{one / name}" in capsys.readouterr().err
    assert name not in sums(one) and set(sums(two)) == FILES


def test_what_changed_after_it_was_sealed_is_named_and_stays_unsealed(runs, capsys):
    main([str(runs)])
    one, two = finished(runs)
    table(one, images=2).to_csv(one / "scores-held-out.csv", index=False)
    (two / "derain.safetensors").unlink()
    (two / "scores-new.csv").write_text("image,niqe\n1,3.5\n")
    assert main([str(runs)]) == 1
    said = capsys.readouterr()
    assert f"{one / 'scores-held-out.csv'}: damaged, changed" in said.err
    assert f"{two / 'derain.safetensors'}: listed in {SEAL}, but missing" in said.err
    assert f"{two}: files sealed: 1" in said.out and set(sums(two)) == FILES | {"scores-new.csv"}


def test_a_table_lacks_no_image_of_a_set_that_is_here(runs, capsys, monkeypatch):
    folder = finished(runs)[0]
    monkeypatch.setattr("rainmer_lib.data.registry.Split.present", lambda split: True)
    monkeypatch.setattr("rainmer_lib.workflow.seal.benchmark_entries", lambda _: [Entry(k, None, None) for k in "0123"])
    table(folder, images=3).to_csv(folder / "scores-rain12.csv", index=False)
    assert main([str(folder)]) == 1
    assert f"{folder / 'scores-rain12.csv'}: not the rows and columns" in capsys.readouterr().err
    table(folder, images=4).to_csv(folder / "scores-rain12.csv", index=False)
    assert main([str(folder)]) == 0


def test_a_run_under_another_name_is_named(runs, capsys):
    finished(runs)[0].rename(runs / "other")
    assert main([str(runs / "other")]) == 1 and "by this file the run is dcdgan-" in capsys.readouterr().err


def test_a_place_without_runs_is_refused(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2 and main([str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.count("no folder of a run, and none that holds such folders") == 2
