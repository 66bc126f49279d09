"""Texts of the pages as a script, from which the search cuts its excerpts.

Sphinx's search fetches each page that it found.  From the file system a browser fetches nothing, so docs/_static/excerpts.js
answers these requests from `window.EXCERPTS`, the script that is written here; only the search page loads both.
"""

import html
import json
import re
from pathlib import Path

from rainmer_lib import atomic

SCRIPT = "page_texts.js"
LONGEST = 20_000  # characters of a page; an excerpt beyond is not shown
_UNSEEN = re.compile(r"<(script|style|svg|math)\b.*?</\1>|<a class=\"headerlink\".*?</a>|<[^>]+>", re.DOTALL)


def text_of(body: str) -> str:
    """Return the words of a page's HTML, at most `LONGEST` characters; scripts, drawings and markup are left out."""
    words = html.unescape(_UNSEEN.sub(" ", body))
    return " ".join(words.split())[:LONGEST]


def write_script(texts: dict[str, str], folder: Path) -> Path:
    """Write the texts, by name of the page, as `folder`/page_texts.js."""
    return atomic.write_text(folder / SCRIPT, f"window.EXCERPTS = {json.dumps(texts, ensure_ascii=False)};\n")
