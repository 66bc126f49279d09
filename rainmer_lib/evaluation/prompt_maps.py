"""What Rainmer's prompts and its interaction do on an image, as maps, and which term teaches which part."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.data.paired import PairedBatch
from rainmer_lib.rainmer.model import DerainingNetwork
from rainmer_lib.rainmer.objective import Outcome
from rainmer_lib.rainmer.step import Trainer

Image = Float[Tensor, "1 3 h w"]
Plane = Float[np.ndarray, "_ _"]


@dataclass(frozen=True)
class InteractionMaps:
    """Of one image: M_s, M_c, and the means over the channels of the gates sigmoid(M_s X) and sigmoid(M_c L)."""

    spatial: Plane
    channel: Float[np.ndarray, " c"]
    for_location: Plane
    for_features: Plane


@torch.no_grad()
def decoder_gates(network: DerainingNetwork, image: Image) -> dict[tuple[str, str], Plane]:
    """The gates of the first block of each decoder level, from the lowest up, by (head, level); values from 0 to 1.

    ValueError for a network without prompts.
    """
    if not network.prompted:
        raise ValueError("this network has no prompts, so no gates: its configuration has prompts=False or views=()")
    found, handles = {}, []
    for level, blocks in enumerate(network.backbone.decoder):
        for head, attend in blocks[0].prompts.attend.items():
            def note(module: nn.Module, given: tuple, out: Tensor, key: tuple = (head, f"decoder.{level}")) -> None:
                found[key] = out[0, 0].numpy()

            handles.append(attend.gate.register_forward_hook(note))
    try:
        network(image)
    finally:
        for handle in handles:
            handle.remove()
    return found


@torch.no_grad()
def interaction_maps(network: DerainingNetwork, image: Image) -> InteractionMaps:
    """The two maps of the interaction and its two gates; h and w are multiples of 8.  ValueError where it is off."""
    join = network.interaction
    if join is None:
        raise ValueError("this network has no interaction: its configuration has interaction=False")
    location, features = network.encoder.locate(image), network.backbone.embed(image)
    spatial = join.spatial(location).mean(dim=1, keepdim=True)
    channel = join.channel(features.mean(dim=(2, 3), keepdim=True))
    gates = ((product.sigmoid().mean(dim=1)[0].numpy()) for product in (spatial * features, channel * location))
    return InteractionMaps(spatial[0, 0].numpy(), channel.flatten().numpy(), *gates)


def parts_of(network: DerainingNetwork) -> dict[str, list[nn.Parameter]]:
    """All parameters, each once, by the part of the method that they belong to; parts that are off are absent."""
    parts: dict[str, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        first, second, third = name.split(".")[:3]
        part = first
        if first == "encoder":
            part = f"{third} head" if second == "heads" else second
        elif ".prompts." in name:
            part = "prompts"
        parts.setdefault(part, []).append(parameter)
    return parts


def gradient_reach(trainer: Trainer, batch: PairedBatch) -> pd.DataFrame:
    """Norm of each term's gradient in each part of the network on one batch: rows are parts, columns terms.

    Exactly 0 where a term does not reach a part.  Nothing of the trainer changes but its random state, from which the
    negatives are drawn.  ValueError while the archive fills, for the contrastive terms are no terms then.
    """
    if trainer.config.contrasted and not trainer.archive.full:
        raise ValueError(f"the archive of {trainer.config.archive} is not full yet: train some steps first")
    network, (rainy, clean, rainy_whole, clean_whole) = trainer.model.derain, batch
    keys, encoding = trainer._keys(rainy_whole, clean_whole, clean), network.encode(rainy_whole)
    outcome = Outcome(network.restore(rainy, encoding.prompts), clean, trainer.model.compare(encoding, keys))
    norms: dict[str, dict[str, float]] = {}
    for term in trainer.objective:
        value = term.value(outcome)
        for part, parameters in parts_of(network).items():
            gradients = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
            squares = sum(gradient.square().sum().item() for gradient in gradients if gradient is not None)
            norms.setdefault(part, {})[term.name] = math.sqrt(squares)
    return pd.DataFrame(norms).T
