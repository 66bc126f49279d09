"""Find photos of two collections that show the same view: copies, and a rainy photo with its own clean version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.sparse.csgraph import connected_components

from rainmer_lib.data.leaks import print_of, search
from rainmer_lib.data.photo_files import Photo

SIDE = 16  # pixels of the small grey copies, in which rain no longer shows
# Correlation of the small copies from which two photos show one view.  The pairs of Rain100L reach .947 at least; of 100 photos
# of BSDS500 no two exceed .76.  Under heavy rain or haze (Rain100H, RainCityscapes60) a pair reaches .53 to .9, so photos
# whose names and sizes agree need less.
SAME_VIEW, SAME_NAME = 0.94, 0.6
MOST = 100  # photos of each collection that are also searched for cropped and mirrored copies: 30 ms each, and their pairs


@dataclass(frozen=True)
class Duplicate:
    """Two photos that show one view, by name, and how that was found."""

    ours: str
    theirs: str
    how: str

    def __str__(self) -> str:
        """Format the finding as a line."""
        return f"{self.ours} and {self.theirs}: {self.how}"


Photos = Mapping[str, Photo]


def duplicates(ours: Photos, theirs: Photos) -> list[Duplicate]:
    """Find photos of `ours` that `theirs` shows too, each at most once, in the order of `ours`.

    Every photo is compared as a small grey copy; at most `MOST` of each collection, spread evenly, as `rainmer data leaks`
    compares photos.
    """
    found = _same_views(ours, theirs)
    prints = [[print_of(name, photos[name]) for name in spread(list(photos), MOST)] for photos in (ours, theirs)]
    for leak in search(*prints):
        how = "equal pixels" if leak.same_pixels else f"one photo, likeness {leak.likeness:.2f}"
        found.setdefault(leak.train, Duplicate(leak.train, leak.test, how))
    return [found[name] for name in ours if name in found]


def _same_views(ours: Photos, theirs: Photos) -> dict[str, Duplicate]:
    likeness = np.stack([_small(photo) for photo in ours.values()]) @ np.stack([_small(p) for p in theirs.values()]).T
    names, sizes = list(theirs), {name: photo.shape for name, photo in theirs.items()}
    found = {}
    for row, (name, photo) in zip(likeness, ours.items(), strict=True):
        best = int(row.argmax())
        same = next((other for other in names if _stem(other) == _stem(name) and sizes[other] == photo.shape), None)
        if row[best] >= SAME_VIEW:
            found[name] = Duplicate(name, names[best], f"one view, likeness {row[best]:.2f}")
        elif same is not None and row[names.index(same)] >= SAME_NAME:
            found[name] = Duplicate(name, same, f"equal name and size, likeness {row[names.index(same)]:.2f}")
    return found


def scenes(photos: Photos) -> list[list[str]]:
    """Group the photos of one collection by the view that they show, in the order of `photos`: near duplicates are together."""
    small = np.stack([_small(photo) for photo in photos.values()])
    _, labels = connected_components(small @ small.T >= SAME_VIEW)
    order = dict.fromkeys(labels.tolist())
    return [[name for name, label in zip(photos, labels, strict=True) if label == scene] for scene in order]


def _small(photo: Photo) -> Float[np.ndarray, " pixels"]:
    grey = Image.fromarray(photo).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(grey, dtype=np.float64).ravel()
    values = values - values.mean()
    return values / (np.linalg.norm(values) or 1.0)


def _stem(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[0] or name


def spread(items: Sequence, most: int) -> list:
    """Return `items`, or `most` of them at even distances."""
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]
