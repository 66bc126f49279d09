"""Maps of Rainmer's prompts and of its spatial-channel interaction on an image."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.rainmer.backbone import TransformerBlock
from rainmer_lib.rainmer.model import DerainingNetwork
from rainmer_lib.rainmer.prompts import Prompts

Image = Float[Tensor, "1 3 h w"]
Plane = Float[np.ndarray, "_ _"]
Key = TypeVar("Key", str, tuple[str, str])


@dataclass(frozen=True)
class InteractionMaps:
    """M_s and M_c of one image, and the means over the channels of the gates sigmoid(M_s X) and sigmoid(M_c L)."""

    spatial: Plane
    channel: Float[np.ndarray, " c"]
    for_location: Plane
    for_features: Plane


@torch.no_grad()
def decoder_gates(network: DerainingNetwork, image: Image) -> dict[tuple[str, str], Plane]:
    """Return the gates of the first block of each decoder level, from the lowest up, by (head, level); values in [0, 1].

    Raises ValueError for a network without prompts.
    """
    if not network.prompted:
        raise ValueError("this network has no prompts, so no gates: its configuration has prompts=False or views=()")
    levels = enumerate(network.backbone.decoder)
    gates = {(h, f"decoder.{i}"): attend.gate for i, level in levels for h, attend in level[0].prompts.attend.items()}
    with _noted(gates) as found:
        network(image)
    return found


@torch.no_grad()
def block_gates(block: TransformerBlock, features: Tensor, prompts: Prompts) -> dict[str, Plane]:
    """Return the gates of one prompted block, by head, on features (1, c, h, w); values in [0, 1]."""
    with _noted({head: attend.gate for head, attend in block.prompts.attend.items()}) as found:
        block(features, prompts)
    return found


@contextmanager
def _noted(gates: Mapping[Key, nn.Module]) -> Iterator[dict[Key, Plane]]:
    """Yield a dictionary that receives, inside the context, each gate's output for the first image."""
    found: dict[Key, Plane] = {}

    def noting(key: Key) -> Callable[[nn.Module, tuple, Tensor], None]:
        return lambda module, given, out: found.update({key: out[0, 0].numpy()})

    handles = [gate.register_forward_hook(noting(key)) for key, gate in gates.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def interaction_maps(network: DerainingNetwork, image: Image) -> InteractionMaps:
    """Return the two maps of the interaction and its two gates; h and w are multiples of the network's `multiple`.

    Raises ValueError if the interaction is off.
    """
    join = network.interaction
    if join is None:
        raise ValueError("this network has no interaction: its configuration has interaction=False")
    location, features = network.encoder.locate(image), network.backbone.embed(image)
    spatial = join.spatial(location).mean(dim=1, keepdim=True)
    channel = join.channel(features.mean(dim=(2, 3), keepdim=True))
    gates = ((product.sigmoid().mean(dim=1)[0].numpy()) for product in (spatial * features, channel * location))
    return InteractionMaps(spatial[0, 0].numpy(), channel.flatten().numpy(), *gates)


def shown_gates(
    network: DerainingNetwork, images: Mapping[str, Image]
) -> tuple[dict[str, Float[np.ndarray, "h w 3"]], dict[str, dict[tuple[str, str], Plane]]]:
    """Return the images as photos and their `decoder_gates`: the arguments of `plots.prompts.gate_maps`."""
    photos = {name: image[0].permute(1, 2, 0).numpy() for name, image in images.items()}
    return photos, {name: decoder_gates(network, image) for name, image in images.items()}


def centres(held_out: Mapping[str, Sequence[Pair]], count: int, side: int) -> dict[str, list[Image]]:
    """Cut the middle `side` pixels, fit for the network, of the first `count` rainy images of each domain."""

    def middle(image: UInt8[np.ndarray, "h w 3"]) -> Image:
        top, left = ((length - side) // 2 for length in image.shape[:2])
        window = image[top : top + side, left : left + side].copy()  # an image that was read from a file may be read-only
        return torch.from_numpy(window).permute(2, 0, 1)[None] / 255

    return {name: [middle(pairs[i].rainy) for i in range(min(count, len(pairs)))] for name, pairs in held_out.items()}


def _all_gates(network: DerainingNetwork, image: Image) -> dict[tuple[str, str], Plane]:
    """Return `decoder_gates`, and the gates of the interaction (their means over the channels) if it is on."""
    gates = decoder_gates(network, image)
    if network.interaction is not None:
        maps = interaction_maps(network, image)
        gates |= {("interaction", "for location"): maps.for_location, ("interaction", "for features"): maps.for_features}
    return gates


def gate_spread(networks: Mapping[str, Sequence[DerainingNetwork]], images: Sequence[Image]) -> pd.DataFrame:
    """Measure how much each gate varies over pixels and over images; rows (head, level) and the interaction's two.

    Each name has two columns of standard deviations.  `over pixels`: of the gate over an image, mean over the images; `over
    images`: of the gates' means.  Both are means over the networks of that name.  Gates are in [0, 1]; a deviation of 0 means
    that the gate is equally open everywhere.
    """
    table = {}
    for name, members in networks.items():
        gates = [[_all_gates(network, image) for image in images] for network in members]
        for key in gates[0][0]:
            planes = [[maps[key] for maps in row] for row in gates]
            over_pixels = np.mean([[plane.std() for plane in row] for row in planes])
            over_images = np.mean([np.std([plane.mean() for plane in row]) for row in planes])
            table.setdefault((name, "over pixels"), {})[key] = over_pixels
            table.setdefault((name, "over images"), {})[key] = over_images
    return pd.DataFrame(table)
