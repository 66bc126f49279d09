"""Shared weights: what is saved is what is loaded, without a network, and nothing damaged passes."""

import json
import socket
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from random_runs import random_run

pytest.importorskip("huggingface_hub", reason='needs the hub: pip install "rainmer[hub]"')

from rainmer_lib.inference.derain import derain
from rainmer_lib.pretrained.hub import PretrainedDerainer
from rainmer_lib.pretrained.models import DEFAULT, SHIPPED, load_model


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was tried")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


FILES = {"config.json", "model.safetensors", "README.md", "SHA256SUMS"}


@pytest.fixture
def saved(tmp_path):
    PretrainedDerainer.from_pretrained(DEFAULT).save_pretrained(tmp_path / "shared")
    return tmp_path / "shared"


def test_a_round_trip_keeps_every_weight_the_run_and_the_card(saved, tmp_path):
    first, second = PretrainedDerainer.from_pretrained(DEFAULT), PretrainedDerainer.from_pretrained(saved)
    assert {p.name for p in saved.iterdir()} == FILES | {p.name for p in (SHIPPED / DEFAULT).glob("*.png")}
    original = load_model(DEFAULT).state_dict()
    assert all(torch.equal(v, original[k]) for k, v in second.network.state_dict().items()) and len(original) > 20
    assert second.run == first.run == json.loads((SHIPPED / DEFAULT / "config.json").read_text()) and not second.training
    assert json.loads((saved / "config.json").read_text()) == first.run, "that of the run"
    assert second.card.endswith(first.card) and second.card.startswith("---\n") and "license: mit" in second.card
    second.save_pretrained(tmp_path / "again")
    for file in saved.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_any_size_goes_through_as_by_the_command_line(saved):
    model = PretrainedDerainer.from_pretrained(str(saved))
    images = torch.rand(2, 3, 37, 50, generator=torch.Generator().manual_seed(0))
    network = load_model(DEFAULT)
    for options in ({}, {"strength": 0.5}):
        expected = np.stack([derain(network, image.permute(1, 2, 0).numpy(), **options) for image in images])
        assert torch.equal(model(images, **options), torch.from_numpy(expected).permute(0, 3, 1, 2))
        assert expected.shape == (2, 37, 50, 3)
    for wrong in (images[0], images[:, :2], (255 * images).to(torch.uint8), 255 * images):
        with pytest.raises(ValueError, match=r"in \[0, 1\]"):
            model(wrong)


@pytest.mark.slow
def test_a_folder_of_a_run_is_taken_as_well(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "nothing"))
    run = random_run(tmp_path, data="894327179edd2964", steps=1200, batch=4, crop=48)
    model = PretrainedDerainer.from_pretrained(run)
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(model.network(image), load_model(run)(image))
    assert "1,200 steps of 4 crops of 48 pixels" in model.card and model.run["data"] == "894327179edd2964"


def test_auto_is_the_default():
    assert PretrainedDerainer.from_pretrained("auto").card == PretrainedDerainer.from_pretrained(DEFAULT).card


def test_the_pictures_of_a_card_go_along(tmp_path):
    """Those that it shows; a folder that was saved hands them on."""
    run = random_run(tmp_path)
    (run / "README.md").write_text("# a\n\n![rainy, derained](shown.png)\n\n**Limits.** Many.\n")
    for name in ("shown.png", "other.png"):
        (run / name).write_bytes(name.encode())
    for source, target in ((run, tmp_path / "once"), (tmp_path / "once", tmp_path / "twice")):
        PretrainedDerainer.from_pretrained(source).save_pretrained(target)
        assert {path.name for path in target.iterdir()} == FILES | {"shown.png"}
        assert (target / "shown.png").read_bytes() == b"shown.png"


@pytest.mark.parametrize("name", ["nowhere", "./nowhere", "/no/where", "a/b/c"])
def test_a_folder_that_is_not_there_is_named_and_not_looked_for_elsewhere(name):
    with pytest.raises(FileNotFoundError, match=f"{name}: no such folder; give a folder, a shipped network [(].*{DEFAULT}"):
        PretrainedDerainer.from_pretrained(name)


