"""Relative links of Markdown that was written for the repository, made to hold on the site."""

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

# an inline link or picture; code spans come first in the alternation, so that what stands in them is left alone
_LINK = re.compile(r"(?P<code>(?P<ticks>`+).*?(?P=ticks))|\[(?P<text>[^\]]*)\]\((?P<goal>[^)\s]+)\)", re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|#")


@dataclass
class Pages:
    """Files of the repository that have a page on the site, and files that it carries as they are.

    `of` maps a file to its page (source suffix included, from the site's root).  A file without a page that something
    links to is copied below `target`/files.
    """

    repository: Path
    target: Path
    of: dict[Path, str] = field(default_factory=dict)

    def source_of(self, stem: str) -> Path:
        """The notebook's source, relative to which its links were written."""
        return self.repository / "notebooks" / f"{stem}.ipynb"

    def link(self, text: str, path: Path, place: str = "") -> str:
        """Markdown that leads to a file: to `place` on its page, or to its copy as a download."""
        if path in self.of:
            return f"[{text}](/{self.of[path]}{place})"
        inside = Path("files", os.path.relpath(path, self.repository).replace("..", "outside"))
        copy = self.target / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        return f"{{download}}`{text.replace('`', '')} </{inside.as_posix()}>`"


def rewrite(text: str, source: Path, pages: Pages) -> str:
    """`text` of the file `source` with its links to files replaced; links to folders become their words.

    Links to other hosts and to places in the page stay.  ValueError names the file and the link that leads nowhere.
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
        return pages.link(found["text"], path, mark + heading)

    return _LINK.sub(replaced, text)
