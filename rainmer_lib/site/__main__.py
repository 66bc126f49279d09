"""Assemble what Sphinx builds: `python -m rainmer_lib.site FOLDER`."""

import argparse
import shutil
import sys
from pathlib import Path

from rainmer_lib import atomic, paths, workflow  # noqa: F401  before nbformat, which takes two seconds longer without it
from rainmer_lib.site import executed, gallery, models, reference, section_map
from rainmer_lib.site.links import Pages, rewrite
from rainmer_lib.workflow import runner

MARK = ".site-sources"  # only a folder with this file is ever replaced


def assemble(target: Path) -> None:
    """Fill `target`, replaced if it is there: docs, notebooks, models, gallery, map, reference.

    Results are the repository's own.  ValueError names a broken link, or a notebook without a title.
    """
    if target.exists() and not (target / MARK).exists():
        raise ValueError(f"{target} does not hold the site's sources (it has no {MARK}): choose another folder, or remove it")
    shutil.rmtree(target, ignore_errors=True)
    atomic.write_text(target / MARK, "made by rainmer_lib.site; replaced when it is made again\n")
    repository, results = paths.REPOSITORY, paths.REPOSITORY / "results"
    notebooks, shown = executed.best(results), executed.variants(results)
    pages = Pages(repository, target, _pages(repository, shown))
    for source in sorted((repository / "docs").glob("*.md")):
        text = source.read_text(encoding="utf-8")
        if source.name == "index.md":  # its links are to pages of the site
            atomic.write_text(target / "index.md", text)
        else:
            atomic.write_text(target / "docs" / source.name, rewrite(text, source, pages))
    readme = repository / "README.md"
    atomic.write_text(target / "readme.md", rewrite(readme.read_text(encoding="utf-8"), readme, pages))
    for notebook in shown:
        executed.write_page(notebook, target, pages)
    models.write_pages(target, pages)
    gallery.write_page(notebooks, target)
    names = {name for group in reference.modules().items() for name in (group[0], *group[1])}
    section_map.write_page(pages.source_of(section_map.START), notebooks, names, target)
    reference.write_pages(target)


def _pages(repository: Path, shown: list[executed.Executed]) -> dict[Path, str]:
    """Map files of the repository to pages: docs, README, model cards, every executed notebook, and the sources of notebooks.

    A notebook's source leads to its execution at the largest profile.
    """
    found = {path: f"docs/{path.name}" for path in (repository / "docs").glob("*.md") if path.name != "index.md"}
    found[repository / "README.md"] = "readme.md"
    found |= {models.card(name): f"{models.page(name)}.md" for name in models.shipped()}
    for notebook in shown:
        found[notebook.path] = f"{notebook.page}.ipynb"
        if notebook.largest:
            found[runner.NOTEBOOKS / f"{notebook.stem}.ipynb"] = found[notebook.path]
    return found


def main(words: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 done, 2 wrong input."""
    parser = argparse.ArgumentParser(prog="python -m rainmer_lib.site", description="Assemble the sources of the site.")
    parser.add_argument("target", type=Path, help="folder to fill; replaced if it holds such sources")
    try:
        assemble(parser.parse_args(words).target.resolve())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
