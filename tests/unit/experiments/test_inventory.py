"""What is cited: counts of data sets as registered and as found, numbers as printed."""

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.experiments.inventory import HERE, cited_methods, data_sets, data_sets_here, printed_data_sets
from rainmer_lib.experiments.records import published


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    return tmp_path


def test_counts_are_registered_and_found(root):
    for folder in ("Rain12/rain", "Rain12/norain"):
        (root / folder).mkdir(parents=True)
        for i in range(3):
            Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(root / folder / f"{i:03}.png")
    table = data_sets(("rain12", "rain100l", "gt-rain"))
    assert table.loc[("Rain12", "test")].tolist() == [12, 3, 1]
    assert table.loc[("Rain100L", "train")].tolist() == [200, "absent", 2]
    assert table.loc[("GT-Rain", "test"), "images"] == "not stated"
    with pytest.raises(ValueError, match="did you mean rain12"):
        data_sets(("rain112",))


def test_table_2_stands_beside_the_registry(root):
    table, printed = printed_data_sets(), published("dcdgan_table2").set_index("dataset")
    assert list(table.index) == list(printed.index)
    assert table["train, printed"].tolist() == printed.train_images.tolist()
    assert table["train, registered"]["Rain800"] == "700" and table["test, registered"]["DDN-Data"] == "1400"
    assert table["train, registered"]["SPA-Data"].startswith("638492; 28500:")
    assert set(table["test, found"]) == {"absent"}


def test_the_sets_that_replace_the_papers_are_printed_with_their_leaks(root, capsys):
    table = data_sets_here()
    lines = capsys.readouterr().out.splitlines()
    assert {line.partition(":")[0] for line in lines} == set(HERE) and len(lines) >= len(HERE)
    assert table["known leaks"].sum() > 0 and any(line.endswith(": no known leak") for line in lines)


def test_printed_numbers_are_cited_with_source_and_protocol():
    table = cited_methods(["DCD-GAN"])
    ours = table.loc[("Unpaired / Without paired supervised methods", "DCD-GAN")]
    assert ours.tolist() == [
        "25.61 / 0.813", "32.46 / 0.937", "31.65 / 0.918", "35.30 / 0.943",
        "DCD-GAN, Table 1", "not stated", "measured above, on other images",
    ]  # fmt: skip
    assert table.xs("SIRR", level="method")["Test100"].item() == "not printed"
    assert [m for _, m in table.index] == list(dict.fromkeys(published("dcdgan_table1").method))
    assert (table.here == "not run").sum() == 11
