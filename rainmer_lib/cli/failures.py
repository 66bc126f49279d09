"""One bad file stops no other: what could not be done is named at the end, with exit code 1."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from rainmer_lib import atomic


class Failures:
    """Files that could not be done, with the reason of each; `word` says what was not done to them."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.found: dict[Path, str] = {}  # no exceptions: their tracebacks would hold the images of every failure in memory
        self.disk_is_full = False  # then all others would fail too

    @contextmanager
    def at(self, path: Path) -> Iterator[None]:
        """Context of the work on one file; an error of the file, of memory or of the disk is kept, and the work goes on."""
        try:
            yield
        except (ValueError, OSError, MemoryError) as error:
            self.found[path] = named(error, path)
            self.disk_is_full |= atomic.disk_is_full(error)

    def add(self, path: Path, reason: str) -> None:
        """Keep a reason that is no error."""
        self.found[path] = reason

    def end(self, done: int) -> None:
        """Name the files, and end with exit code 1, or with 2 if nothing was `done`; return if there is no failure."""
        if self.found:
            typer.echo(f"{self.word}:" + "".join(f"\n  {reason}" for reason in self.found.values()), err=True)
            raise typer.Exit(1 if done else 2)


def named(error: Exception, path: Path) -> str:
    """Return the message of an error, with the file's name if the message lacks it."""
    text = str(error) or ("not enough memory" if isinstance(error, MemoryError) else type(error).__name__)
    return text if str(path) in text else f"{path}: {text}"
