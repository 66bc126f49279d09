"""Weights published by the authors of a compared method: reading without executing anything, checks of every key and shape."""

import warnings
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.networks.stored import not_finite, read_torch

WRAPPER = "module."


def read_weights(path: Path, source: str, key: str = "") -> dict[str, Tensor]:
    """Read the state dict in a torch file, or the one that the file holds under `key`.

    FileNotFoundError says where to get the file (`source`), ValueError that it is damaged or holds something else.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file. The weights are {source}; they carry no licence, so they are not part of this project"
        )
    try:
        content = read_torch(path)
        weights = content[key] if key else content
        if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
            raise AttributeError("no state dict")
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: damaged, or not a state dict ({type(error).__name__})") from error
    if odd := not_finite(weights):
        raise ValueError(f"{path}: the weights {odd!r} are not finite: the file is damaged")
    return dict(weights)


def unwrapped(weights: Mapping[str, Tensor], path: Path) -> Mapping[str, Tensor]:
    """Drop the `module.` with which DataParallel and DistributedDataParallel begin every key, and warn that it was dropped."""
    if not weights or not all(name.startswith(WRAPPER) for name in weights):
        return weights
    warnings.warn(f"{path}: its keys begin with {WRAPPER}, saved from a parallel wrapper; dropped", stacklevel=3)
    return {name.removeprefix(WRAPPER): value for name, value in weights.items()}


def drop(weights: Mapping[str, Tensor], unused: Mapping[str, tuple[int, ...]], path: Path) -> dict[str, Tensor]:
    """Return weights, `unwrapped`, without those that the published network holds and never uses, listed with their shapes.

    ValueError if one of them is missing or of another shape: then the file is another network's.
    """
    weights = unwrapped(weights, path)
    found = {name: tuple(weights[name].shape) if name in weights else None for name in unused}
    if odd := [name for name in unused if found[name] != tuple(unused[name])]:
        lines = "".join(f"\n  {name}: expected {tuple(unused[name])}, found {found[name]}" for name in odd[:8])
        raise ValueError(f"{path} is not the published file; {len(odd)} keys differ:{lines}")
    return {name: value for name, value in weights.items() if name not in unused}


def load_strictly(network: Derainer, weights: Mapping[str, Tensor], path: Path, what: str) -> Derainer:
    """Load weights into `network` for inference, `unwrapped`.

    ValueError names the keys that are missing, unknown or of another shape.
    """
    weights = unwrapped(weights, path)
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if found != wanted:
        odd = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
        lines = "".join(f"\n  {name}: expected {wanted.get(name)}, found {found.get(name)}" for name in odd[:8])
        raise ValueError(f"{path} does not hold the weights of {what}; {len(odd)} keys differ:{lines}")
    network.load_state_dict(dict(weights))
    return network.eval()
