"""`rainmer convert`: a folder that `rainmer derain` takes; one message where there is none."""

import pytest
from PIL import Image
from published_files import FILES


@pytest.mark.parametrize("name", ["prn_r", "sirr"])
def test_converted_weights_derain(name, run, photo, tmp_path, capsys):
    source, file = photo(tmp_path / "a.png"), FILES[name](name, tmp_path)
    assert run("convert", name, file, tmp_path / "models" / "mine") == 0
    assert capsys.readouterr().out.endswith(f"\nconverted: {tmp_path / 'models' / 'mine'}\n")
    assert run("derain", source, tmp_path / "b.png", "--model", tmp_path / "models" / "mine") == 0
    assert Image.open(tmp_path / "b.png").size == Image.open(source).size


def test_what_cannot_be_converted_is_one_message(refused, tmp_path):
    file = FILES["prn_r"]("prn_r", tmp_path)
    refused(["convert", "nothing", file], "'nothing': no published weights are known. Choose one of")
    refused(["convert", "prn_r", "none.pth"], "none.pth: no such file. The weights are logs/<training set>/PRN6_r")
    refused(["convert", "ddn", "text.png"], "text.png.index: no such file; a checkpoint is the pair")
    refused(["convert", "brn", file], "net_latest.pth is not the published file; 8 keys differ")
    refused(["convert", "prn_r", file, "photos"], "photos exists and holds other files")
