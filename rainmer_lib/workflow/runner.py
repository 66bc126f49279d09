"""Execute a notebook: strict parameters, atomic output, reproducible bytes.

`python -m rainmer_lib.workflow.runner ablation_negatives --profile quick [-p NAME VALUE ...]` writes the executed notebook to
results/<profile>/<notebook>.ipynb.  papermill alone works too.  This module adds: parameters are checked before a kernel
starts, a notebook that stops half-way (even by sys.exit(0), which papermill takes for success) is never mistaken for a
result, and two runs give the same file.
"""

import argparse
import base64
import hashlib
import os
import sys
from io import BytesIO
from pathlib import Path

import nbformat
import papermill
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from PIL import Image

from rainmer_lib import atomic, paths
from rainmer_lib.experiments.settings import WrongParameter
from rainmer_lib.plots.compact import with_palette
from rainmer_lib.workflow.declared import Declared, accepted, check_names, check_type, declared_parameters, read

KEPT_METADATA = ("tags",)
LONGEST_END = 150  # bytes of a file's name that changed parameters may take
WIDGET = "application/vnd.jupyter.widget-view+json"  # names a widget of the kernel that ran; without that kernel, nothing
LARGE_PNG = 10_000  # characters in base64; a smaller picture stays as it is
PHOTO = 82  # JPEG's quality: photos for the screen; those that are looked at closely are in results/ beside the notebook
CHECKED = "nbval-check-output"  # cells whose stored output the tests compare; the tag is the one that nbval knows


NOTEBOOKS = paths.REPOSITORY / "notebooks"


class KernelDied(RuntimeError):
    """Raised when a notebook ended before its last cell, and no cell raised an error."""


def notebooks() -> list[str]:
    """List the names of all notebooks, those of the walkthroughs with their folder."""
    found = (path.relative_to(NOTEBOOKS).with_suffix("") for path in NOTEBOOKS.rglob("*.ipynb"))
    return sorted(str(stem) for stem in found if not any("." in part for part in stem.parts))


def run_notebook(source: Path, target: Path, parameters: dict, folder: Path | None = None) -> None:
    """Execute `source` with `parameters` into `target`, in `folder`, that of the notebook if there is none.

    While it runs, and if it fails, `<target>.partial.ipynb` holds the executed cells; `target` appears only when every cell
    has run.  Raises, before a kernel starts, WrongParameter, FileNotFoundError, or OSError if the target cannot be written;
    then what the notebook raised (papermill's PapermillExecutionError).
    """
    known = accepted(declared_by(source))
    check_names(known, set(parameters))
    for declared in known:
        check_type(declared, parameters.get(declared.name, declared.default))
    partial = target.with_suffix(".partial.ipynb")
    for path in (partial, target):
        atomic.require_writable(path)
    places = [str(path).replace("{", "{{").replace("}", "}}") for path in (source, partial)]  # papermill formats paths
    executed = _executed(
        partial, *places, parameters, kernel_name="python3", cwd=folder or source.parent, progress_bar=False, log_output=True,
        stdout_file=sys.stdout, stderr_file=sys.stderr, autosave_cell_every=20, record_timing=False,
    )  # fmt: skip
    if any(cell.execution_count is None for cell in executed.cells if cell.cell_type == "code" and cell.source.strip()):
        raise KernelDied(f"stopped before its last cell; the cells that ran are in {partial}")
    atomic.write_text(target, nbformat.writes(normalised(executed)) + "\n")
    partial.unlink()


def _executed(partial: Path, *given, **options) -> nbformat.NotebookNode:
    try:
        return papermill.execute_notebook(*given, **options)
    except RuntimeError as error:  # nbclient's DeadKernelError; what a cell raises is a PapermillExecutionError
        raise KernelDied(
            f"its kernel ended ({error}), perhaps for want of memory. The cells that ran are in {partial}; repeat the command: "
            "training runs that are finished are found again, and others go on from their checkpoints"
        ) from error


