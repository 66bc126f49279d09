"""API reference: a page for each package, from docstrings that are plain text with indented equations."""

import ast
import re
from pathlib import Path

from rainmer_lib import atomic

LIBRARY = Path(__file__).resolve().parent.parent
_STARRED = re.compile(r"(^|[\s(])\\\*(\w[\w -]*)\\\*(?=[\s.,;:)\\]|$)")  # a word between escaped stars
_ALIGNED = re.compile(r"\S {3,}\S")  # columns aligned by spaces; only two follow a full stop


def modules() -> dict[str, list[str]]:
    """List the public modules of each package by their files, without imports; top-level modules are `rainmer_lib`'s."""
    found: dict[str, list[str]] = {}
    for path in sorted(LIBRARY.rglob("*.py")):
        parts = path.relative_to(LIBRARY.parent).with_suffix("").parts
        if any(part.startswith("_") for part in parts if part != "__init__"):
            continue
        package = ".".join(parts[:-1])
        found.setdefault(package, [])
        if parts[-1] != "__init__":
            found[package].append(".".join(parts))
    return found


def public_names(module: str) -> list[str]:
    """List the functions and classes that a module defines itself, in file order; imported names are documented elsewhere."""
    tree = ast.parse((LIBRARY.parent / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]


def write_pages(target: Path) -> None:
    """Write api/index.rst, and api/<package>.rst for each package."""
    packages = modules()
    for package, names in packages.items():
        lines = [_heading(package, "="), _automodule(package, [])]
        lines += [_heading(name, "-") + _automodule(name, public_names(name)) for name in names]
        atomic.write_text(target / "api" / f"{package}.rst", "\n".join(lines))
    entries = "\n".join(f"   {package}" for package in packages)
    atomic.write_text(target / "api" / "index.rst", _INDEX.format(entries=entries))


_INDEX = """Reference
=========

A page for each package, from the docstrings. Shapes are in the signatures: ``Float[Tensor, "b c h w"]`` is a batch of
floating-point images; ``b`` batch, ``c`` channels, ``h w`` image, ``n`` patches, ``d`` embedding, ``''`` a scalar.
Images are RGB in [0, 1] unless stated otherwise. *[source]* shows the code, where the fields of a configuration carry their
provenance.

.. toctree::
   :maxdepth: 2

{entries}
"""


def _heading(name: str, line: str) -> str:
    return f"{name}\n{line * len(name)}\n\n"


def _automodule(name: str, members: list[str]) -> str:
    options = f"   :members: {', '.join(members)}\n   :member-order: bysource\n" if members else ""
    return f".. automodule:: {name}\n{options}\n"


def as_rst(lines: list[str]) -> list[str]:
    """Convert a plain-text docstring to reStructuredText: indented or column-aligned lines are kept, the rest flows.

    Single backticks are code, stars around words emphasis, dashes at the beginning of lines a list; nothing else is markup.
    """
    result: list[str] = []
    for block in _blocks(lines):
        margin = min(_indent(line) for line in block)
        if margin or any(_indent(line) or _ALIGNED.search(line) for line in block) and not block[0].startswith("- "):
            result += ["::", "", *(f"    {line[margin:]}" for line in block), ""]
        elif block[0].startswith("- "):
            result += [*(f"- {_escape(item)}" for item in _items(block)), ""]
        else:
            result += [_escape(" ".join(block)), ""]
    return result


def _blocks(lines: list[str]) -> list[list[str]]:
    """Split lines into blocks at blank lines."""
    blocks: list[list[str]] = [[]]
    for line in (line.rstrip() for line in lines):
        if not line:
            blocks.append([])
        else:
            blocks[-1].append(line)
    return [block for block in blocks if block]


def _items(block: list[str]) -> list[str]:
    """Return the items of a list, each on one line."""
    return re.split(r"\s*\n- ", "\n".join(block)[2:].replace("\n  ", " "))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _escape(text: str) -> str:
    """Escape a text so that only backticks and stars around words remain markup."""
    parts = re.split(r"(`+[^`]+`+)", text)
    parts[::2] = (re.sub(r"([\\*_|`:])", r"\\\1", part) for part in parts[::2])
    parts[1::2] = (f"``{part.strip('`')}``" for part in parts[1::2])
    return _STARRED.sub(r"\1*\2*", "".join(parts))