def test_missing_and_damaged_files_are_named(saved):
    damages = [("model.safetensors", b"\x08" * 100), ("config.json", b"{"), ("config.json", b"[]"), ("config.json", b"{}")]
    stored = json.loads((saved / "config.json").read_text())
    stored["config"]["width"] += 8
    damages += [("config.json", json.dumps(stored).encode())]
    for file, content in damages:
        whole = (saved / file).read_bytes()
        (saved / file).write_bytes(content)
        with pytest.raises(ValueError, match=f"{saved}/(model|config)"):
            PretrainedDerainer.from_pretrained(saved)
        (saved / file).write_bytes(whole)
    for file in ("model.safetensors", "config.json"):
        (saved / file).unlink()
        with pytest.raises(FileNotFoundError, match=f"{saved} holds no"):
            PretrainedDerainer.from_pretrained(saved)


def test_weights_that_lack_a_tensor_are_refused(saved):
    """The mixin's own loader would leave what lacks at random."""
    from safetensors.torch import load_file, save_file

    weights = load_file(saved / "model.safetensors")
    weights.pop(next(iter(weights)))
    save_file(weights, saved / "model.safetensors")
    with pytest.raises(ValueError, match="model.safetensors: damaged, changed or another file"):
        PretrainedDerainer.from_pretrained(saved)
    (saved / "SHA256SUMS").unlink()
    with pytest.raises(ValueError, match="not the weights of this configuration"):
        PretrainedDerainer.from_pretrained(saved)


def test_a_card_of_another_model_is_kept_and_said_and_a_model_without_card_is_not_shared(saved, tmp_path):
    (saved / "README.md").write_text("# mine\n")
    with pytest.warns(UserWarning, match="kept, though it is not the card"):
        PretrainedDerainer.from_pretrained(DEFAULT).save_pretrained(saved)
    assert (saved / "README.md").read_text() == "# mine\n"
    untold = PretrainedDerainer("dcdgan", {"width": 4, "blocks": 1, "taps": ["down1"]})
    with pytest.raises(ValueError, match="has no card"):
        untold.save_pretrained(tmp_path / "untold")
    assert not (tmp_path / "untold" / "model.safetensors").exists()


def test_push_to_hub_hands_the_whole_folder_to_the_hub(monkeypatch, saved):
    calls = []

    class Api:
        def __init__(self, token=None):
            calls.append(("token", token))

        def create_repo(self, repo_id, private, exist_ok):
            return SimpleNamespace(repo_id=repo_id)

        def upload_folder(self, repo_id, folder_path, commit_message, **_):
            calls.append((repo_id, commit_message, {p.name: p.read_bytes() for p in folder_path.iterdir()}))
            return "where it lies"

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Api)
    pushed = PretrainedDerainer.from_pretrained(saved).push_to_hub("user/model", commit_message="weights", token="mine")
    assert pushed == "where it lies" and calls[0] == ("token", "mine")
    assert calls[1] == ("user/model", "weights", {p.name: p.read_bytes() for p in saved.iterdir()})


def test_a_repository_is_fetched_by_the_hubs_client_with_no_more_than_its_files(monkeypatch, saved):
    asked = {}

    def snapshot(repo_id, **options):
        asked.update(options, repo_id=repo_id)
        return str(saved)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    model = PretrainedDerainer.from_pretrained("user/model", revision="v1")
    files = asked.pop("allow_patterns")
    assert asked == {"repo_id": "user/model", "revision": "v1"} and set(files) == FILES
    assert model.run == json.loads((saved / "config.json").read_text())
    with pytest.raises(TypeError, match="none of the options revision"):
        PretrainedDerainer.from_pretrained(saved, revision="v1")
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: (_ for _ in ()).throw(OSError("401")))
    with pytest.raises(FileNotFoundError, match="user/model: no such folder, and the download from the hub failed"):
        PretrainedDerainer.from_pretrained("user/model")


@pytest.mark.slow
def test_without_the_extra_the_message_names_it_and_such_a_folder_can_still_be_read(saved):
    script = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from rainmer_lib.pretrained.models import load_model; load_model(sys.argv[1])\n"
        "import rainmer_lib.pretrained.hub"
    )
    done = subprocess.run([sys.executable, "-c", script, saved], capture_output=True, text=True)
    assert done.returncode == 1
    assert 'ImportError: rainmer_lib.pretrained.hub needs huggingface_hub: pip install "rainmer[hub]"' in done.stderr
