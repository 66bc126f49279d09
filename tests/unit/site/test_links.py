"""Links lead to pages, to copies, or become words."""

import pytest

from rainmer_lib.site.links import Pages, rewrite


def test_links_lead_to_pages_copies_or_words(tmp_path):
    for name in ("docs/a.md", "docs/b.md", "data.csv", "p.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    pages = Pages(tmp_path, tmp_path / "site", {tmp_path / "docs" / "b.md": "docs/b.md"})
    text = "[b](b.md#part) [`d`](../data.csv) [f](../docs) [w](https://w.org) [m](mailto:x) `[c](gone.md)` ![p](../p.png)"
    assert rewrite(text, tmp_path / "docs" / "a.md", pages) == (
        "[b](/docs/b.md#part) {download}`d </files/data.csv>` f [w](https://w.org) [m](mailto:x) `[c](gone.md)` "
        "![p](/files/p.png)"
    )
    assert (tmp_path / "site" / "files" / "data.csv").read_text() == "data.csv"
    assert (tmp_path / "site" / "files" / "p.png").exists(), "a picture stays a picture"
    with pytest.raises(ValueError, match="a.md: the link to gone.md leads nowhere"):
        rewrite("[c](gone.md)", tmp_path / "docs" / "a.md", pages)
