"""Checkpoints that the test writes from the description of the format, and damaged ones."""

import numpy as np
import pytest
from written_checkpoint import write_checkpoint

from rainmer_lib.baselines.tensorflow_checkpoint import crc32c, read_checkpoint

TENSORS = {
    **{f"conv_{k}/weights_{k}/Adam": np.arange(k * 6, dtype="<f4").reshape(k, 2, 3) for k in range(1, 12)},
    "beta1_power": np.array(0.9, "<f4"), "step": np.array(300, "<i8"), "double": np.array([1e-9, 2.0]),
    "none": np.zeros((0, 3), "<f4"), "large": np.linspace(0, 1, 300, dtype="<f4"),
}  # fmt: skip


def test_the_checksum_is_that_of_the_standard():
    """RFC 3720, B.4, and the check value of the catalogue of CRCs."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA and crc32c(bytes(range(32))) == 0x46DD794E


@pytest.mark.parametrize("named", ["model", "model.index", "model.data-00000-of-00001"])
def test_every_tensor_is_read_as_it_was_written(tmp_path, named):
    write_checkpoint(tmp_path / "model", TENSORS)
    found = read_checkpoint(tmp_path / named)
    assert found.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert found[name].dtype == value.dtype and np.array_equal(found[name], value) and found[name].shape == value.shape


def test_a_missing_file_is_named(tmp_path):
    prefix = write_checkpoint(tmp_path / "model", TENSORS)
    (tmp_path / "model.data-00000-of-00001").unlink()
    with pytest.raises(FileNotFoundError, match="model.data-00000-of-00001: no such file; a checkpoint is the pair"):
        read_checkpoint(prefix)


def test_what_is_damaged_is_refused(tmp_path):
    """Every byte of the index and some of the data: changed, it gives an error or, in the padding, the same tensors."""
    prefix = write_checkpoint(tmp_path / "model", {"b": np.ones((2, 2), "<f4"), "a": np.zeros(3, "<f4")})
    for file in (tmp_path / "model.index", tmp_path / "model.data-00000-of-00001"):
        whole = file.read_bytes()
        for at in range(len(whole)):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 64]) + whole[at + 1 :])
            if len(whole) - 48 <= at < len(whole) - 8:  # the footer has no checksum
                try:
                    assert read_checkpoint(prefix).keys() == {"a", "b"}
                except ValueError:
                    pass
                continue
            with pytest.raises(ValueError, match="damaged, or not a checkpoint of TensorFlow"):
                read_checkpoint(prefix)
        for cut in (0, 7, len(whole) // 2, len(whole) - 1):
            file.write_bytes(whole[:cut])
            with pytest.raises(ValueError, match="damaged, or not a checkpoint"):
                read_checkpoint(prefix)
        file.write_bytes(whole)


@pytest.mark.parametrize(("how", "says"), [({"kind": 1}, "compressed"), ({"shards": 2}, "several files")])
def test_what_is_not_read_is_said(tmp_path, how, says):
    with pytest.raises(ValueError, match=says):
        read_checkpoint(write_checkpoint(tmp_path / "model", TENSORS, **how))
