"""Tools of the walkthroughs of DCD-GAN: example pairs, short trainings, and measures of what networks do."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.data import photos
from rainmer_lib.data.synthetic_rain import render
from rainmer_lib.data.test_sets import Pair, benchmark_pairs
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.objective import Term
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.dcdgan.translation import Cycles
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.probe import device_of
from rainmer_lib.inference.whole_image_norm import replaced
from rainmer_lib.methods import METHODS
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.generator import Generator
from rainmer_lib.networks.patch_discriminator import PatchDiscriminator
from rainmer_lib.pretrained.models import load_model

Photo = Float[np.ndarray, "h w 3"]
PHOTOS = ("skimage/astronaut.png", "skimage/coffee.png", "sklearn/china.jpg", "skimage/rocket.jpg", "skimage/chelsea.png")


def measured_pairs(profile: Profile, count: int) -> Iterator[tuple[Pair, np.ndarray]]:
    """Return pairs, each with a derained output in [0, 1].

    At `quick`, embedded photos under rendered rain and the shipped small model, which was trained on none of them; else
    Rain100L and the published PReNet, whose files must be on the data root.
    """
    if profile.name == "quick":
        network, pairs = load_model("dcdgan-small"), (_rained_on(name, seed) for seed, name in enumerate(PHOTOS))
    else:
        network, pairs = load_model("prenet-rain100l"), benchmark_pairs("rain100l")
    return ((pair, derain(network, pair.rainy)) for pair in islice(pairs, count))


def _rained_on(name: str, seed: int) -> Pair:
    photo = photos.load_photo(name)
    rainy = render(photo / 255, "rain100l", seed)[0]
    return Pair(name, (255 * rainy).round().astype(np.uint8), photo)


def layer_table(network: Generator | PatchDiscriminator, size: int) -> pd.DataFrame:
    """List the layers of a network for an image of `size` by `size`: a row for each of `network.layers`, in order.

    Columns: layer (its name), what (its parts), channels, height, width (of its output), parameters.  On the device
    `meta` nothing is computed.
    """
    rows = []

    def note(name: str) -> Callable:
        return lambda layer, _, x: rows.append((name, _parts(layer), *x.shape[1:], parameter_count(layer)))

    handles = [layer.register_forward_hook(note(name)) for name, layer in network.layers.named_children()]
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, size, size, device=device_of(network)))
    finally:
        for handle in handles:
            handle.remove()
    return pd.DataFrame(rows, columns=["layer", "what", "channels", "height", "width", "parameters"])


def _parts(layer: nn.Module) -> str:
    """Abbreviate the parts of a layer, such as `conv 7, norm, ReLU`."""
    names = {"InstanceNorm": "norm", "BlurDown": "blur and halve", "BlurUp": "double"}
    found = []
    for part in layer.modules():
        kind = type(part).__name__
        if isinstance(part, nn.Conv2d):
            found.append(f"conv {part.kernel_size[0]}" + (f", stride {part.stride[0]}" if part.stride[0] > 1 else ""))
        elif not list(part.children()) and "Pad" not in kind and kind != "Identity":
            found.append(names.get(kind, kind))
    return ", ".join(found)


def seen_by_a_logit(discriminator: PatchDiscriminator, size: int) -> Float[Tensor, "size size"]:
    """Measure how strongly the middle logit of a discriminator depends on each pixel of an image of `size` by `size`.

    The measure is the modulus of the gradient, summed over the colours, in float64.  Instance norms are taken out, because they
    make every logit depend a little on all pixels.
    """
    image = torch.full((1, 3, size, size), 0.5, dtype=torch.float64, requires_grad=True)
    doubled = deepcopy(discriminator).double()
    with replaced(doubled, lambda _, features: features):
        logits = doubled(image)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    return image.grad[0].abs().sum(dim=0)


def terms_if_derained(
    model: DCDGAN, cycles: Cycles, derained: Float[Tensor, "b 3 h w"], objective: list[Term]
) -> dict[str, float]:
    """Compute the weighted terms of a step as if `derained` were its result, by the name of the term.

    The rest of the forward cycle follows from it: the rainy image recovered from it, and its features.  The backward cycle
    stays that of `cycles`.
    """
    with torch.no_grad():
        recovered, stack = model.translation.rerain.translate(derained, model.translation.config.taps)
        features = cycles.features | {"derained": stack}
        changed = replace(cycles, derained=derained, recovered_rainy=recovered, features=features)
        return {term.name: (term.weight * term.value(model, changed)).item() for term in objective}


# One minute of training on one core.  Chosen on the held-out photos: high learning rates, a fast average, discriminators that
# see earlier images again, a contrastive term with a small weight, few patches and a small embedding.
SHORT = {
    "batch": 4, "discriminator_layers": 2, "discriminator_replay": 12, "contrastive_weight": 0.02, "patches": 64,
    "embedding": 32, "learning_rate": 2e-3, "discriminators_learning_rate": 2e-3, "heads_learning_rate": 2e-3, "ema": 0.98,
}  # fmt: skip


def short_training(profile: Profile, steps: int) -> tuple[DCDGANConfig, UnpairedRain]:
    """Return configuration and data of a training that is short enough to watch.

    At `quick`: `SHORT` for `steps` steps, of which the warm-up has its share, on the embedded photos shuffled as in the paper;
    every photo is rained on and every photo is a clean exemplar, so that only rain distinguishes the two sets.  Else: the
    profile's own training and steps.
    """
    data, config = unpaired(profile.data), METHODS["dcdgan"].at(profile.name)
    if profile.name != "quick":
        return config, data
    everything = [*data.rainy_photos, *data.clean_photos]
    warm_up = config.warm_up * steps // config.steps
    config = replace(config, **SHORT, steps=steps, warm_up=warm_up)
    return config, replace(data, rainy_photos=everything, clean_photos=everything)


def averaged_network(trainer: Trainer) -> Generator:
    """Return the derain network with the moving average of its weights, which is the network to evaluate."""
    network = deepcopy(trainer.model.translation.derain)
    network.load_state_dict(trainer.averages["derain"].state())
    return network.eval()


def rain_left(rainy: Photo, output: Photo, clean: Photo) -> float:
    """Measure the share of the rain that an output still holds: the slope of its error over the rain, by least squares.

    1 for the rainy input, 0 if the error is uncorrelated with the rain, whatever its other causes.  All images in [0, 1].
    """
    rain, error = (rainy - clean).ravel(), (output - clean).ravel()
    rain = rain - rain.mean()
    return float(rain @ error / (rain @ rain))
