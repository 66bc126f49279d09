"""The four published sets, unpaired: what is drawn from what, what is held out, and what differs from the paper."""

import numpy as np
import published_sets
import pytest
import torch
from painted import scene, under_rain

from rainmer_lib.data.published_rain import TESTS, published_rain
from rainmer_lib.data.unpaired import SOURCES, unpaired

NAMES = list(published_sets.FOLDERS)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    return tmp_path


def near(a, b):
    """Equal but for the losses of JPEG."""
    return a.shape == b.shape and np.abs(a.astype(int) - b).mean() < 6


@pytest.mark.parametrize(("name", "first"), [*zip(NAMES, (0, 1000, 2000, 3000), strict=True)])
def test_rainy_and_clean_photos_of_one_set_are_drawn_independently(root, name, first):
    published_sets.make(root, name)
    data, rains = unpaired(name), 2 if name == "ddn-data" else 1
    assert len(data.rainy_photos) == len(data.partners) == 9 * rains == data.photos and len(data.clean_photos) == 9
    assert len(data.held_out) == 1 and data.test_sets == TESTS[name][:1]
    scenes = [scene(first + i, published_sets.SIZE) for i in range(10)]
    held = next(i for i in range(10) if near(data.held_out[0].clean, scenes[i]))
    shown = [i for i in range(10) if any(near(photo, scenes[i]) for photo in data.clean_photos)]
    assert shown == [i for i in range(10) if i != held], "a held-out scene is trained on"
    for rainy, clean in zip(data.rainy_photos, data.partners, strict=True):
        rain = rainy.astype(int) - clean
        assert rain.mean() > 0.2 and np.abs(np.median(rain)) <= 6, "roles are exchanged, or partners are not partners"
    batch, pairs = data.batch(0, 4, 48, 0), data.paired_batch(0, 4, 48, 0)
    assert batch.rainy.shape == pairs.clean.shape == (4, 3, 48, 48)
    assert (pairs.rainy - pairs.clean).abs().mean() < 0.05 < (batch.rainy - batch.clean).abs().mean()
    told = "\n".join(data.remarks)
    assert "drawn independently, of the same scenes" in told
    assert "held out, where the paper trains on all: 1 scenes of 10" in told
    assert f"this copy has {10 * rains} pairs, registered are" in told and "mirrored left to right" in told


@pytest.mark.parametrize("name", ["rain800-halves", "ddn-data-halves"])
def test_halves_share_no_scene(root, name):
    published_sets.make(root, name.removesuffix("-halves"))
    data = unpaired(name)
    first = 2000 if name.startswith("ddn") else 0
    seen = {
        kind: {i for i in range(10) if any(near(photo, scene(first + i, published_sets.SIZE)) for photo in photos)}
        for kind, photos in (("behind rain", data.partners), ("clean", data.clean_photos))
    }
    assert not seen["behind rain"] & seen["clean"] and [len(s) for s in seen.values()] == [4, 5]
    assert data.photos == 4 * (2 if first else 1) and "disjoint halves" in data.remarks[0]
    assert data.fingerprint != unpaired(name.removesuffix("-halves")).fingerprint


def test_photos_are_read_when_they_are_drawn(root, monkeypatch):
    """Also where none fits into memory: the batches are the same."""
    from rainmer_lib.data import layouts, photo_files

    published_sets.make(root, "did-data")
    asked, really = [], layouts.read
    monkeypatch.setattr(layouts, "read", lambda entry: asked.append(entry.name) or really(entry))
    roomy = unpaired("did-data")
    held = len(asked)
    assert held <= 1, "listing reads nothing but held-out pairs"
    expected = [roomy.batch(step, 2, 48, 3) for step in range(3)]
    monkeypatch.setattr(photo_files, "LARGEST", 0)
    narrow = unpaired("did-data")
    for step in range(3):
        assert all(torch.equal(a, b) for a, b in zip(narrow.batch(step, 2, 48, 3), expected[step], strict=True))
    assert not narrow.rainy_photos.in_memory


def test_the_sequence_of_fig_9_has_what_is_here(root):
    for name in ("did-data", "rain800"):
        published_sets.make(root, name)
    published_sets.two_folders(root, "Rain12")
    data = unpaired("did-data")
    assert data.test_sets == ("did-data", "rain12", "rain800")
    assert "not here: ddn-data, rain100l" in data.remarks[-1]


def test_what_is_wrong_with_a_copy_is_said(root):
    with pytest.raises(FileNotFoundError, match="DID-Data is not there: .*RAINMER_DATA.*DID-MDN"):
        published_rain("did-data")
    published_sets.make(root, "ddn-data")
    (root / "DDN-Data" / "train" / "ground_truth" / "3.jpg").unlink()
    with pytest.raises(ValueError, match="without a partner: 3_1.jpg, 3_2.jpg"):
        published_rain("ddn-data")
    for path in (root / "DDN-Data" / "train").rglob("[3-9]*.jpg"):
        path.unlink()
    with pytest.raises(ValueError, match="training needs those of at least 4 scenes"):
        published_rain("ddn-data")


def test_crops_larger_than_a_photo_and_the_names_of_the_sets(root):
    published_sets.make(root, "spa-data", size=(40, 60))
    assert unpaired("spa-data").batch(0, 2, 48, 0).clean.shape == (2, 3, 48, 48)
    assert {*NAMES, *(f"{name}-halves" for name in NAMES)} == set(SOURCES) - {"embedded", "bsd-streaks"}
    assert under_rain(scene(1), 1).shape == scene(1).shape
