"""`rainmer export`: a file, or one message."""

import pytest
import torch

from rainmer_lib.pretrained.models import load_model


@pytest.mark.slow
def test_a_model_that_ships_becomes_a_program(run, tmp_path, capsys):
    assert run("export", "dcdgan-small", tmp_path / "out.pt2") == 0
    said = capsys.readouterr().out
    network, image = load_model("dcdgan-small"), torch.rand(1, 3, 40, 52)
    assert said.startswith(f"wrote {tmp_path / 'out.pt2'} from dcdgan-small: ") and "multiples of 2, at least 4" in said
    with torch.no_grad():
        found = torch.export.load(tmp_path / "out.pt2").module()(image)
        torch.testing.assert_close(found, network(image).clamp(0, 1), rtol=0, atol=1e-4)


def test_what_cannot_be_written_is_one_message(refused, tmp_path):
    refused(["export", "dcdgan-small", "out.tflite"], "give a name that ends in .onnx or .pt2")
    refused(["export", "nothing", "out.pt2"], "nothing")
