"""Load trained networks by name, from the folder of a run, or from one that `hub` saved; `load_model("auto")` takes `DEFAULT`.

A folder below `weights/` is a network by that name: to ship another one, add its folder (`workflow.ship`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rainmer_lib import paths
from rainmer_lib.baselines.published_weights import unwrapped
from rainmer_lib.methods import METHODS, method
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.networks.stored import read_exported
from rainmer_lib.training import seal
from rainmer_lib.training.method import Method
from rainmer_lib.training.run import EXPORT

SHIPPED = Path(__file__).parent / "weights"
RUN_WEIGHTS = EXPORT  # in the folder of a run
SHARED_WEIGHTS = "model.safetensors"  # in a folder that `hub` has saved


@dataclass(frozen=True)
class Model:
    """A trained network: its loader, the path of its weights, its description in one line, and the method it comes from."""

    load: Callable[[], Derainer]
    weights: Callable[[], Path]
    describe: Callable[[], str]
    method: Callable[[], Method]

    @property
    def title(self) -> str:
        """Description in one line."""
        return self.describe()

    @property
    def present(self) -> bool:
        """Return whether the weights are there."""
        return self.weights().exists()


def shipped() -> list[str]:
    """List the networks that ship: the folders below `weights/` that hold a configuration."""
    return sorted(path.parent.name for path in SHIPPED.glob("[!.]*/config.json"))


def _shipped(name: str) -> Model:
    folder = SHIPPED / name
    return Model(lambda: load_folder(folder), lambda: folder / RUN_WEIGHTS, lambda: title_of(folder), lambda: method_of(folder))


def _prenet(training_set: str) -> Model:
    def weights() -> Path:
        return paths.data_root() / "weights" / "prenet" / f"{training_set}_PReNet6" / "net_latest.pth"

    title = f"PReNet (CVPR 2019), its authors' weights for {training_set}; trained with pairs"
    prenet = METHODS["prenet"]
    return Model(lambda: prenet.load_published(weights()), weights, lambda: title, lambda: prenet)


MODELS = {
    **{name: _shipped(name) for name in shipped()},
    **{f"prenet-{name.lower()}": _prenet(name) for name in ("Rain100L", "Rain100H", "Rain1400")},
}
AUTO = "auto"  # the name that stands for DEFAULT
DEFAULT = "derain-small"  # one for all images: chosen once, by measurement on held-out synthetic and on real photos


def resolved(name: str | Path) -> str:
    """Return the name of a network or folder; for `auto` that of the default."""
    return DEFAULT if str(name) == AUTO else str(name)


def load_model(name: str | Path) -> Derainer:
    """Load a network, ready to derain, (b, 3, h, w) in [0, 1]: `auto`, a name in MODELS, or a folder (of a run or shared).

    Raises ValueError with the list of names, or FileNotFoundError that names the missing file and says where to get it.
    """
    name = resolved(name)
    if name in MODELS:
        return MODELS[name].load()
    if Path(name).is_dir():
        return load_folder(Path(name))
    if Path(name).is_file():
        raise ValueError(f"model {name!r} is a file: give its folder, {str(Path(name).parent)!r}, with its config.json")
    raise ValueError(
        f"model {name!r}: choose one of {', '.join([AUTO, *MODELS])}, or the folder of a finished run "
        "(runs/*, results/*/runs/*), or one that save_pretrained wrote"
    )


def load_folder(folder: Path) -> Derainer:
    """Load the network of a run's folder or of a shared one from `config.json` and weights, in single precision.

    Does not need huggingface_hub.  FileNotFoundError names the missing file, ValueError the damaged one.
    """
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"{folder} holds no config.json: it is neither the folder of a finished run nor a shared one")
    weights = next((path for path in (weights_of(folder), folder / SHARED_WEIGHTS) if path.is_file()), None)
    if weights is None:
        raise FileNotFoundError(f"{folder} holds no {RUN_WEIGHTS} and no {SHARED_WEIGHTS}.{_why_none(folder)}")
    return load_weights(method_of(folder).network(read_config(folder)), weights)


def weights_of(folder: Path) -> Path:
    """Return the path of a run's weights: in its folder, or where a network of the same `config.json` ships.

    A recorded run whose network ships has no second copy of its weights.
    """
    ships = shipped_as(folder)
    return folder / RUN_WEIGHTS if ships is None or (folder / RUN_WEIGHTS).is_file() else ships / RUN_WEIGHTS


def shipped_as(folder: Path) -> Path | None:
    """Return the folder below `weights/` with the `config.json` of a finished run, None if its network does not ship."""
    if not (folder / "finished.json").is_file():  # a shared folder that lost its weights is damaged
        return None
    own = read_json(folder)
    return next((SHIPPED / name for name in shipped() if read_json(SHIPPED / name) == own), None)


def _why_none(folder: Path) -> str:
    if seal.listed(folder / RUN_WEIGHTS):
        return f" {seal.SEAL} lists {RUN_WEIGHTS}: it was removed. Restore it, or delete the folder and train the run again."
    scored = any(folder.glob("scores-*"))
    return " Only the scores of this run are kept, not the weights: train it again." if scored else ""


def load_weights(network: Derainer, weights: Path) -> Derainer:
    """Load exported weights into `network`, ready to derain; ValueError if they are damaged or another network's."""
    try:
        network.load_state_dict(unwrapped(read_weights(weights), weights))
    except RuntimeError as error:
        raise ValueError(f"{weights}: damaged, or not the weights of this configuration ({error})") from error
    return network.eval()


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read exported weights; ValueError if they are damaged, not finite, or not those that the folder's seal lists."""
    return read_exported(seal.require_intact(path))


def title_of(folder: Path) -> str:
    """Describe the network of a folder in one line: method, millions of parameters, with or without pairs.

    Reads `config.json` alone; the errors of `read_config`.
    """
    method = method_of(folder)
    with torch.device("meta"):  # counted without memory for the weights
        count = parameter_count(method.network(read_config(folder)))
    trained = {"unpaired": "without pairs", "paired": "with pairs", "semi-supervised": "with pairs and real rain"}
    return f"{method.title}: {count / 1e6:.2f} M parameters, trained {trained[method.supervision]}"


def method_of(folder: Path) -> Method:
    """Return the method that a folder's `config.json` names; ValueError if there is no such method."""
    try:
        return method(read_json(folder)["method"])
    except (ValueError, KeyError) as error:
        raise _foreign(folder, error) from error


def read_config(folder: Path) -> Any:
    """Read the configuration in a folder's `config.json`, of its method's class; ValueError on another file."""
    kind = method_of(folder).config
    try:
        stored = read_json(folder)["config"]
        return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _foreign(folder, error) from error


def _foreign(folder: Path, error: Exception) -> ValueError:
    return ValueError(f"{folder / 'config.json'}: not the configuration of a run of this project ({error})")


def read_json(folder: Path) -> dict:
    """Read the content of a folder's `config.json`; the errors of `seal.read_json`."""
    return seal.read_json(folder / "config.json")
