"""Tools of the walkthroughs of Rainmer: keys and memory bank, sizes, gradients, active parts, location maps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import nn

from rainmer_lib.analysis.view_maps import location_features, read_rain
from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.data.paired import MixedPairs, PairedRain
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.encoder import ViewEncoder
from rainmer_lib.rainmer.memory_bank import MemoryBank
from rainmer_lib.rainmer.model import Rainmer, build_network
from rainmer_lib.rainmer.objective import Outcome, build_objective
from rainmer_lib.rainmer.step import Trainer
from rainmer_lib.rainmer.views import Keys, build_keys


def keys_for(config: RainmerConfig, memory_bank: MemoryBank, batch: PairedBatch, seed: int) -> dict[str, Keys]:
    """Build positives and negatives of each view of a batch, as in a training step; `seed` decides flips and blur."""
    return build_keys(
        batch.rainy_whole, batch.clean_whole, batch.clean, views=config.contrasted, negatives=config.negatives,
        memory_bank=memory_bank, detail_negatives=config.detail_negatives, flips=config.flips,
        generator=torch.Generator().manual_seed(seed),
    )  # fmt: skip


def filled_memory_bank(config: RainmerConfig, data: MixedPairs) -> MemoryBank:
    """Fill a memory bank with the first batches of a training, until it is just full."""
    memory_bank, step = MemoryBank(config.memory_bank, config.contrasted), 0
    while not memory_bank.full:
        batch = data.batch(step, config.batch, config.crop, config.seed)
        memory_bank.enqueue(batch.rainy_whole, batch.clean_whole)
        step += 1
    return memory_bank


def encoder_shapes(config: RainmerConfig) -> dict[str, tuple[int, ...]]:
    """Return the sizes, without the batch, of inputs and outputs of the view encoder, by name.

    Names: whole, crop, location, the features by view, the prompts.  The sizes come from a pass on the device `meta`, where
    nothing is computed.
    """
    with torch.device("meta"):
        encoder = ViewEncoder(config.width, config.embedding, config.views)
        whole, crop = torch.zeros(1, 3, config.view_size, config.view_size), torch.zeros(1, 3, config.crop, config.crop)
        encoding, maps = encoder(whole), encoder.locate(crop)
    tensors = {"whole": whole, "crop": crop, "location": maps} | encoding.features
    tensors |= {f"{head} prompt": vector for head, vector in encoding.prompts.items()}
    return {name: tuple(x.shape[1:]) for name, x in tensors.items()}


PARTS = (
    "backbone", "interaction", "encoder.stem", "encoder.heads.illumination", "encoder.heads.appearance",
    "prompts of illumination", "prompts of appearance", "encoder of the keys",
)  # fmt: skip


def part_of(name: str) -> str:
    """Return the part of Rainmer, one of `PARTS`, that a parameter of `Rainmer.named_parameters()` belongs to."""
    if name.startswith("keys."):
        return PARTS[-1]
    if ".prompts." in name:  # the learnt direction weighs both prompts, by the one of illumination
        return "prompts of appearance" if ".attend.appearance." in name else "prompts of illumination"
    return next(part for part in PARTS if name.startswith(f"derain.{part}"))


def gradient_flow(trainer: Trainer, batch: PairedBatch) -> pd.DataFrame:
    """Compute which term reaches which part: the norm of each weighted term's gradient; rows `PARTS`, columns terms.

    nan where there is no path at all.  The trainer is not changed; its configuration's seed decides flips and blur.
    ValueError until its memory bank is full, because the contrastive terms are not part of the objective before.
    """
    config, model = trainer.config, trainer.model
    if config.contrasted and not trainer.memory_bank.full:
        raise ValueError(f"the memory bank of {config.memory_bank} is not full yet: train some steps first")
    keys = keys_for(config, trainer.memory_bank, batch, config.seed)
    encoding = model.derain.encode(batch.rainy_whole)
    outcome = Outcome(model.derain.restore(batch.rainy, encoding.prompts), batch.clean, model.compare(encoding, keys))
    names, parameters = zip(*((n, p) for n, p in model.named_parameters() if p.requires_grad), strict=True)
    table = pd.DataFrame(index=PARTS)
    for term in trainer.objective:
        found = torch.autograd.grad(term.weight * term.value(outcome), parameters, retain_graph=True, allow_unused=True)
        squares = pd.Series([np.nan if g is None else g.square().sum().item() for g in found], index=map(part_of, names))
        table[term.name] = squares.groupby(level=0).sum(min_count=1) ** 0.5
    return table


def parts_at_work(config: RainmerConfig) -> dict[str, str]:
    """Find which of `PARTS` compute, by a training step and a pass over an image: "train, test", "train", or "-".

    `config` gives the switches; sizes are minimal, because only the presence of parts matters.
    """
    micro = replace(
        config, width=4, embedding=16, blocks=(1,) * 4, heads=(1, 1, 2, 2), crop=16, view_size=16, batch=2, negatives=2,
        memory_bank=2, accumulate=1,
    )  # fmt: skip
    trainer, image = Trainer.start(micro), torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    batch = PairedBatch(image, image, image, image)
    trainer.train_step(batch)  # fills the memory bank; the next step has all terms
    passes = {
        "train": _computing(trainer.model, lambda: trainer.train_step(batch)),
        "test": _computing(trainer.model, lambda: trainer.model.derain(image)),
    }
    return {part: ", ".join(when for when, found in passes.items() if part in found) or "-" for part in PARTS}


def _computing(model: Rainmer, compute: Callable[[], object]) -> set[str]:
    """Return the parts of a model that compute while `compute` runs."""
    seen: set[nn.Module] = set()
    with torch.nn.modules.module.register_module_forward_hook(lambda module, *_: seen.add(module)):
        compute()
    return {part_of(f"{name}.") for name, module in model.named_modules() if module in seen and not list(module.children())}


LOSSES = ("charbonnier", "ssim", "illumination", "degradation_detail")
KEPT = ("colours", "residuals", "spectra")


def switched_off(ablations: Mapping[str, RainmerConfig]) -> pd.DataFrame:
    """Tabulate which parts of Rainmer remain in each ablation, a column for each: "train, test", "train", or "-".

    Rows: `PARTS` (see `parts_at_work`), the terms of the objective, the kinds of entries in the memory bank, and the network's
    parameters.
    """
    columns = {}
    for name, config in ablations.items():
        terms, kinds = {term.name for term in build_objective(config)}, MemoryBank(2, config.contrasted).kinds
        rest = {f"loss: {term}": "train" if term in terms else "-" for term in LOSSES}
        rest |= {f"memory bank: {kind}": "train" if kind in kinds else "-" for kind in KEPT}
        with torch.device("meta"):
            size = parameter_count(build_network(config))
        columns[name] = parts_at_work(config) | rest | {"parameters": f"{size:,}"}
    return pd.DataFrame(columns)


def location_pairs(domain: PairedRain, side: int, fitted: int = 5) -> list[Pair]:
    """Return what `location_maps` takes: first training pairs of a domain, then the held-out pair that `least_white` finds."""
    return [*(domain.pairs[i] for i in range(fitted)), least_white(domain.held, side)]


def least_white(pairs: Sequence[Pair], side: int) -> Pair:
    """Find the pair with the fewest white pixels in the lower right corner of `side` pixels; on white, rain is invisible."""
    return min(pairs, key=lambda pair: float((pair.rainy[-side:, -side:].min(axis=2) == 255).mean()))


def location_maps(
    encoders: Mapping[str, ViewEncoder], pairs: Sequence[Pair], side: int
) -> tuple[dict[str, Float[np.ndarray, "side side"]], dict[str, float]]:
    """Predict the rain of the last pair by linear maps fitted on the others (`view_maps.read_rain`); return maps and R^2.

    Maps: `ground truth`; then the predictions from `colours`, the three values of the pixel, and from the location map of each
    encoder.  All are of the lower right corners of `side` pixels.
    """
    corners = [(pair.rainy[-side:, -side:] / 255, pair.clean[-side:, -side:] / 255) for pair in pairs]
    truth = [np.clip(rainy - clean, 0, 1).mean(axis=2) for rainy, clean in corners]
    images = [torch.from_numpy(rainy).permute(2, 0, 1).float() for rainy, _ in corners]
    features = {"colours": [rainy for rainy, _ in corners]}
    features |= {name: [location_features(encoder, image) for image in images] for name, encoder in encoders.items()}
    found = {name: read_rain(maps, truth, shown=len(pairs) - 1) for name, maps in features.items()}
    return {"ground truth": truth[-1]} | {n: plane for n, (plane, _) in found.items()}, {n: r for n, (_, r) in found.items()}
