"""Kept tables: what is whole and fits is read, everything else is measured again, and what cannot be is named."""

import pandas as pd
import pytest

from rainmer_lib.experiments.kept import kept, rows_of, scores_of, unusable
from rainmer_lib.metrics.protocols import PROTOCOLS
from rainmer_lib.training.seal import SEAL, listed

NAMES = ("007", "8", "9")
TABLE = pd.DataFrame([(name, protocol, 30.5, 0.25) for name in NAMES for protocol in PROTOCOLS],
                     columns=["image", "protocol", "psnr", "ssim"])  # fmt: skip
FITS = scores_of(lambda: NAMES)


@pytest.fixture
def path(tmp_path):
    """A kept table, sealed."""
    kept(tmp_path / "scores.csv", TABLE.copy, FITS)
    return tmp_path / "scores.csv"


def never():
    pytest.fail("measured again")


def lost():
    raise FileNotFoundError("the weights are not kept")


def test_a_table_is_sealed_when_it_is_kept_and_read_from_then_on(path):
    assert listed(path) and kept(path, never, FITS).equals(TABLE)


def cut_at_a_line(text):
    return "".join(text.splitlines(keepends=True)[:-5])


DAMAGES = {
    "edited": lambda text: text.replace("30.5", "39.5", 1), "cut at a line": cut_at_a_line, "empty": lambda text: "",
    "cut inside a line": lambda text: text[: len(text) // 2], "cut inside the last number": lambda text: text[:-3],
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_table_is_measured_again_and_said(path, name):
    path.write_text(DAMAGES[name](path.read_text()))
    with pytest.warns(UserWarning, match=rf"{path}: not as it was sealed \({SEAL}\); measured again"):
        assert kept(path, TABLE.copy, FITS).equals(TABLE)
    assert kept(path, never, FITS).equals(TABLE)


UNSEALED = {name: damage for name, damage in DAMAGES.items() if name != "edited"} | {
    "an image twice": lambda text: text + text.splitlines()[-1] + "\n", "a word": lambda text: text.replace("30.5", "high", 1),
    "a gap": lambda text: text.replace("30.500000", "", 1), "no columns": lambda text: text.replace("protocol", "rule", 1),
    "zeros": lambda text: "\0" * 99, "a longer line": lambda text: text.replace("30.5", "30,5", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSEALED)
def test_without_a_seal_rows_and_columns_are_checked(path, name):
    """Those of the images that are asked for; a changed number is taken."""
    path.with_name(SEAL).unlink()
    path.write_text(UNSEALED[name](path.read_text()))
    with pytest.warns(UserWarning, match="measured again"):
        assert kept(path, TABLE.copy, FITS).equals(TABLE)


def test_without_a_seal_a_whole_table_is_taken(path):
    path.with_name(SEAL).unlink()
    assert kept(path, never, FITS).equals(TABLE) and not path.with_name(SEAL).exists()


def test_a_table_that_cannot_be_measured_again_is_named_with_the_remedy(path):
    path.write_text(DAMAGES["edited"](path.read_text()))
    message = rf"{path}: not as it was sealed.*git checkout.*cannot be measured again: the weights are not kept"
    with pytest.warns(UserWarning), pytest.raises(ValueError, match=message):
        kept(path, lost, FITS)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="^the weights are not kept$"):
        kept(path, lost, FITS)


def test_rows_are_those_of_the_names_in_any_order(tmp_path):
    path = tmp_path / "measures.csv"
    kept(path, lambda: pd.DataFrame({"image": ["9", "007"], "niqe": [1.0, 2.0]}))
    assert not unusable(path, rows_of(lambda: ("007", "9")))
    assert "rows and columns" in unusable(path, rows_of(lambda: ("007",))) and "columns" in unusable(path, FITS)
