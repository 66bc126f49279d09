"""Derain networks that are shared in the way of the Hugging Face hub: `from_pretrained`, `save_pretrained`, `push_to_hub`.

Needs the extra `hub`.  Who has such a folder but not the extra reads it with `models.load_model`.
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
from rainmer_lib.dcdgan.translation import Generator
from rainmer_lib.inference.derain import derain
from rainmer_lib.pretrained.model_card import CARD, card_of_run
from rainmer_lib.pretrained.models import (
    SHARED_WEIGHTS,
    SHIPPED,
    architecture,
    load_run,
    load_shared,
    read_architecture,
    read_config,
    read_json,
)

try:
    _hub = import_module("huggingface_hub")
except ModuleNotFoundError as error:
    raise ImportError('rainmer_lib.pretrained.hub needs huggingface_hub: pip install "rainmer[hub]"') from error

Image = Float[Tensor, "b 3 h w"]


class PretrainedDerainer(
    nn.Module, _hub.PyTorchModelHubMixin,
    library_name="rainmer", license="mit", pipeline_tag="image-to-image", tags=["deraining", "image-restoration"],
):  # fmt: skip
    """A derain network with its origin and its card: (b, 3, h, w) in [0, 1] of any size -> the same size, [0, 1].

    `network` is the bare Generator, to train or to measure.  `run` is the `config.json` of the run that trained it, where
    it is known.
    """

    def __init__(
        self, width: int = 64, blocks: int = 9, antialias: bool = True, global_residual: bool = False, run: dict | None = None
    ) -> None:
        super().__init__()
        self.network = Generator(width, blocks, antialias, global_residual)
        self.run, self._run_folder = run, None

    @cached_property
    def card(self) -> str:
        """Text of its README.md, which may be set; that of a run is made when first asked for: it looks at the data."""
        return card_of_run(self._run_folder) if self._run_folder else ""

    def forward(self, image: Image, **options) -> Image:
        """Derain each image at its full size, without gradients, on the network's device; returns float32 where `image` is.

        `options` are those of `inference.Options` (memory limit, tiles).  ValueError unless floats in [0, 1], (b, 3, h, w).
        """
        if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
            raise ValueError(f"need floats in [0, 1], (b, 3, h, w), got {image.dtype} {tuple(image.shape)}")
        photos = image.detach().permute(0, 2, 3, 1).float().cpu().numpy()
        results = [torch.from_numpy(derain(self.network, photo, **options)) for photo in photos]
        return torch.stack(results).permute(0, 3, 1, 2).contiguous().to(image.device)

    @classmethod
    def from_pretrained(cls, name: str | Path, **download) -> "PretrainedDerainer":
        """Load a network, ready to derain.

        `name` is that of a shipped network ("dcdgan-small"), a folder that `save_pretrained` wrote, the folder of a finished
        run, or a repository of the hub ("user/model").  Only the last uses the network, and takes `download`: the options of
        `huggingface_hub.snapshot_download` (revision, token, cache_dir, force_download, local_files_only).
        Raises FileNotFoundError if there is no such folder or repository or a file is missing, ValueError if one is damaged.
        Unlike the mixin's own, it never leaves weights at random where a file lacks them, and never reads pickles.
        """
        folder = next((p for p in (SHIPPED / name, Path(name).expanduser()) if p.is_dir()), None)
        if folder is None:
            folder = _downloaded(name, download)
        elif download:
            raise TypeError(f"{folder} is a folder here: it takes none of the options {', '.join(download)}")
        return cls._of_run(folder) if (folder / "derain.safetensors").is_file() else cls._of_shared(folder)

    @classmethod
    def _of_run(cls, folder: Path) -> "PretrainedDerainer":
        network = load_run(folder)
        model = cls(**architecture(read_config(folder)), run=read_json(folder))
        model.network, model._run_folder = network, folder
        return model.eval()

    @classmethod
    def _of_shared(cls, folder: Path) -> "PretrainedDerainer":
        network, card = load_shared(folder), folder / CARD
        model = cls(**read_architecture(folder), run=read_json(folder).get("run"))
        model.network, model.card = network, card.read_text(encoding="utf-8") if card.is_file() else ""
        return model.eval()

    def _save_pretrained(self, save_directory: Path) -> None:
        """The weights, under the names that a run's file has; configuration and card are the mixin's to write."""
        card, present = str(self.generate_model_card()), save_directory / CARD
        if present.is_file() and present.read_text(encoding="utf-8") != card:
            warnings.warn(f"{present}: kept, though it is not the card of this model; remove it to get that", stacklevel=3)
        content = save({k: v.detach().cpu().contiguous() for k, v in self.network.state_dict().items()}, {"format": "pt"})
        atomic.write(save_directory / SHARED_WEIGHTS, lambda part: part.write_bytes(content))

    def generate_model_card(self, *_, **__):
        """The card with the hub's header; ValueError for a network that has none: whoever shares weights says what they are."""
        if not self.card.strip():
            raise ValueError(f"this model has no card: set `card` to the text of a {CARD} (data, budget, scores, limits)")
        if self.card.startswith("---\n"):
            return _hub.ModelCard(self.card)
        return _hub.ModelCard(f"---\n{self._hub_mixin_info.model_card_data.to_yaml()}\n---\n\n{self.card}")


def _downloaded(name: str | Path, options: dict) -> Path:
    """The files of a repository of the hub; FileNotFoundError for what cannot be one, or cannot be had."""
    if isinstance(name, Path) or str(name).startswith((".", "/", "~")) or str(name).count("/") != 1:
        shipped = ", ".join(sorted(p.name for p in SHIPPED.iterdir() if p.is_dir()))
        raise FileNotFoundError(f"{name}: no such folder; give one, {shipped}, or a repository of the hub as user/model")
    wanted = ["config.json", SHARED_WEIGHTS, CARD]
    try:
        return Path(_hub.snapshot_download(str(name), allow_patterns=wanted, **options))
    except (OSError, ValueError) as error:  # what the client raises: of the network, the repository, the name
        raise FileNotFoundError(f"{name}: no such folder, and the hub did not give it ({error})") from error
