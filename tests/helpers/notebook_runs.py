"""Run a source notebook, and compare what its checked cells print with what is stored."""

import nbformat

from rainmer_lib import paths
from rainmer_lib.workflow import runner

NOTEBOOKS = paths.REPOSITORY / "notebooks"
WALKTHROUGHS = sorted(path.stem for path in (NOTEBOOKS / "walkthroughs").glob("*.ipynb"))
RESULTS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def checked(path):
    """The outputs of the checked cells, by the number of the cell."""
    cells = nbformat.read(path, as_version=4).cells
    return {number: cell.outputs for number, cell in enumerate(cells) if runner.CHECKED in cell.metadata.get("tags", [])}


def run(source, folder):
    """Every cell runs, as `rainmer reproduce` runs it, and the checked cells print what is stored."""
    target = folder / source.name
    runner.run_notebook(source, target, {})
    printed = checked(target)
    for number, outputs in checked(source).items():
        assert printed[number] == outputs, f"cell {number}"
