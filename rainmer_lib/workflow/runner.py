"""Execute a notebook: strict parameters, atomic output, reproducible bytes.

`python -m rainmer_lib.workflow.runner ablation_negatives --profile quick [-p NAME VALUE ...]` writes the executed notebook to
results/<profile>/<notebook>.ipynb.  papermill alone works too.  This module adds: parameters are checked before a kernel
starts, a notebook that stops half-way (even by sys.exit(0), which papermill takes for success) is never mistaken for a
result, and two runs give the same file.
"""

import argparse
import base64
import os
import sys
from io import BytesIO
from pathlib import Path

import nbformat
import papermill
import yaml
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from PIL import Image

from rainmer_lib import atomic, paths
from rainmer_lib.experiments.settings import WrongParameter
from rainmer_lib.workflow.declared import check_names, check_type, declared_parameters

KEPT_METADATA = ("tags",)
LARGE_PNG = 50_000  # characters in base64; a smaller picture stays as it is
CHECKED = "nbval-check-output"  # cells whose stored output nbval compares


NOTEBOOKS = paths.REPOSITORY / "notebooks"


class KernelDied(RuntimeError):
    """Raised when a notebook ended before its last cell, and no cell raised an error."""


def notebooks() -> list[str]:
    """List the names of all notebooks, those of the walkthroughs with their folder."""
    found = (path.relative_to(NOTEBOOKS).with_suffix("") for path in NOTEBOOKS.rglob("*.ipynb"))
    return sorted(str(stem) for stem in found if not any("." in part for part in stem.parts))


def run_notebook(source: Path, target: Path, parameters: dict) -> None:
    """Execute `source` with `parameters` into `target`.

    While it runs, and if it fails, `<target>.partial.ipynb` holds the executed cells; `target` appears only when every cell
    has run.  Raises WrongParameter, FileNotFoundError, or what the notebook raised (papermill's PapermillExecutionError).
    """
    if not source.exists():
        raise FileNotFoundError(f"no notebook {source}; there are {', '.join(notebooks())}")
    known = declared_parameters(parameters_cell(nbformat.read(source, as_version=4)))
    check_names(known, set(parameters))
    for declared in known:
        check_type(declared, parameters.get(declared.name, declared.default))
    partial = target.with_suffix(".partial.ipynb")
    partial.parent.mkdir(parents=True, exist_ok=True)
    executed = _executed(
        source, partial, parameters, kernel_name="python3", cwd=source.parent, progress_bar=False, log_output=True,
        stdout_file=sys.stdout, stderr_file=sys.stderr, autosave_cell_every=20, record_timing=False,
    )  # fmt: skip
    if any(cell.execution_count is None for cell in executed.cells if cell.cell_type == "code" and cell.source.strip()):
        raise KernelDied(f"stopped before its last cell; the cells that ran are in {partial}")
    atomic.write_text(target, nbformat.writes(normalised(executed)) + "\n")
    partial.unlink()


def _executed(source: Path, partial: Path, *given, **options) -> nbformat.NotebookNode:
    try:
        return papermill.execute_notebook(source, partial, *given, **options)
    except RuntimeError as error:  # nbclient's DeadKernelError; what a cell raises is a PapermillExecutionError
        raise KernelDied(
            f"its kernel ended ({error}), perhaps for want of memory. The cells that ran are in {partial}; repeat the command: "
            "training runs that are finished are found again, and others go on from their checkpoints"
        ) from error


def parameters_cell(notebook: nbformat.NotebookNode) -> str:
    """Return the source of the cell tagged `parameters`; empty if a notebook has none."""
    return next((cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])), "")


def has_profiles(notebook: str) -> bool:
    """Return whether a notebook has the parameter `profile`."""
    try:
        source = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4)
        known = declared_parameters(parameters_cell(source))
    except (ValueError, SyntaxError):  # a broken notebook is planned, so that its job fails and says why
        return True
    return any(d.name == "profile" for d in known)


def normalised(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove times, versions and random ids from a notebook, and join the streams of each cell."""
    notebook, _ = CoalesceStreamsPreprocessor(enabled=True).preprocess(notebook, {})
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    })  # fmt: skip
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in KEPT_METADATA})
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data = nbformat.from_dict(lighter(output.data))
    return notebook


def lighter(data: dict) -> dict:
    """An output's data with a PNG of photos as JPEG: where that takes less than half, so not for plots of lines and text."""
    if len(data.get("image/png", "")) < LARGE_PNG:
        return data
    buffer = BytesIO()
    Image.open(BytesIO(base64.b64decode(data["image/png"]))).convert("RGB").save(buffer, "JPEG", quality=92, optimize=True)
    if 2 * buffer.tell() > len(data["image/png"]) * 3 // 4:
        return data
    other = {kind: value for kind, value in data.items() if kind != "image/png"}
    return other | {"image/jpeg": base64.b64encode(buffer.getvalue()).decode()}


def refresh(source: Path) -> None:
    """Rerun and normalise a source notebook; only cells tagged `nbval-check-output` keep their outputs."""
    partial = source.with_suffix(".partial.ipynb")
    notebook = papermill.execute_notebook(source, partial, {}, kernel_name="python3", cwd=source.parent, progress_bar=False)
    partial.unlink()
    for cell in normalised(notebook).cells:
        if cell.cell_type == "code" and CHECKED not in cell.metadata.get("tags", []):
            cell.outputs, cell.execution_count = [], None
    atomic.write_text(source, nbformat.writes(notebook) + "\n")


def main(words: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 done, 1 the notebook failed, 2 wrong parameters."""
    parser = argparse.ArgumentParser(prog="python -m rainmer_lib.workflow.runner", description="Execute a result notebook.")
    parser.add_argument("notebook", help="name of a notebook in notebooks/, such as ablation_negatives")
    parser.add_argument("--profile", help="quick (default), laptop or paper")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="another parameter")
    parser.add_argument("--refresh", action="store_true", help="renew the source notebook's checked outputs instead")
    parser.add_argument("--output", type=Path, help="executed notebook; default results/<profile>/<notebook>.ipynb")
    options = parser.parse_args(words)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    extra = {name: yaml.safe_load(value) for name, value in options.p}
    changed = "".join(f"__{name}-{str(value).replace('/', '-')}" for name, value in extra.items())
    target = options.output or paths.results_root() / (options.profile or "quick") / f"{options.notebook}{changed}.ipynb"
    source = NOTEBOOKS / f"{options.notebook}.ipynb"
    try:
        if options.refresh:
            refresh(source)
            return 0
        run_notebook(source, target, ({"profile": options.profile} if options.profile else {}) | extra)
    except (WrongParameter, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    except papermill.PapermillExecutionError as error:
        print(f"{options.notebook} failed: {error.ename}: {error.evalue}", file=sys.stderr)
        return 1
    except KernelDied as error:
        print(f"{options.notebook} failed: {error}", file=sys.stderr)
        return 1
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
