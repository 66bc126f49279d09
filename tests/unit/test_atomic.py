"""Files are replaced whole or not at all."""

import pytest

from rainmer_lib import atomic


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = atomic.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError):
        atomic.write(path, lambda part: (part.write_text("half"), (_ for _ in ()).throw(RuntimeError("disk full"))))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
