"""The house: one list of dependencies, small files, and a method that is known in one place."""

import ast
import re
import tomllib

import pytest
import yaml

from rainmer_lib import paths

ROOT = paths.REPOSITORY
SOURCES = sorted((ROOT / "rainmer_lib").rglob("*.py"))


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_environment_yml_is_python_pip_and_pyproject():
    python, pip, lists = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    lowest = re.fullmatch(r">=(3\.\d+)", pyproject()["project"]["requires-python"])[1]
    version = re.fullmatch(r"python=(3\.\d+)", python)[1]
    assert tuple(map(int, version.split("."))) >= tuple(map(int, lowest.split(".")))
    assert pip == "pip" and lists == {"pip": ["-e .[all]"]}
    assert "all" in pyproject()["project"]["optional-dependencies"]


def test_torch_is_bounded():
    torch = next(d for d in pyproject()["project"]["dependencies"] if d.startswith("torch"))
    assert torch == "torch>=2.6,<2.14"


def test_every_file_of_a_network_that_ships_is_in_the_package():
    """Weights, cards, pictures and tables; setuptools reads its patterns as pathlib does."""
    patterns, library = pyproject()["tool"]["setuptools"]["package-data"]["rainmer_lib"], ROOT / "rainmer_lib"
    packed = {path for pattern in patterns for path in library.glob(pattern)}
    files = {path for path in (library / "pretrained" / "weights").rglob("*") if path.is_file()}
    assert files <= packed and {path.suffix for path in files} <= {".json", ".safetensors", ".md", ".csv", ".png", ""}


def test_every_import_is_declared():
    """What the library imports stands in pyproject: a package installed by hand must not hide a missing line."""
    import sys

    names = {"skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml", "nbformat": "nbconvert"}
    names |= {"PIL": "pillow", "png": "pypng"}
    declared = {re.match(r"[\w-]+", d)[0].lower() for d in pyproject()["project"]["dependencies"]}
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            for top in {m.split(".")[0] for m in modules} - set(sys.stdlib_module_names) - {"rainmer_lib"}:
                assert names.get(top, top) in declared, f"{source}: {top} is not in pyproject.toml"


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_small_and_say_what_they_are(source):
    text = source.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{source}: no docstring"
    assert len(text.splitlines()) <= 260, f"{source}: too long for one job"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            lines = node.end_lineno - node.lineno + 1 - len((ast.get_docstring(node) or "").splitlines())
            assert lines <= 45, f"{source}: {node.name} has {lines} lines"


# What tells one method from another by its configuration's class or by its name: a new method would have to be added there.
TELLS_METHODS_APART = re.compile(r"""isinstance\(.*(DCDGANConfig|RainmerConfig)|method == |startswith\(["'](dcdgan|rainmer)""")
METHODS_THEMSELVES = ("methods.py", "dcdgan", "rainmer", "baselines")


@pytest.mark.parametrize("line", [
    "if isinstance(config, RainmerConfig):", "isinstance(run.config, (DCDGANConfig, RainmerConfig))", 'if method == "dcdgan":',
    "table[table.method == name]", 'if key.startswith("rainmer-"):', "key.startswith('dcdgan')",
])  # fmt: skip
def test_what_tells_methods_apart_is_recognised(line):
    assert TELLS_METHODS_APART.search(line)


def test_methods_are_told_apart_by_what_they_say_of_themselves_alone():
    """Whoever adds a method adds a file and a line of `methods.py`."""
    found = []
    for source in SOURCES:
        name = source.relative_to(ROOT / "rainmer_lib")
        if name.parts[0] not in METHODS_THEMSELVES:
            lines = enumerate(source.read_text().splitlines(), 1)
            found += [f"{name}:{number}: {line.strip()}" for number, line in lines if TELLS_METHODS_APART.search(line)]
    assert not found, "\n".join(found)
