"""Student copies of the walkthroughs, made from the solved notebooks.

In a walkthrough, an exercise is three cells with the tags `exercise-setup` (imports and small inputs), `exercise` and
`check` (a call of `attempts.check`).  The exercise holds the solution between `# solution: begin, HINT` and
`# solution: end`; the student copy has `...` there, under the hint.  `python -m rainmer_lib.teaching.student_copies` writes
the student copies to exercises/, and keeps copies that a student has changed.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

from rainmer_lib import atomic, paths
from rainmer_lib.workflow.runner import NOTEBOOKS, normalised

FOLDER = paths.REPOSITORY / "exercises"
_SOLUTION = re.compile(r"^( *)# solution: begin, (.+)\n(?:.*\n)*?\1# solution: end$", re.MULTILINE)
_MARK = re.compile(r"# *solution", re.IGNORECASE)


def unsolved(source: str) -> str:
    """Remove the solution from an exercise cell; ValueError if the marks are missing or do not match."""
    text, count = _SOLUTION.subn(lambda m: f"{m[1]}# {m[2]}\n{m[1]}...", source)
    if not count or _MARK.search(text):
        raise ValueError(
            "an exercise needs `# solution: begin, HINT` and `# solution: end`, equally indented, around its solution; "
            f"this cell has not:\n{source}"
        )
    return text


def exercise_groups(notebook: nbformat.NotebookNode) -> list[tuple[str, str, str]]:
    """Return the sources of setup, exercise and check of each exercise, in order; ValueError if a cell is missing."""
    order, groups = ("exercise-setup", "exercise", "check"), []
    found = [(tag, cell.source) for cell in notebook.cells for tag in order if tag in cell.metadata.get("tags", [])]
    for start in range(0, len(found), 3):
        part = found[start : start + 3]
        if tuple(tag for tag, _ in part) != order:
            raise ValueError(f"an exercise needs a cell each of {', '.join(order)}; found {', '.join(tag for tag, _ in part)}")
        groups.append(tuple(source for _, source in part))
    return groups


def student_copy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Copy a solved notebook for students: without solutions and outputs, the check cells folded.  It is not changed itself.

    A check cell computes what is right and knows wrong answers, which are half a solution: JupyterLab opens it on a click.
    """
    copy = normalised(nbformat.from_dict(notebook))
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if "exercise" in cell.metadata.get("tags", []):
            cell.source = unsolved(cell.source)
        if "check" in cell.metadata.get("tags", []):
            cell.metadata.jupyter = {"source_hidden": True}
    return copy


def walkthroughs() -> list[Path]:
    """List the solved notebooks, in order, without the `*.partial.ipynb` that the runner writes beside them."""
    return sorted(path for path in (NOTEBOOKS / "walkthroughs").glob("*.ipynb") if "." not in path.stem)


def write_copies(folder: Path, force: bool = False) -> dict[str, str]:
    """Write the student copy of each walkthrough that has exercises; return file name -> "written" or "kept".

    An existing file with other content is a student's work: it is kept, unless `force`.
    """
    done = {}
    for source in walkthroughs():
        solved = nbformat.read(source, as_version=4)
        if not exercise_groups(solved):
            continue
        target, text = folder / source.name, nbformat.writes(student_copy(solved)) + "\n"
        kept = target.exists() and target.read_text(encoding="utf-8") != text and not force
        if not kept:
            atomic.write_text(target, text)
        done[source.name] = "kept" if kept else "written"
    return done


def main(words: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m rainmer_lib.teaching.student_copies", description="Walkthroughs without solutions."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="default: exercises/ of the repository")
    parser.add_argument("--force", action="store_true", help="overwrite copies that were changed")
    options = parser.parse_args(words)
    for name, what in write_copies(options.folder, options.force).items():
        remark = ": it was changed since, or is from another version; --force overwrites it" if what == "kept" else ""
        print(f"{what} {options.folder / name}{remark}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
