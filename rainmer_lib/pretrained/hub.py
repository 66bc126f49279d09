"""Derain networks shared through the Hugging Face hub: `from_pretrained`, `save_pretrained`, `push_to_hub`.

Needs the extra `hub`.  Without the extra, `models.load_model` reads folders that were saved here.
"""

import warnings
from functools import cached_property
from importlib import import_module
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors.torch import save
from torch import Tensor, nn

from rainmer_lib import atomic
from rainmer_lib.inference.derain import derain
from rainmer_lib.methods import METHODS
from rainmer_lib.pretrained.model_card import CARD, card_of_run
from rainmer_lib.pretrained.models import RUN_WEIGHTS, SHARED_WEIGHTS, SHIPPED, load_folder, read_json, resolved, shipped
from rainmer_lib.training.seal import SEAL, seal

try:
    _hub = import_module("huggingface_hub")
except ModuleNotFoundError as error:
    raise ImportError('rainmer_lib.pretrained.hub needs huggingface_hub: pip install "rainmer[hub]"') from error

Image = Float[Tensor, "b 3 h w"]


class PretrainedDerainer(
    nn.Module, _hub.PyTorchModelHubMixin,
    library_name="rainmer", license="mit", pipeline_tag="image-to-image", tags=["deraining", "image-restoration"],
):  # fmt: skip
    """Derain network of any method with its origin and its card: (b, 3, h, w) in [0, 1] of any size -> the same size.

    `network` is the bare network, for training or evaluation.  `data` and `version` are those of the run that trained it, if
    the run is known; `config.json` then equals that of the run.
    """

    def __init__(
        self, method: str = "dcdgan", config: dict | None = None, data: str | None = None, version: int | None = None
    ) -> None:
        super().__init__()
        fields = {name: tuple(v) if isinstance(v, list) else v for name, v in (config or {}).items()}
        self.network = METHODS[method].network(METHODS[method].config(**fields))
        self.run = {"method": method, "config": config or {}, "data": data, "version": version}
        self._hub_mixin_config = self.run  # the mixin's own spreads the fields of `config` among the other arguments
        self._run_folder: Path | None = None
        self._pictures: dict[str, bytes] = {}  # that the card shows, by the name of the file

    @cached_property
    def card(self) -> str:
        """Text of the model's README.md; it can be set.

        The card of a run is written on first access, because writing it reads the data.
        """
        return card_of_run(self._run_folder) if self._run_folder else ""

    def forward(self, image: Image, **options) -> Image:
        """Derain each image at its full size, without gradients, on the network's device.

        Returns float32 on the device of `image`.  `options` are those of `inference.Options` (strength, memory limit,
        tiles).  Raises ValueError unless `image` holds floats in [0, 1] of shape (b, 3, h, w).
        """
        if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
            raise ValueError(f"need floats in [0, 1], (b, 3, h, w), got {image.dtype} {tuple(image.shape)}")
        photos = image.detach().permute(0, 2, 3, 1).float().cpu().numpy()
        results = [torch.from_numpy(derain(self.network, photo, **options)) for photo in photos]
        return torch.stack(results).permute(0, 3, 1, 2).contiguous().to(image.device)

    @classmethod
    def from_pretrained(cls, name: str | Path, **download) -> "PretrainedDerainer":
        """Load a network, ready to derain.

        `name` is the name of a shipped network ("dcdgan-small", or "auto" for the default), a folder that `save_pretrained`
        wrote, the folder of a finished run, or a repository of the hub ("user/model").  Only the last accesses the hub, and
        takes `download`: the options of `huggingface_hub.snapshot_download` (revision, token, cache_dir, force_download,
        local_files_only).  Raises FileNotFoundError if there is no such folder or repository or a file is missing, ValueError
        if one is damaged.  Unlike the mixin's own method, it never leaves weights random if a file lacks them, and never
        reads pickles.
        """
        folder = next((p for p in (SHIPPED / resolved(name), Path(name).expanduser()) if p.is_dir()), None)
        if folder is None:
            folder = _downloaded(name, download)
        elif download:
            raise TypeError(f"{folder} is a local folder, which takes none of the options {', '.join(download)}")
        network, stored = load_folder(folder), read_json(folder)
        model = cls(**{name: stored.get(name) for name in ("method", "config", "data", "version")})
        model.network = network
        model._pictures = {path.name: path.read_bytes() for path in folder.glob("*.png")}
        if (folder / RUN_WEIGHTS).is_file():
            model._run_folder = folder
        else:
            model.card = (folder / CARD).read_text(encoding="utf-8") if (folder / CARD).is_file() else ""
        return model.eval()

    def _save_pretrained(self, save_directory: Path) -> None:
        """Write weights, under the names of a run's file, and pictures; the mixin writes configuration and card."""
        card, present = str(self.generate_model_card()), save_directory / CARD
        if present.is_file() and present.read_text(encoding="utf-8") != card:
            message = f"{present}: kept, though it is not the card of this model; remove it to write the card of this model"
            warnings.warn(message, stacklevel=3)
        content = save({k: v.detach().cpu().contiguous() for k, v in self.network.state_dict().items()}, {"format": "pt"})
        atomic.write(save_directory / SHARED_WEIGHTS, lambda part: part.write_bytes(content))
        seal(save_directory, [SHARED_WEIGHTS])
        for name, picture in self._pictures.items():
            if f"]({name})" in card:
                atomic.write(save_directory / name, lambda part, picture=picture: part.write_bytes(picture))

    def generate_model_card(self, *_, **__):
        """Return the card with the hub's header.

        Raises ValueError for a network without a card: whoever shares weights has to describe them.
        """
        if not self.card.strip():
            raise ValueError(f"this model has no card: set `card` to the text of a {CARD} (data, budget, scores, limits)")
        if self.card.startswith("---\n"):
            return _hub.ModelCard(self.card)
        return _hub.ModelCard(f"---\n{self._hub_mixin_info.model_card_data.to_yaml()}\n---\n\n{self.card}")


def _downloaded(name: str | Path, options: dict) -> Path:
    """Download the files of a hub repository; FileNotFoundError if the name is none or the download fails."""
    if isinstance(name, Path) or str(name).startswith((".", "/", "~")) or str(name).count("/") != 1:
        names = ", ".join(shipped())
        raise FileNotFoundError(
            f"{name}: no such folder; give a folder, a shipped network ({names}), or a repository of the hub as user/model"
        )
    wanted = ["config.json", SHARED_WEIGHTS, SEAL, CARD]
    try:
        return Path(_hub.snapshot_download(str(name), allow_patterns=wanted, **options))
    except (OSError, ValueError) as error:  # raised by the client for network, repository and name errors
        raise FileNotFoundError(f"{name}: no such folder, and the download from the hub failed ({error})") from error
