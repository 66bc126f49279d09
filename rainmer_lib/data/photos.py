"""Colour photos that travel inside the wheels of scikit-image and scikit-learn: nothing to download."""

import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from skimage.io import imread

_FOLDERS = {"skimage": "data", "sklearn": "datasets/images"}
# Disjoint by construction: no photo is in two parts.  Of all ways to halve the six, this one leaves the least difference
# in mean and contrast of the colours: with so few photos, a critic would learn that instead of rain.
RAINY = ("skimage/coffee.png", "skimage/motorcycle_left.png", "skimage/rocket.jpg")
CLEAN = ("skimage/chelsea.png", "skimage/astronaut.png", "sklearn/flower.jpg")
HELD_OUT = ("sklearn/china.jpg",)


def photo_path(name: str) -> Path:
    """File of an embedded photo, `package/file`.  Raises FileNotFoundError naming the package to reinstall."""
    package, file = name.split("/")
    path = Path(find_spec(package).origin).parent / _FOLDERS[package] / file
    if not path.exists():
        raise FileNotFoundError(f"{path}: the {package} wheel carries this photo; reinstall {package}")
    return path


def load_photo(name: str) -> np.ndarray:
    """An embedded photo, uint8 (h, w, 3)."""
    return imread(photo_path(name))[..., :3]


def fingerprint(paths: list[Path], rendered: Iterable[np.ndarray] = ()) -> str:
    """Hash of the contents of files, in order, and of arrays made from no file; 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in rendered:
        digest.update(array.tobytes())
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
