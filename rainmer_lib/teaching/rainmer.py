"""What Rainmer's walkthroughs look at: the archive step by step, sizes, gradients, parts at work, rain in the location map."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import nn

from rainmer_lib.analysis.view_maps import location_features, read_rain
from rainmer_lib.data.paired import MixedPairs, PairedBatch
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.encoder import ViewEncoder
from rainmer_lib.rainmer.memory_bank import Archive, colour, residual, singular_values
from rainmer_lib.rainmer.model import Rainmer, build_network
from rainmer_lib.rainmer.objective import Outcome, build_objective
from rainmer_lib.rainmer.step import Trainer
from rainmer_lib.rainmer.views import Keys, build_keys


def keys_for(config: RainmerConfig, archive: Archive, batch: PairedBatch, seed: int) -> dict[str, Keys]:
    """Positives and negatives of each view of a batch, as the training step makes them; `seed` decides flips and blur."""
    return build_keys(
        batch.rainy_whole, batch.clean_whole, batch.clean, views=config.contrasted, negatives=config.negatives, archive=archive,
        detail_negatives=config.detail_negatives, flips=config.flips, generator=torch.Generator().manual_seed(seed),
    )  # fmt: skip


def filled_archive(config: RainmerConfig, data: MixedPairs) -> Archive:
    """An archive that is just full, of the first batches of a training."""
    archive, step = Archive(config.archive, config.contrasted), 0
    while not archive.full:
        batch = data.batch(step, config.batch, config.crop, config.seed)
        archive.enter(batch.rainy_whole, batch.clean_whole)
        step += 1
    return archive


@dataclass(frozen=True)
class ArchiveStep:
    """Rainmer's archive at one step: its rows, the first query of the batch, and which rows are chosen and overwritten."""

    colours: Float[np.ndarray, "n 3"]
    spectra: Float[np.ndarray, "n 3 s"]
    own_colour: Float[np.ndarray, " 3"]
    own_spectrum: Float[np.ndarray, "3 s"]
    chosen_colours: list[int]
    chosen_spectra: list[int]
    overwritten: list[int]


def archive_step(archive: Archive, batch: PairedBatch, count: int) -> ArchiveStep:
    """Choose `count` negatives for the first sample of a batch, then let the batch enter: what one training step does.

    Colours and residuals are kept in `archive`, which must be full (RuntimeError otherwise) and is changed.
    """
    if not archive.full:
        raise RuntimeError(f"the archive holds {archive.entered} of {archive.capacity} samples: fill it first")
    own_colour = colour(batch.rainy_whole[:1])
    own_spectrum = singular_values(residual(batch.rainy_whole[:1], batch.clean_whole[:1]))
    colours, spectra = (archive.rows[kind].clone() for kind in ("colours", "spectra"))
    chosen = [
        (rows - own).abs().flatten(1).sum(dim=1).topk(count).indices.tolist()
        for rows, own in ((colours, own_colour), (spectra, own_spectrum))
    ]
    overwritten = [(archive.entered + i) % archive.capacity for i in range(len(batch.rainy))]
    archive.enter(batch.rainy_whole, batch.clean_whole)
    arrays = (x.numpy() for x in (colours, spectra, own_colour[0], own_spectrum[0]))
    return ArchiveStep(*arrays, *chosen, overwritten)


