"""The floors of the library: docs/architecture.md draws them, and every import keeps to them."""

import ast
import re

import pytest

from rainmer_lib import paths

LIBRARY = paths.REPOSITORY / "rainmer_lib"
PICTURE = paths.REPOSITORY / "docs" / "architecture.md"
AT_THE_ROOT = {"__init__", "methods", "atomic", "paths"}
TINY = [["app", "page"], ["mid"], ["low", "base"]]


def floors(text):
    """The floors, top to bottom, each its rooms from left to right: the block behind the mark, without its remarks."""
    block = re.search(r"^<!-- floors: .*? -->\n+```text\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)[1]
    return [rooms for line in block.splitlines() if (rooms := line.partition("#")[0].split())]


def order(drawn):
    """The rooms from the lowest on: up the floors, and on each floor from left to right.  A room may import those before it."""
    return [room for rooms in reversed(drawn) for room in rooms]


def rooms_of(library):
    """Every package of the library, and every module that stands beside the packages."""
    return {path.relative_to(library).parts[0].removesuffix(".py") for path in library.rglob("*.py")} - {"__init__"}


def imported(node, source, library):
    """What an import statement names, each with all its dots: `from rainmer_lib import paths` is rainmer_lib.paths."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    here = source.relative_to(library.parent).with_suffix("").parts
    start = ".".join([*here[: -node.level], *filter(None, [node.module])]) if node.level else node.module
    return [f"{start}.{alias.name}" for alias in node.names]


def upward(library, drawn):
    """Imports of a room that may not be imported from there, as `file:line imports room`; those within functions count too."""
    places, rooms = order(drawn), rooms_of(library)
    found = []
    for source in sorted(library.rglob("*.py")):
        room = source.relative_to(library).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            goals = (name.split(".")[1] for name in imported(node, source, library) if name.startswith(f"{library.name}."))
            for goal in sorted({goal for goal in goals if goal in rooms and goal != room}):
                if room == "__init__" or places.index(goal) > places.index(room):
                    found.append(f"{source.relative_to(library)}:{node.lineno} imports {goal}")
    return found


@pytest.fixture(scope="module")
def drawn():
    return floors(PICTURE.read_text(encoding="utf-8"))


def test_every_room_stands_in_the_picture_once(drawn):
    assert set(order(drawn)) == rooms_of(LIBRARY), "docs/architecture.md draws other rooms than rainmer_lib has"
    assert len(order(drawn)) == len(set(order(drawn))), "a room is drawn twice"


def test_no_room_imports_from_above_or_from_its_right(drawn):
    assert not upward(LIBRARY, drawn)


def test_only_four_modules_stand_at_the_root():
    assert {path.stem for path in LIBRARY.glob("*.py")} <= AT_THE_ROOT


@pytest.mark.parametrize(("file", "line", "found"), [
    ("mid/a.py", "from house.low.b import c", []),
    ("mid/a.py", "from house import low, base", []),
    ("base.py", "from house.low import b", []),  # to the left
    ("mid/a.py", "from . import b", []),
    ("low/b.py", "from house.base import c", ["low/b.py:1 imports base"]),  # to the right
    ("mid/a.py", "from house.app import c", ["mid/a.py:1 imports app"]),
    ("mid/a.py", "from house import base, page", ["mid/a.py:1 imports page"]),
    ("mid/a.py", "import house.app.c", ["mid/a.py:1 imports app"]),
    ("mid/a.py", "from ..app import c", ["mid/a.py:1 imports app"]),
    ("low/__init__.py", "from ..mid import c", ["low/__init__.py:1 imports mid"]),
    ("mid/a.py", "def f():\n    if f:\n        from house.app import c", ["mid/a.py:3 imports app"]),
    ("__init__.py", "from house.low import b", ["__init__.py:1 imports low"]),  # or importing any room would import it
])  # fmt: skip
def test_an_import_that_breaks_the_rule_is_named(tmp_path, file, line, found):
    library = tmp_path / "house"
    for name in ("app/c.py", "page/c.py", "mid/a.py", "mid/b.py", "low/b.py", "base.py"):
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        (library / name).touch()
    (library / file).write_text(line)
    assert upward(library, TINY) == found


def test_the_picture_is_read_without_its_remarks():
    text = "# A\n```text\nother\n```\n\n<!-- floors: read by a test -->\n```text\napp page   # opened\n\nmid\nlow base\n```\n"
    assert floors(text) == TINY
