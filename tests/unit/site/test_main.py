"""`python -m rainmer_lib.site`: what it replaces, and what it does not."""

from rainmer_lib.site.__main__ import main


def test_a_folder_that_is_something_else_is_not_replaced(tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("x")
    (tmp_path / "index.md").write_text("# Somebody's own")
    assert main([str(tmp_path)]) == 2
    assert "does not hold the site's sources" in capsys.readouterr().err and (tmp_path / "precious.txt").exists()
