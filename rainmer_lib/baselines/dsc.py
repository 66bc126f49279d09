"""DSC: removing rain from a single image via discriminative sparse coding (Luo, Xu and Ji, ICCV 2015).

Written from the paper's description; its authors published no source code of the solver.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from rainmer_lib.baselines.prior_based import (
    ONE_PROCESS,
    Patches,
    Plane,
    PriorConfig,
    PriorDerainer,
    PriorTrainer,
    averaged,
    centred,
    drawn,
    fitted,
    followed,
    luminance,
    patches_of,
)
from rainmer_lib.data.batches import Batch
from rainmer_lib.dcdgan.method import training_data
from rainmer_lib.training.config import check_ranges
from rainmer_lib.training.method import Method, Size

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
FORGETTING = 0.6  # a batch counts (step + 1)^-0.6 in the statistics that the dictionaries follow
RIDGE = 1e-6  # on the Gram matrix of chosen atoms, which may be alike
UNUSED = 1e-8  # mean square of an atom's codes below which it stays as it is

Atoms = Float[Tensor, "atoms pixels"]
SparseCodes = Float[Tensor, "n atoms"]


@dataclass(frozen=True)
class DSCConfig(PriorConfig):
    """Sizes of the authors' demo: patches of 16x16 at every second pixel, 512 + 128 atoms, 5 and 8 atoms a patch, 5 rounds."""

    side: int = 16
    atoms: int = 512
    rain_atoms: int = 128
    nonzero: int = 5  # atoms of the background in a patch, at most
    rain_nonzero: int = 8
    rounds: int = 5
    stride: int = 2  # pixels between patches
    tie: float = 1.0  # weight of the patches in the update of the layers; the paper's is not at hand
    image_updates: bool = True  # paper: the dictionaries are updated in the image; here they begin with the fitted ones

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {"1 or more": ("atoms", "rain_atoms", "nonzero", "rain_nonzero", "rounds", "stride"),
                            "above 0": ("tie",)})  # fmt: skip
        for most, of in (("nonzero", "atoms"), ("rain_nonzero", "rain_atoms")):
            if getattr(self, most) > getattr(self, of):
                raise ValueError(f"{most}={getattr(self, most)}: more than {of}={getattr(self, of)}")


def sparse_codes(patches: Patches, atoms: Atoms, nonzero: int) -> SparseCodes:
    """Code patches by orthogonal matching pursuit: again and again the atom that correlates most with what is left.

    All patches at once; scikit-learn's, which takes one after the other, is the test's slow form.
    """
    gram, products = atoms @ atoms.T, patches @ atoms.T
    chosen = torch.empty(len(patches), 0, dtype=torch.long, device=patches.device)
    left, values = products, products[:, :0]
    for _ in range(nonzero):
        free = left.abs().scatter(1, chosen, -1.0)
        chosen = torch.cat((chosen, free.argmax(1, keepdim=True)), 1)
        inner = gram[chosen[:, :, None], chosen[:, None, :]] + RIDGE * torch.eye(chosen.shape[1]).to(patches)
        values = torch.linalg.solve(inner, products.gather(1, chosen))
        codes = torch.zeros_like(products).scatter(1, chosen, values)
        left = products - codes @ gram
    return codes


def moments(codes: SparseCodes, patches: Patches) -> dict[str, Tensor]:
    """Return the means over patches from which dictionaries are updated: of c c^T and of c x^T."""
    return {"codes": codes.T @ codes / len(codes), "products": codes.T @ patches / len(codes)}


def updated(atoms: Atoms, statistics: dict[str, Tensor]) -> Atoms:
    """Return atoms of unit norm, each the best for its codes while the others stay (Mairal et al., JMLR 2010, Algorithm 2)."""
    atoms, square, products = atoms.clone(), statistics["codes"], statistics["products"]
    for k in torch.nonzero(square.diagonal() > UNUSED).flatten().tolist():
        atoms[k] = F.normalize(products[k] - square[k] @ atoms + square[k, k] * atoms[k], dim=0)
    return atoms


