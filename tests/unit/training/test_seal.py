"""Seals: what is listed is compared, what is not listed is taken, and the list is one that sha256sum reads."""

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from rainmer_lib.training import seal
from rainmer_lib.training.seal import SEAL, intact, listed, read_json, require_intact, sums


@pytest.fixture
def sealed(tmp_path):
    """A folder of two sealed files and one that is not."""
    for name in ("a.csv", "b.json", "c.csv"):
        (tmp_path / name).write_text(json.dumps({"name": name}))
    seal.seal(tmp_path, ["b.json", "a.csv"])
    return tmp_path


def test_a_seal_is_what_sha256sum_checks(sealed):
    assert list(sums(sealed)) == ["a.csv", "b.json"] and listed(sealed / "a.csv") and not listed(sealed / "c.csv")
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", SEAL], cwd=sealed, check=True, capture_output=True)


def test_a_file_that_is_listed_is_compared_and_another_is_taken(sealed):
    for name in ("a.csv", "c.csv"):
        assert require_intact(sealed / name) == sealed / name
        (sealed / name).write_text("x")
    assert not intact(sealed / "a.csv") and intact(sealed / "c.csv")
    with pytest.raises(ValueError, match=rf"{sealed}/a\.csv: damaged, changed or another file.*Restore it.*git checkout"):
        require_intact(sealed / "a.csv")
    seal.seal(sealed, ["a.csv"])
    assert intact(sealed / "a.csv") and list(sums(sealed)) == ["a.csv", "b.json"]


def test_a_missing_file_is_said_to_be_listed(sealed):
    for name, message in (("a.csv", rf"a\.csv is missing, although {SEAL} beside it lists"), ("c.csv", r"c\.csv is missing$")):
        (sealed / name).unlink()
        assert not intact(sealed / name)
        with pytest.raises(FileNotFoundError, match=message):
            require_intact(sealed / name)


@pytest.mark.parametrize("line", ["", "abc  a.csv", "0" * 64 + " a.csv", "0" * 64 + "  ../a.csv", "\0" * 70])
def test_a_damaged_seal_is_named_with_its_line(sealed, line):
    with open(sealed / SEAL, "a") as file:
        file.write(line + "\n")
    with pytest.raises(ValueError, match=f"{SEAL}, line 3: damaged.*delete it"):
        require_intact(sealed / "a.csv")


def test_two_at_once_lose_no_line(tmp_path):
    names = [f"{number}.csv" for number in range(24)]
    for name in names:
        (tmp_path / name).write_text(name)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: seal.seal(tmp_path, [name]), names))
    assert set(sums(tmp_path)) == set(names)


@pytest.mark.parametrize(("content", "message"), [
    (b"{", "not valid JSON"), (b"", "not valid JSON"), (b"\xff\xfe", "not valid JSON"), (b"[1]", "found list"),
    (b"{}", "another file"),
])  # fmt: skip
def test_json_that_is_damaged_or_changed_is_named(sealed, content, message):
    assert read_json(sealed / "b.json") == {"name": "b.json"}
    (sealed / "b.json").write_bytes(content)
    if content != b"{}":
        (sealed / SEAL).unlink()
    with pytest.raises(ValueError, match=rf"b\.json: .*{message}"):
        read_json(sealed / "b.json")
