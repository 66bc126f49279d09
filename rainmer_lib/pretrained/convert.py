"""Published weights of a compared method, from a person's own download, as a folder that `load_model` reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from rainmer_lib import atomic
from rainmer_lib.methods import METHODS, method
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.pretrained.models import SHARED_WEIGHTS, load_folder
from rainmer_lib.training import seal
from rainmer_lib.training.method import Method
from rainmer_lib.training.run import RunIdentity

NETWORK_OF = {"sirr": "ddn"}  # published weights that are those of another method's network
CONFIG = "config.json"
WRITTEN = {CONFIG, SHARED_WEIGHTS, seal.SEAL}
LICENCE = "The weights are their authors'. Where these give no licence, they are for your own use and not to be passed on."


def convertible() -> list[str]:
    """List the names of published weights that can be converted."""
    return [*(name for name, found in METHODS.items() if found.load_published), *NETWORK_OF]


def convert(name: str, file: Path, folder: Path | None = None, say: Callable[[str], Any] = lambda text: None) -> Path:
    """Write the published weights in `file` as a folder, by default `<name>` beside the file, and return it.

    Every key and shape is checked, and so is the folder: its network gives the same output as the weights that were read.
    Raises ValueError on a name without published weights and on a file that does not hold them, FileNotFoundError if there
    is none, FileExistsError if the folder holds anything but weights that were converted before.
    """
    if name not in convertible():
        raise ValueError(f"{name!r}: no published weights are known. Choose one of {', '.join(convertible())}")
    folder = folder or file.parent / name
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - WRITTEN):
        raise FileExistsError(f"{folder} exists and holds other files: give another place to write to")
    found = method(NETWORK_OF.get(name, name))
    network = found.load_published(file)
    identity = RunIdentity(found.name, configuration_of(found, network), f"published weights: {file.name}", found.version)
    with torch.no_grad():
        weights = {key: value.contiguous() for key, value in network.state_dict().items()}

    def fill(part: Path) -> None:
        atomic.write_json(part / CONFIG, identity.description())
        atomic.write(part / SHARED_WEIGHTS, lambda to: save_file(weights, to, {"format": "pt"}))
        seal.seal(part, [CONFIG, SHARED_WEIGHTS])
        _require_equal(network, load_folder(part), file)

    atomic.write_folder(folder, fill)
    say(f"{found.title}, {len(weights)} tensors of {file}. {LICENCE}")
    return folder


def configuration_of(found: Method, network: Derainer) -> Any:
    """Return the configuration of the method's presets whose network has these weights; ValueError if there is none."""
    shapes = _shapes(network)
    for preset in found.presets:
        config = found.at("paper", preset)
        with torch.device("meta"):  # names and shapes alone
            if _shapes(found.network(config)) == shapes:
                return config
    raise ValueError(f"{found.name}: the published network is that of none of the presets {', '.join(found.presets)}")


def _shapes(network: Derainer) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


@torch.inference_mode()
def _require_equal(network: Derainer, converted: Derainer, file: Path) -> None:
    side = -(-max(32, network.smallest) // network.multiple) * network.multiple
    image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    if not torch.equal(network(image), converted(image)):
        raise ValueError(f"{file}: the converted network gives another output than the published one; nothing was written")
