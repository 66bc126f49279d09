"""Weights and checkpoints on disk: read without executing anything; what is damaged or not finite is named."""

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

ZIP = b"PK\x03\x04"  # what torch.save writes begins so; older files, such as weights of 2019, do not


def read_torch(path: Path, device: torch.device | str = "cpu") -> Any:
    """Read the tensors and plain values of a file that `torch.save` wrote.

    FileNotFoundError if there is none, ValueError if it is damaged (each part is compared with its CRC-32, which torch itself
    does not do), or holds anything but tensors and plain values.
    """
    with open(path, "rb") as file:
        try:
            _require_whole(file)
            with warnings.catch_warnings(action="ignore"):  # torch asks to report the protocols of damaged files to it
                return torch.load(file, map_location=device, weights_only=True)
        except torch.OutOfMemoryError:  # of a GPU: the file may be whole
            raise
        except Exception as error:  # bytes at random raise a dozen kinds, which torch lists nowhere
            raise ValueError(f"{path}: damaged, or not a file that torch.save wrote ({type(error).__name__})") from error


def _require_whole(file: BinaryIO) -> None:
    zipped = file.read(len(ZIP)) == ZIP
    file.seek(0)
    if zipped:
        with zipfile.ZipFile(file) as parts:
            if damaged := parts.testzip():
                raise ValueError(f"the checksum of {damaged} is wrong")
        file.seek(0)


def read_exported(path: Path) -> dict[str, Tensor]:
    """Read exported weights (safetensors); ValueError if the file is damaged or holds values that are not finite."""
    try:
        weights = load_file(path)
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path}: damaged, or not weights in safetensors ({error})") from error
    if odd := not_finite(weights):
        raise ValueError(f"{path}: the weights {odd!r} are not finite: the file is damaged, or its run diverged")
    return weights


def not_finite(weights: Mapping[str, Tensor]) -> str:
    """Return the name of the first tensor that holds a value that is not finite; empty if there is none."""
    return next((name for name, value in weights.items() if not torch.isfinite(value).all()), "")
