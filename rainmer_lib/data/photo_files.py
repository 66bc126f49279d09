"""Photos on disk, read as they are needed: those that fit into a share of the memory stay there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any

import numpy as np
from jaxtyping import UInt8

LARGEST = 2**32  # bytes of photos that one sequence keeps at most
SHARE = 8  # of the free memory, one part of so many
AHEAD = 4  # batches that are made in advance

Photo = UInt8[np.ndarray, "h w 3"]


class PhotoFiles(Sequence):
    """Sequence of photos, uint8 (h, w, 3): `read(source)` for each of `sources`, which have names, on access.

    Photos are kept as long as they fit into `memory` bytes (by default an eighth of what is free, at most 4 GB); the others
    are read again each time.  Errors are those of `read`.
    """

    def __init__(self, sources: Mapping[str, Any], read: Callable[[Any], Photo], memory: int | None = None) -> None:
        self.names, self._sources, self._read = tuple(sources), tuple(sources.values()), read
        self._left = _share_of_memory() if memory is None else memory
        self._kept: dict[int, Photo] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, index: int) -> Photo:
        index = range(len(self._sources))[index]
        if (kept := self._kept.get(index)) is not None:
            return kept
        photo = self._read(self._sources[index])
        with self._lock:
            if index not in self._kept and photo.nbytes <= self._left:
                self._left -= photo.nbytes
                self._kept[index] = photo
        return photo

    @property
    def in_memory(self) -> bool:
        """Return whether every photo has been read and kept."""
        return len(self._kept) == len(self._sources)

    def part(self, indices: Sequence[int]) -> "PhotoFiles":
        """Return the photos of these indices; those that are kept need not be read again."""
        chosen = PhotoFiles({self.names[i]: self._sources[i] for i in indices}, self._read, self._left)
        chosen._kept = {new: self._kept[old] for new, old in enumerate(indices) if old in self._kept}
        return chosen

    @property
    def by_name(self) -> "ByName":
        """The photos by name."""
        return ByName(self)


def _share_of_memory() -> int:
    """Return the bytes that one sequence keeps at most."""
    import psutil  # here, so that training on the photos of the registry does without it

    return min(LARGEST, psutil.virtual_memory().available // SHARE)


class ByName(Mapping):
    """Photos by name, each read on access."""

    def __init__(self, photos: PhotoFiles) -> None:
        self._places, self._photos = {name: i for i, name in enumerate(photos.names)}, photos

    def __getitem__(self, name: str) -> Photo:
        return self._photos[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Ahead:
    """Makes the batches of the next steps in threads, while the present one is trained on.

    A batch is a function of its arguments alone, so making it early changes nothing.
    """

    def __init__(self, workers: int = AHEAD) -> None:
        self.workers = workers
        self._pool: ThreadPoolExecutor | None = None
        self._pending: dict[tuple, Future] = {}

    def take(self, make: Callable[..., Any], step: int, *rest: int) -> Any:
        """Return `make(step, *rest)`, and begin the same for the steps that follow."""
        self._pool = self._pool or ThreadPoolExecutor(self.workers, thread_name_prefix="photos")
        wanted = {(make.__name__, step + i, *rest): step + i for i in range(self.workers + 1)}
        for key in self._pending.keys() - wanted.keys():
            self._pending.pop(key).cancel()
        for key, when in wanted.items():
            if key not in self._pending:
                self._pending[key] = self._pool.submit(make, when, *rest)
        return self._pending.pop((make.__name__, step, *rest)).result()
