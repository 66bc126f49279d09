"""Trained networks by name: `load_model("dcdgan-small")`, the folder of a finished run, or one that `hub` has saved."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from rainmer_lib import paths
from rainmer_lib.baselines import prenet
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.translation import Generator
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.model import build_network

SHIPPED = Path(__file__).parent / "weights"
SHARED_WEIGHTS = "model.safetensors"  # the file's name in folders of the hub; in those of runs it is derain.safetensors
ARCHITECTURE = {"width": int, "blocks": int, "antialias": bool, "global_residual": bool}  # what a Generator is built from


@dataclass(frozen=True)
class Model:
    """A trained network, where its weights come from, and in one line what it is."""

    load: Callable[[], nn.Module]
    weights: Callable[[], Path]
    title: str

    @property
    def present(self) -> bool:
        """Whether its weights are there."""
        return self.weights().exists()


@dataclass(frozen=True)
class Method:
    """What makes runs: the class of their configurations, and what builds the derain network of one."""

    config: type
    build: Callable[..., nn.Module]


def _shipped(name: str, title: str) -> Model:
    return Model(lambda: load_run(SHIPPED / name), lambda: SHIPPED / name / "derain.safetensors", title)


def _prenet(training_set: str) -> Model:
    def weights() -> Path:
        return paths.data_root() / "weights" / "prenet" / f"{training_set}_PReNet6" / "net_latest.pth"

    title = f"PReNet (CVPR 2019), its authors' weights for {training_set}; pairs were seen"
    return Model(lambda: prenet.load_published(weights()), weights, title)


MODELS = {
    "dcdgan-small": _shipped("dcdgan-small", "DCD-GAN: 0.35 M parameters, trained for minutes, no pair was ever seen"),
    **{f"prenet-{name.lower()}": _prenet(name) for name in ("Rain100L", "Rain100H", "Rain1400")},
}
DEFAULT = "dcdgan-small"

# `method` in a run's config.json; the first three train the same network: unpaired, on from such a run, with pairs
METHODS = {
    **{name: Method(DCDGANConfig, lambda c: Generator(**architecture(c))) for name in ("dcdgan", "adapted", "supervised")},
    "rainmer": Method(RainmerConfig, build_network),
}


def load_model(name: str | Path) -> nn.Module:
    """A network that takes (b, 3, h, w) in [0, 1], ready to derain: a name in MODELS, or a folder (a run's, or a shared one).

    Raises ValueError with the list of names, or FileNotFoundError that says which file is missing and where it comes from.
    """
    if str(name) in MODELS:
        return MODELS[str(name)].load()
    if Path(name).is_dir():
        shared = (Path(name) / SHARED_WEIGHTS).is_file()
        return load_shared(Path(name)) if shared else load_run(Path(name))
    raise ValueError(
        f"model {str(name)!r}: choose one of {', '.join(MODELS)}, or the folder of a finished run (runs/*, results/*/runs/*), "
        "or one that save_pretrained wrote"
    )


def load_run(folder: Path) -> nn.Module:
    """The derain network of a finished run: `config.json` and `derain.safetensors`, in single precision."""
    for file in ("config.json", "derain.safetensors"):
        if not (folder / file).is_file():
            raise FileNotFoundError(f"{folder} holds no {file}: it is not the folder of a finished run")
    config = read_config(folder)
    return filled(_method_of(folder).build(config), folder / "derain.safetensors")


def read_config(folder: Path) -> DCDGANConfig | RainmerConfig:
    """The configuration in a run's `config.json`, of the class that its method has; ValueError on another file of that name."""
    try:
        stored = read_json(folder)["config"]
        return _method_of(folder).config(**{name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder / 'config.json'}: not the configuration of a run of this project ({error})") from error


def _method_of(folder: Path) -> Method:
    name = read_json(folder)["method"]
    if name not in METHODS:
        raise ValueError(f"method {name!r}: expected one of {', '.join(METHODS)}")
    return METHODS[name]


def read_json(folder: Path) -> dict:
    """What a folder's `config.json` holds; ValueError if that is no JSON object."""
    path = folder / "config.json"
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: damaged, no JSON ({error})") from error
    if not isinstance(stored, dict):
        raise ValueError(f"{path}: expected a JSON object, found {type(stored).__name__}")
    return stored


def load_shared(folder: Path) -> Generator:
    """The derain network of a folder that `hub.PretrainedDerainer.save_pretrained` wrote; needs no huggingface_hub."""
    for file in ("config.json", SHARED_WEIGHTS):
        if not (folder / file).is_file():
            raise FileNotFoundError(f"{folder} holds no {file}: it is not a folder that save_pretrained wrote")
    return filled(Generator(**read_architecture(folder)), folder / SHARED_WEIGHTS)


def read_architecture(folder: Path) -> dict[str, int | bool]:
    """The Generator's arguments in a shared folder's `config.json`; ValueError names those that are missing or wrong."""
    stored = read_json(folder)
    wrong = [
        f"{name} ({'above 0' if kind is int else 'true or false'})"
        for name, kind in ARCHITECTURE.items()
        if type(stored.get(name)) is not kind or (kind is int and stored[name] < 1)
    ]
    if wrong:
        path = folder / "config.json"
        raise ValueError(f"{path}: not the configuration of a shared network; missing or wrong: {', '.join(wrong)}")
    return {name: stored[name] for name in ARCHITECTURE}


def load_generator(config: DCDGANConfig, weights: Path) -> Generator:
    """The derain network of a configuration with exported weights; ValueError as `filled`."""
    return filled(Generator(**architecture(config)), weights)


def architecture(config: DCDGANConfig) -> dict[str, int | bool]:
    """What of a configuration a Generator is built from; ValueError for a method that has no Generator."""
    if not isinstance(config, DCDGANConfig):
        raise ValueError(f"a {type(config).__name__} describes no Generator: expected a run of DCD-GAN")
    return {name: getattr(config, name) for name in ARCHITECTURE}


def filled(network: nn.Module, weights: Path) -> nn.Module:
    """`network` with exported weights, ready to derain; ValueError if they are damaged or another network's."""
    try:
        network.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(f"{weights}: damaged, or not the weights of this configuration ({error})") from error
    return network.eval()