def declared_by(source: Path) -> list[Declared]:
    """Return the parameters that a notebook declares; FileNotFoundError lists the notebooks."""
    if not source.exists():
        raise FileNotFoundError(f"no notebook {source}; there are {', '.join(notebooks())}")
    return declared_parameters(parameters_cell(nbformat.read(source, as_version=4)))


def given_on_the_command_line(source: Path, words: list[tuple[str, str]], folder: Path) -> dict:
    """Read parameters as their notebook declares them, and check what needs no kernel.

    A parameter whose remark begins with `path of` must be the path of a file, relative to `folder`.  Raises WrongParameter.
    """
    from rainmer_lib.workflow.parameters import check_values

    known = {declared.name: declared for declared in accepted(declared_by(source))}
    check_names(list(known.values()), {name for name, _ in words})
    if twice := sorted({name for name, _ in words if [n for n, _ in words].count(name) > 1}):
        raise WrongParameter(f"{', '.join(twice)}: given twice")
    given = {name: read(known[name], text) for name, text in words}
    for name, value in given.items():
        if known[name].help.startswith("path of") and value and not (folder / Path(str(value)).expanduser()).is_file():
            raise WrongParameter(f"{name}={value!r}: no such file, seen from {folder}")
    check_values(given, walkthrough="walkthroughs" in source.parts)
    return given


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
    """Remove times, versions, random ids and widgets from a notebook, and join the streams of each cell."""
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
                shown = {kind: value for kind, value in output.data.items() if kind != WIDGET}
                output.data = nbformat.from_dict(lighter(shown))
    return notebook


def lighter(data: dict) -> dict:
    """A large PNG of an output in fewer bytes: photos as JPEG, where that takes less than half, plots with a palette."""
    if len(data.get("image/png", "")) < LARGE_PNG:
        return data
    png, buffer = base64.b64decode(data["image/png"]), BytesIO()
    Image.open(BytesIO(png)).convert("RGB").save(buffer, "JPEG", quality=PHOTO, optimize=True)
    if 2 * buffer.tell() > len(png):
        return data | {"image/png": base64.b64encode(with_palette(png)).decode()}
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
    parser.add_argument("--profile", help="quick (default), laptop, gpu or paper")
    parser.add_argument("-p", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="another parameter")
    parser.add_argument("--refresh", action="store_true", help="renew the source notebook's checked outputs instead")
    parser.add_argument("--output", type=Path, help="executed notebook; default results/<profile>/<notebook>.ipynb")
    options = parser.parse_args(words)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    source, here = NOTEBOOKS / f"{options.notebook}.ipynb", Path.cwd()
    try:
        if options.refresh:
            refresh(source)
            return 0
        extra = given_on_the_command_line(source, options.p, here) if options.p else {}
        profile = {"profile": options.profile} if options.profile else {}
        name = f"{options.notebook}{changed(extra)}.ipynb"
        target = options.output or paths.results_root() / (options.profile or "quick") / name
        run_notebook(source, target, profile | extra, here if extra else None)
    except (WrongParameter, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except papermill.PapermillExecutionError as error:
        print(f"{options.notebook} failed: {error.ename}: {error.evalue}", file=sys.stderr)
        return 2 if error.ename == WrongParameter.__name__ else 1
    except KernelDied as error:
        print(f"{options.notebook} failed: {error}", file=sys.stderr)
        return 1
    print(f"wrote {target}")
    return 0


def changed(parameters: dict) -> str:
    """Return the end of the results' name that tells changed parameters; of long values, the beginning and a hash."""
    text = "".join(f"__{name}-{str(value).replace('/', '-')}" for name, value in parameters.items())
    if len(os.fsencode(text)) <= LONGEST_END:
        return text
    return f"{text[: LONGEST_END // 4]}-{hashlib.sha256(os.fsencode(text)).hexdigest()[:8]}"


if __name__ == "__main__":
    sys.exit(main())