def encoder_shapes(config: RainmerConfig) -> dict[str, tuple[int, ...]]:
    """Sizes, without the batch, of what the view encoder takes and gives: whole, crop, location, features by view, prompts.

    Taken from a pass on the device `meta`, where nothing is computed.
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
    """The part of Rainmer, one of `PARTS`, that a parameter of `Rainmer.named_parameters()` belongs to."""
    if name.startswith("keys."):
        return PARTS[-1]
    if ".prompts." in name:  # the learnt direction weighs both prompts, by the one of illumination
        return "prompts of appearance" if ".attend.appearance." in name else "prompts of illumination"
    return next(part for part in PARTS if name.startswith(f"derain.{part}"))


def gradient_flow(trainer: Trainer, batch: PairedBatch) -> pd.DataFrame:
    """Which term reaches which part: the norm of each weighted term's gradient; rows `PARTS`, a column for each term.

    nan where there is no path at all.  Nothing of the trainer changes; its configuration's seed decides flips and blur.
    ValueError while its archive fills, for the contrastive terms are no terms then.
    """
    config, model = trainer.config, trainer.model
    if config.contrasted and not trainer.archive.full:
        raise ValueError(f"the archive of {config.archive} is not full yet: train some steps first")
    keys = keys_for(config, trainer.archive, batch, config.seed)
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
    """Which of `PARTS` compute, found out by a training step and a pass over an image: "train, test", "train", or "-".

    `config` gives the switches; sizes are a test's, because only presence is asked.
    """
    micro = replace(
        config, width=4, embedding=16, blocks=(1,) * 4, heads=(1, 1, 2, 2), crop=16, view_size=16, batch=2, negatives=2,
        archive=2, accumulate=1,
    )  # fmt: skip
    trainer, image = Trainer.start(micro), torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    trainer.train_step(image, image, image, image)  # fills the archive; the next step has all terms
    passes = {
        "train": _computing(trainer.model, lambda: trainer.train_step(image, image, image, image)),
        "test": _computing(trainer.model, lambda: trainer.model.derain(image)),
    }
    return {part: ", ".join(when for when, found in passes.items() if part in found) or "-" for part in PARTS}


def _computing(model: Rainmer, compute: Callable[[], object]) -> set[str]:
    """The parts of a model that compute while `compute` runs."""
    seen: set[nn.Module] = set()
    with torch.nn.modules.module.register_module_forward_hook(lambda module, *_: seen.add(module)):
        compute()
    return {part_of(f"{name}.") for name, module in model.named_modules() if module in seen and not list(module.children())}


LOSSES = ("charbonnier", "ssim", "illumination", "degradation_detail")
KEPT = ("colours", "residuals", "spectra")


def switched_off(ablations: Mapping[str, RainmerConfig]) -> pd.DataFrame:
    """What is left of Rainmer in each ablation, a column for each: "train, test", "train", or "-".

    Rows: `PARTS` (see `parts_at_work`), the terms of the objective, what the archive keeps, and the network's parameters.
    """
    columns = {}
    for name, config in ablations.items():
        terms, kinds = {term.name for term in build_objective(config)}, Archive(2, config.contrasted).kinds
        rest = {f"loss: {term}": "train" if term in terms else "-" for term in LOSSES}
        rest |= {f"archive: {kind}": "train" if kind in kinds else "-" for kind in KEPT}
        with torch.device("meta"):
            size = parameter_count(build_network(config))
        columns[name] = parts_at_work(config) | rest | {"parameters": f"{size:,}"}
    return pd.DataFrame(columns)


def least_white(pairs: Sequence[Pair], side: int) -> Pair:
    """The pair with the fewest white pixels in the lower right corner of `side` pixels: rain does not show on white."""
    return min(pairs, key=lambda pair: float((pair.rainy[-side:, -side:].min(axis=2) == 255).mean()))


def location_maps(
    encoders: Mapping[str, ViewEncoder], pairs: Sequence[Pair], side: int
) -> tuple[dict[str, Float[np.ndarray, "side side"]], dict[str, float]]:
    """The rain of the last pair as a linear map reads it, fitted on the others, and its R^2 (see `view_maps.read_rain`).

    Of what: `true rain`, the truth; `colours`, the three values of the pixel; then the location map of each encoder.  Lower
    right corners of `side` pixels.
    """
    corners = [(pair.rainy[-side:, -side:] / 255, pair.clean[-side:, -side:] / 255) for pair in pairs]
    truth = [np.clip(rainy - clean, 0, 1).mean(axis=2) for rainy, clean in corners]
    images = [torch.from_numpy(rainy).permute(2, 0, 1).float() for rainy, _ in corners]
    features = {"colours": [rainy for rainy, _ in corners]}
    features |= {name: [location_features(encoder, image) for image in images] for name, encoder in encoders.items()}
    found = {name: read_rain(maps, truth, shown=len(pairs) - 1) for name, maps in features.items()}
    return {"true rain": truth[-1]} | {n: plane for n, (plane, _) in found.items()}, {n: r for n, (_, r) in found.items()}
