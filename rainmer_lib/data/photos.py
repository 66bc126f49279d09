"""Colour photos that ship inside the wheels of scikit-image and scikit-learn: nothing to download."""

import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from skimage.io import imread

_FOLDERS = {"skimage": "data", "sklearn": "datasets/images"}
# Disjoint by construction: no photo is in two parts.  Of all ways to halve the six, this one leaves the least difference
# in mean and contrast of the colours: with so few photos, a discriminator would learn that difference instead of rain.
RAINY = ("skimage/coffee.png", "skimage/motorcycle_left.png", "skimage/rocket.jpg")
CLEAN = ("skimage/chelsea.png", "skimage/astronaut.png", "sklearn/flower.jpg")
HELD_OUT = ("sklearn/china.jpg",)


def photo_path(name: str) -> Path:
    """Return the file of an embedded photo, `package/file`; FileNotFoundError names the package to reinstall."""
    package, file = name.split("/")
    path = Path(find_spec(package).origin).parent / _FOLDERS[package] / file
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: the {package} wheel contains this photo; reinstall {package}")
    return path


def load_photo(name: str) -> np.ndarray:
    """Load an embedded photo, uint8 (h, w, 3)."""
    return imread(photo_path(name))[..., :3]


def fingerprint(paths: list[Path], rendered: Iterable[np.ndarray] = ()) -> str:
    """Hash the contents of files, in order, and arrays that come from no file; 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in rendered:
        digest.update(array.tobytes())
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
