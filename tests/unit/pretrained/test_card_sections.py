"""Sections of a model card print the tables of the run, and nothing that is not in them."""

import pandas as pd
import pytest

from rainmer_lib.metrics.damage import MEASURES
from rainmer_lib.pretrained import card_sections
from rainmer_lib.pretrained.card_sections import damage_means, damage_section, gains, loading, pictures_section, scores_section


@pytest.fixture
def damaged(tmp_path):
    """Three photos, the columns in the order of `MEASURES`; the last has no rainy pixel, and two are not saturated."""
    rows = [("1", 0.2, 30.0, 1.0, 0.01, 20.0, 50.0), ("2", 0.7, 42.0, 3.0, 0.04, None, None),
            ("3", None, 36.0, 0.5, None, None, None)]  # fmt: skip
    pd.DataFrame(rows, columns=["image", *MEASURES]).to_csv(tmp_path / "damage.csv", index=False)
    return tmp_path


def test_damage_is_mean_worst_and_the_number_of_images(damaged):
    lines = {line.split(" | ")[0]: line.split(" | ")[1:5] for line in damage_section(damaged).splitlines() if "|" in line}
    assert lines["| rain left"] == ["45 %", "70 %", "100 %", "2"]
    assert lines["| dry photo"] == ["36.0 dB", "30.0 dB", "the same photo", "3"], "the worst PSNR is the smallest"
    assert lines["| tint"] == ["1.5 levels", "3.0 levels", "0 levels", "3"]
    assert lines["| ribs"] == ["2.5 %", "4.0 %", "0 %", "2"]
    assert lines["| ghosts"] == ["20 levels", "20 levels", "50 levels", "1"], "beside the error of the rainy photo there"
    assert damage_means(damaged)["rain_left"] == "45 %" and damage_means(damaged)["dry_psnr"] == "36.0 dB"


def test_what_no_image_has_is_not_a_row(damaged):
    table = pd.read_csv(damaged / "damage.csv")
    table.assign(ghosts=float("nan"), ghosts_before=float("nan")).to_csv(damaged / "damage.csv", index=False)
    section = damage_section(damaged)
    assert "| ribs |" in section and "| ghosts |" not in section and "nan" not in section


def test_without_a_table_there_is_no_section(tmp_path):
    assert damage_section(tmp_path) == "" and damage_means(tmp_path) == {}
    assert "None are recorded" in scores_section(tmp_path)


def test_every_measure_has_a_row():
    assert set(card_sections._MEASURES) == set(MEASURES) - {"ghosts_before"}


def test_held_out_photos_under_other_rain_are_named(tmp_path):
    for name in ("held-out", "under-rain12", "other"):
        pd.DataFrame([("1", "rgb", 20.0, 0.5)], columns=["image", "protocol", "psnr", "ssim"]).to_csv(
            tmp_path / f"scores-{name}.csv", index=False
        )
    names = [line.split(" | ")[0] for line in scores_section(tmp_path).splitlines() if "`rgb`" in line]
    assert names == ["| held-out photos", "| other", "| held-out photos, rain rain12"]


def test_scores_of_the_rainy_input_stand_beside_those_of_the_network(tmp_path):
    """Of the same set and protocol, in whatever order; a set on which the input is not scored has empty cells, and no gain."""
    for name, psnr in (("held-out", 30.0), ("rain12", 20.0), ("under-heavy", 25.0)):
        rows = [("1", "prenet", psnr, 0.5), ("2", "prenet", psnr + 2, 0.7), ("1", "rgb", psnr - 1, 0.4),
                ("2", "rgb", psnr, 0.4)]  # fmt: skip
        table = pd.DataFrame(rows, columns=["image", "protocol", "psnr", "ssim"])
        table.to_csv(tmp_path / f"scores-{name}.csv", index=False)
    assert "rainy input" not in scores_section(tmp_path) and gains(tmp_path) == {}
    rainy = [("rain12", "rgb", 15.0, 0.3, 2), ("rain12", "prenet", 22.5, 0.8, 2), ("held-out", "prenet", 27.25, 0.2, 2)]
    pd.DataFrame(rainy, columns=["test_set", "protocol", "psnr", "ssim", "images"]).to_csv(tmp_path / "input.csv", index=False)
    lines = scores_section(tmp_path).splitlines()
    assert "| test set | protocol | PSNR (dB) | SSIM | rainy input: PSNR, SSIM | images |" in lines
    assert "| held-out photos | `prenet` | 31.00 | 0.6000 | 27.25, 0.2000 | 2 |" in lines
    assert "| Rain12 | `prenet` | 21.00 | 0.6000 | 22.50, 0.8000 | 2 |" in lines
    assert "| Rain12 | `rgb` | 19.50 | 0.4000 | 15.00, 0.3000 | 2 |" in lines
    assert "| held-out photos, rain heavy | `prenet` | 26.00 | 0.6000 |  | 2 |" in lines
    assert gains(tmp_path) == {"held-out photos": 3.75, "Rain12": -1.5}


def test_pictures_are_linked_under_their_descriptions():
    section = pictures_section({"a.png": "Photo a, best", "b.png": "Photo b, worst"})
    assert section.startswith("## Pictures\n") and section.count("![") == 2
    assert "\n\nPhoto a, best\n\n![Photo a, best: rainy, derained, removed, clean](a.png)\n\nPhoto b" in section


def test_loading_names_the_network():
    assert loading("x").count("x\"") == 2 and "FOLDER" not in loading("x")