class DiscriminativeSparseCoding(PriorDerainer):
    """Solver of the screen blend J = B + R - B R on the luminance, by sparse codes of both layers that share no atom:

        min |J - B - R + B R|^2 + t (|P B - D_B C_B|^2 + |P R - D_R C_R|^2),  at most 5 and 8 atoms a patch, 0 <= B, R <= J

    An atom belongs to one of the two dictionaries, so that where it serves one layer it cannot serve the other.  The first
    round codes the patches of J in both dictionaries at once; each further one codes the layers, and updates the dictionaries
    if `image_updates`.
    """

    reach = 48  # pixels of overlap of tiles: three patches

    def __init__(self, config: DSCConfig) -> None:
        super().__init__()
        self.config, self.smallest = config, config.side
        self.atoms = nn.Parameter(F.normalize(torch.randn(config.atoms, config.side**2), dim=1))
        self.rain_atoms = nn.Parameter(F.normalize(torch.randn(config.rain_atoms, config.side**2), dim=1))

    def rounds(self, rainy: Plane) -> Iterator[Plane]:
        """Yield the luminance without its rain, as it is after each round."""
        config, side, stride = self.config, self.config.side, self.config.stride
        dictionaries = [F.normalize(atoms, dim=1) for atoms in (self.atoms, self.rain_atoms)]
        patches, means = centred(patches_of(rainy, side, stride))
        codes = sparse_codes(patches, torch.cat(dictionaries), config.nonzero + config.rain_nonzero)
        rain = codes[:, config.atoms :] @ dictionaries[1]
        layers = [patches - rain + means, rain]
        layer, streaks = rainy, torch.zeros_like(rainy)
        for number in range(config.rounds):
            if number:
                for i, (plane, most) in enumerate(((layer, config.nonzero), (streaks, config.rain_nonzero))):
                    patches, means = centred(patches_of(plane, side, stride))
                    codes = sparse_codes(patches, dictionaries[i], most)
                    if config.image_updates:
                        dictionaries[i] = updated(dictionaries[i], moments(codes, patches))
                    layers[i] = codes @ dictionaries[i] + means
            smooth, falling = (averaged(part, rainy.shape, side, stride) for part in layers)
            layer = blended(rainy, streaks, smooth, config.tie)
            streaks = blended(rainy, layer, falling, config.tie)
            yield layer


def blended(rainy: Plane, other: Plane, patched: Plane, tie: float) -> Plane:
    """Return the layer X in [0, J] that minimises |J - X - Y + X Y|^2 + t |X - X~|^2, where Y is the other layer."""
    through = 1 - other
    layer = (through * (rainy - other) + tie * patched) / (through.square() + tie)
    return layer.clamp(min=0).minimum(rainy)


class Trainer(PriorTrainer):
    """Fit of both dictionaries: that of the background on clean crops, that of rain on what it leaves of rainy crops."""

    def fit(self, batch: Batch) -> dict[str, Tensor]:
        """Update both; return the mean squares that the codes leave of clean and of rainy patches."""
        config, model = self.config, self.model
        clean, rainy = (
            centred(drawn(luminance(part), config.side, config.patches, self.generator))[0]
            for part in (batch.clean, batch.rainy)
        )
        codes = sparse_codes(clean, model.atoms, config.nonzero)
        lost = (clean - codes @ model.atoms).square().mean()
        both = sparse_codes(rainy, torch.cat((model.atoms, model.rain_atoms)), config.nonzero + config.rain_nonzero)
        falling, explained = both[:, config.atoms :], both[:, : config.atoms] @ model.atoms
        lost_of_rainy = (rainy - explained - falling @ model.rain_atoms).square().mean()
        now = {
            **moments(codes, clean), **{f"rain_{name}": part for name, part in moments(falling, rainy - explained).items()}
        }  # fmt: skip
        self.statistics = followed(self.statistics, now, (self.step + 1) ** -FORGETTING)
        of_rain = {name: self.statistics[f"rain_{name}"] for name in ("codes", "products")}
        model.atoms.copy_(updated(model.atoms, self.statistics))
        model.rain_atoms.copy_(updated(model.rain_atoms, of_rain))
        return {"clean": lost, "rainy": lost_of_rainy}


SIZES = {
    "quick": Size(
        {"side": 4, "atoms": 12, "rain_atoms": 6, "nonzero": 2, "rain_nonzero": 2, "rounds": 2, "stride": 2, "steps": 10,
         "batch": 2, "crop": 32, "patches": 100},
        duration="seconds a fit on one core", log_every=5, save_every=1000,
    ),
    "laptop": Size(
        {"side": 12, "atoms": 192, "rain_atoms": 48, "stride": 4, "steps": 200, "batch": 8, "patches": 2000},
        duration="a minute a fit on one core, 2 seconds an image of 481x321",
    ),
    "gpu": Size(
        {"atoms": 256, "rain_atoms": 64, "stride": 3, "steps": 400, "patches": 5000},
        duration="minutes a fit, with or without a GPU", log_every=50,
    ),
    "paper": Size(duration="hours a fit on one core, 20 seconds an image of 481x321"),
}  # fmt: skip

METHOD = Method(
    name="dsc",
    title="DSC",
    version=METHOD_VERSION,
    config=DSCConfig,
    network=DiscriminativeSparseCoding,
    start=fitted(DiscriminativeSparseCoding, Trainer),
    supervision="unpaired",
    prior_based=True,
    family="sparse codes of both layers",
    citation="Luo, Xu and Ji, Removing Rain from a Single Image via Discriminative Sparse Coding, ICCV 2015",
    sizes=SIZES,
    data=training_data,
    describe=lambda config: f"{config.atoms} atoms of background, {config.rain_atoms} of rain, {config.side} pixels a side",
    differs="the dictionaries begin with ones fitted on unpaired photos; the paper learns them in the image alone, and parts "
    "them by the direction of atoms",
    sharing=ONE_PROCESS,
)
