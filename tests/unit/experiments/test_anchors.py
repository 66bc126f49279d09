"""Published weights of one's own download against what is known of them."""

import pandas as pd
import pytest

from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments import anchors
from rainmer_lib.experiments.compare import score_input
from rainmer_lib.methods import METHODS
from rainmer_lib.pretrained.convert import convertible


@pytest.fixture
def folder(noise_pair, generator, monkeypatch, tmp_path):
    """Folder with weights of BRN, for Rain100L, in place of which a generator answers, on two pairs of noise."""
    pairs = [noise_pair("01", 0), noise_pair("2", 1)]
    monkeypatch.setattr(anchors, "benchmark_pairs", lambda name: iter(pairs))
    monkeypatch.setattr(anchors, "load_folder", lambda path: Same() if path.name == "brn-rain100l" else generator)
    (tmp_path / "brn-rain100l").mkdir()
    return tmp_path, pairs


class Same:
    """Network that changes nothing."""

    def to(self, device):
        """Return itself."""
        return self


def test_what_is_there_is_scored_and_compared(folder, monkeypatch):
    root, pairs = folder
    monkeypatch.setattr(anchors, "derain", lambda network, image: image)
    table = score_input("held-out", UnpairedRain("tiny", [], [], [], pairs, "")).query("protocol == 'prenet'")
    psnr = table.psnr.mean()
    known = pd.DataFrame({
        "weights": ["brn-rain100l", "brn-rain100l", "prn-rain100l"], "test_set": ["rain100l", "rain12", "rain100l"],
        "psnr": [psnr + 0.009, psnr + 0.011, 1.0], "ssim": 0.5, "printed": ["38.16 / 0.982", None, None], "source": "authors",
    })  # fmt: skip
    monkeypatch.setattr(anchors, "published", lambda name: known)
    said = []
    found = anchors.check(root, said.append)
    assert said == ["brn-rain100l on rain100l", "brn-rain100l on rain12"]
    assert found["PSNR"].tolist() == pytest.approx([psnr, psnr]) and found.reached.tolist() == [True, False]
    assert found.printed.tolist() == ["38.16 / 0.982", ""]


def test_every_known_name_is_that_of_a_method_whose_weights_can_be_converted(tmp_path):
    known = anchors.published("weights_anchors")
    assert {name.partition("-")[0] for name in known.weights} <= set(convertible()) & (set(METHODS) | {"sirr"})
    with pytest.raises(FileNotFoundError, match="holds no folder of converted weights; known are prenet-rain100l"):
        anchors.check(tmp_path)
