"""The reference: what a module defines itself, and docstrings that survive."""

import pytest

from rainmer_lib.site import reference


def test_the_reference_lists_what_a_module_defines_itself(tmp_path):
    found = reference.modules()
    assert "rainmer_lib.dcdgan.guidance" in found["rainmer_lib.dcdgan"] and "rainmer_lib.paths" in found["rainmer_lib"]
    names = reference.public_names("rainmer_lib.metrics.protocols")
    assert names[:3] == ["Protocol", "protocol", "quantise"] and not {"structural_similarity", "_check"} & set(names)
    reference.write_pages(tmp_path)
    page = (tmp_path / "api" / "rainmer_lib.dcdgan.rst").read_text()
    members = "   :members: ProjectionHead, ContrastiveGuidance, draw_locations\n"
    assert ".. automodule:: rainmer_lib.dcdgan.guidance\n" + members in page
    assert {p.stem for p in (tmp_path / "api").glob("*.rst")} == {*found, "index"}


@pytest.mark.parametrize(("plain", "rst"), [
    (["One line,", "goes on."], ["One line, goes on.", ""]),
    (["Sizes *a b* and b_ of `f*(x)` | 2"], [r"Sizes *a b* and b\_ of ``f*(x)`` \| 2", ""]),
    (["a*b*c, R* - R*_c"], [r"a\*b\*c, R\* - R\*\_c", ""]),
    (["Text", "", "    y = a * x", "      + b_"], ["Text", "", "::", "", "    y = a * x", "      + b_", ""]),
    (["screen:       1 - B", "additive:     B + S", "              (Garg)"],
     ["::", "", "    screen:       1 - B", "    additive:     B + S", "                  (Garg)", ""]),
    (["a:     one", "bc:    two"], ["::", "", "    a:     one", "    bc:    two", ""]),
    (["- one", "  more", "- two_"], ["- one more", r"- two\_", ""]),
    (["Ends.  Begins."], ["Ends.  Begins.", ""]),
])  # fmt: skip
def test_docstrings_are_text_with_equations(plain, rst):
    assert reference.as_rst(plain) == rst
