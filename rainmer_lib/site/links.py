"""Rewrite the relative links of the repository's Markdown so that they work on the site."""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

# an inline link or picture; code spans come first in the alternation, so that their content is left unchanged
_LINK = re.compile(r"(?P<code>(?P<ticks>`+).*?(?P=ticks))|(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<goal>[^)\s]+)\)", re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|#")


@dataclass
class Pages:
    """Pages of the site by file of the repository; a linked file without a page is copied to the site.

    `of` maps a file to its page (source suffix included, from the site's root).  Copies lie below `target`/files.
    """

    repository: Path
    target: Path
    of: dict[Path, str] = field(default_factory=dict)

    def source_of(self, stem: str) -> Path:
        """Return the notebook's source file, to which its links are relative."""
        return self.repository / "notebooks" / f"{stem}.ipynb"

    def link(self, text: str, path: Path, place: str = "") -> str:
        """Return Markdown that links to a file: to `place` on its page, or to its copy as a download."""
        if path in self.of:
            return f"[{text}](/{self.of[path]}{place})"
        return f"{{download}}`{text.replace('`', '')} </{self.copy(path)}>`"

    def picture(self, text: str, path: Path) -> str:
        """Return Markdown that shows the copy of a picture."""
        return f"![{text}](/{self.copy(path)})"

    def copy(self, path: Path) -> str:
        """Copy a file to the site; return its place from the site's root."""
        inside = Path("files", os.path.relpath(path, self.repository).replace("..", "outside"))
        copy = self.target / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        return inside.as_posix()


def rewrite(text: str, source: Path, pages: Pages) -> str:
    """Replace links to files and pictures in `text`, the content of the file `source`; links to folders become plain text.

    Links to other hosts and within the page stay.  ValueError names the file and the broken link.
    """

    def replaced(found: re.Match) -> str:
        goal = found["goal"]
        if found["code"] or _ELSEWHERE.match(goal):
            return found[0]
        name, mark, heading = goal.partition("#")
        path = Path(os.path.normpath(source.parent / unquote(name)))
        if path.is_dir():
            return found["text"]
        if not path.exists() and path not in pages.of:
            raise ValueError(f"{source}: the link to {goal} leads nowhere; there is no {path}")
        return pages.picture(found["text"], path) if found["picture"] else pages.link(found["text"], path, mark + heading)

    return _LINK.sub(replaced, text)
