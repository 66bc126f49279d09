"""Layer priors: rain streak removal using Gaussian mixtures over patches (Li et al., CVPR 2016).

Written from the paper's description.  A mixture over natural patches is fitted on clean photos, one over patches of rain in
the image itself, where it is flat.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

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
FLOOR = 1e-6  # variance in every direction, a quarter of a grey level
PRIOR = 0.01  # share of a mean component in every covariance, as if it had seen so many patches per thousand of its own
FORGETTING = 0.6  # a batch counts (step + 1)^-0.6 (Liang and Klein, NAACL 2009)
DEVIATIONS = 0.01, 0.2  # of the components of a fresh mixture, from low to high contrast
FLAT_STEP = 16  # pixels between the regions among which the flattest is found


@dataclass(frozen=True)
class GMMConfig(PriorConfig):
    """Layer priors; weights as the paper's, whose text is not at hand: 0.01 each.  The paper's prior has 200 components."""

    components: int = 200
    rain_components: int = 20
    rain_updates: int = 15  # of EM, in the image
    flat: int = 100  # side of the region that the mixture of rain is fitted in, pixels
    gradient_weight: float = 0.01  # alpha, of |gradient of B|
    rain_weight: float = 0.01  # beta, of R^2
    patch_weight: float = 0.01  # gamma, of the negative log-likelihoods
    coupling: float = 1.0  # omega of the first round; it doubles from round to round
    rounds: int = 6
    stride: int = 1  # pixels between patches

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {
            "1 or more": ("components", "rain_components", "rain_updates", "rounds", "stride"),
            "above 0": ("patch_weight", "coupling"), "0 or more": ("gradient_weight", "rain_weight"),
        })  # fmt: skip
        if self.flat < self.side:
            raise ValueError(f"flat={self.flat}: smaller than a patch, side={self.side}")


class Mixture(NamedTuple):
    """Mixture of Gaussians of mean zero over patches without their mean."""

    shares: Float[Tensor, " k"]
    covariances: Float[Tensor, "k d d"]

    def log_densities(self, patches: Patches, noise: float = 0.0) -> Float[Tensor, "n k"]:
        """Return log share_k + log N(p; 0, Sigma_k + noise I) for each patch and component."""
        pixels = patches.shape[1]
        identity = torch.eye(pixels).to(patches)
        factors = torch.linalg.cholesky(self.covariances + (noise + FLOOR) * identity)
        sizes = 0.5 * pixels * math.log(2 * math.pi) + factors.diagonal(dim1=1, dim2=2).log().sum(1)
        whitening = torch.linalg.solve_triangular(factors, identity, upper=False)
        squares = torch.stack([(patches @ white.T).square().sum(1) for white in whitening], 1)
        return self.shares.log() - sizes - 0.5 * squares

    def moments(self, patches: Patches) -> dict[str, Tensor]:
        """Return means over the patches of r_k and of r_k p p^T, where r_k is the responsibility (E step), and log p."""
        log = self.log_densities(patches)
        shares = log.softmax(1)
        squares = torch.stack([patches.T @ (share[:, None] * patches) for share in shares.T]) / len(patches)
        return {"shares": shares.mean(0), "squares": squares, "likelihood": log.logsumexp(1).mean()}

    def denoised(self, patches: Patches, noise: float) -> Patches:
        """Return Sigma_k (Sigma_k + noise I)^-1 p for the most likely component k of each patch."""
        best, result = self.log_densities(patches, noise).argmax(1), torch.empty_like(patches)
        identity = torch.eye(patches.shape[1]).to(patches)
        for k in best.unique():
            covariance = self.covariances[k] + FLOOR * identity
            wiener = torch.linalg.solve(covariance + noise * identity, covariance)
            result[best == k] = patches[best == k] @ wiener
        return result


def from_moments(moments: dict[str, Tensor]) -> Mixture:
    """Return the mixture of given moments (M step); a component with few patches leans on the mean of all."""
    shares, squares = moments["shares"], moments["squares"]
    own = PRIOR / len(shares)
    return Mixture(
        (shares + own) / (1 + PRIOR),
        (squares + own * squares.sum(0)) / (shares + own)[:, None, None],
    )


def fresh(components: int, pixels: int, generator: torch.Generator | None = None) -> Mixture:
    """Return random components of rising contrast."""
    deviations = torch.logspace(*(math.log10(value) for value in DEVIATIONS), components)[:, None, None]
    noise = torch.randn(components, pixels, pixels, generator=generator) / math.sqrt(pixels)
    factors = deviations * (torch.eye(pixels) + 0.5 * noise)
    return Mixture(torch.full((components,), 1 / components), factors @ factors.mT)


class LayerPriors(PriorDerainer):
    """Solver of O = B + R on the luminance, 0 <= B, R <= O, by half-quadratic splitting:

        min |O - B - R|^2 + beta |R|^2 + alpha |grad B|_1 - gamma sum_i (log G_B(P_i B) + log G_R(P_i R))

    Each round takes gradients H = shrink(grad B, alpha / 2 omega), denoises the patches of both layers by their mixtures under
    noise of variance gamma / omega, which gives B~ and R~, then minimises

        |O - B - R|^2 + beta |R|^2 + omega (|grad B - H|^2 + |B - B~|^2 + |R - R~|^2)

    over B (Fourier transform, borders joined) and over R, and doubles omega.  The whole image enters the result (its flattest
    region, the transform), so tiles come near to it and no more.
    """

    reach = 32  # pixels of overlap of tiles; a few patches

    def __init__(self, config: GMMConfig) -> None:
        super().__init__()
        self.config, self.smallest = config, config.side
        start = fresh(config.components, config.side**2)
        self.log_shares = nn.Parameter(start.shares.log())
        self.factors = nn.Parameter(torch.linalg.cholesky(start.covariances))  # their products stay definite in half precision

    @property
    def mixture(self) -> Mixture:
        """The mixture over natural patches."""
        return Mixture(self.log_shares.softmax(0), self.factors.tril() @ self.factors.tril().mT)

    def take(self, mixture: Mixture) -> None:
        """Take the parameters of a mixture."""
        self.log_shares.copy_(mixture.shares.log())
        identity = torch.eye(mixture.covariances.shape[-1]).to(mixture.covariances)
        self.factors.copy_(torch.linalg.cholesky(mixture.covariances + FLOOR * identity))

    def rounds(self, rainy: Plane) -> Iterator[Plane]:
        """Yield the luminance without its rain, as it is after each round."""
        config, omega = self.config, self.config.coupling
        natural, rain = self.mixture, self.rain_in(rainy)
        layer, streaks = rainy.clone(), torch.zeros_like(rainy)
        for number in range(config.rounds):
            noise = config.patch_weight / omega
            smooth = self._denoised(layer, natural, noise)
            # the first split of the rain: what the mixture of rain explains of what the background's does not
            streaks = self._denoised(rainy - smooth if number == 0 else streaks, rain, noise)
            gradients = [shrunk(g, config.gradient_weight / (2 * omega)) for g in (forward(layer, 0), forward(layer, 1))]
            layer = solved(rainy - streaks + omega * smooth, gradients, omega).clamp(min=0).minimum(rainy)
            streaks = (rainy - layer + omega * streaks) / (1 + config.rain_weight + omega)
            streaks = streaks.clamp(min=0).minimum(rainy)
            omega *= 2
            yield layer

    def rain_in(self, rainy: Plane) -> Mixture:
        """Fit a mixture in the flattest region of an image, where what varies is rain; a function of the image alone."""
        config = self.config
        region = patches_of(flattest(rainy, config.flat), config.side, config.stride)
        found = fresh(config.rain_components, config.side**2, torch.Generator().manual_seed(0))
        mixture, patches = Mixture(*(part.to(rainy) for part in found)), centred(region)[0]
        for _ in range(config.rain_updates):
            mixture = from_moments(mixture.moments(patches))
        return mixture

    def _denoised(self, plane: Plane, mixture: Mixture, noise: float) -> Plane:
        side, stride = self.config.side, self.config.stride
        patches, means = centred(patches_of(plane, side, stride))
        return averaged(mixture.denoised(patches, noise) + means, plane.shape, side, stride)


def flattest(plane: Plane, side: int) -> Plane:
    """Return the region of `side` pixels a side, or of the plane's, that varies least."""
    height, width = (min(side, size) for size in plane.shape)
    windows = plane.unfold(0, height, FLAT_STEP).unfold(1, width, FLAT_STEP)
    best = int(windows.var(dim=(2, 3), correction=0).flatten().argmin())
    return windows.reshape(-1, height, width)[best]


def forward(plane: Plane, axis: int) -> Plane:
    """Return differences to the next pixel; the last pixel's next one is the first."""
    return plane.roll(-1, axis) - plane


def shrunk(values: Tensor, by: float) -> Tensor:
    """Move values towards zero by `by`."""
    return values.sign() * (values.abs() - by).clamp(min=0)


def solved(right: Plane, gradients: list[Plane], omega: float) -> Plane:
    """Return B with (1 + omega + omega grad^T grad) B = right + omega grad^T H."""
    for axis, gradient in enumerate(gradients):
        right = right + omega * (gradient.roll(1, axis) - gradient)
    down, across = (2 - 2 * torch.cos(2 * math.pi * torch.fft.fftfreq(n).to(right)) for n in right.shape)
    return torch.fft.ifft2(torch.fft.fft2(right) / (1 + omega * (1 + down[:, None] + across))).real


class Trainer(PriorTrainer):
    """Fit of the mixture over natural patches by stepwise EM: moments follow those of each batch, the mixture follows them."""

    def fit(self, batch: Batch) -> dict[str, Tensor]:
        """Update on the clean crops; return the negative log-likelihood of a patch before the update, per pixel."""
        config = self.config
        patches, _ = centred(drawn(luminance(batch.clean), config.side, config.patches, self.generator))
        moments = self.model.mixture.moments(patches)
        loss = -moments.pop("likelihood") / config.side**2
        self.statistics = followed(self.statistics, moments, (self.step + 1) ** -FORGETTING)
        self.model.take(from_moments(self.statistics))
        return {"negative_log_likelihood": loss}


SIZES = {
    "quick": Size(
        {"components": 4, "rain_components": 2, "rain_updates": 2, "flat": 24, "rounds": 2, "stride": 4, "steps": 10,
         "batch": 2, "crop": 32, "patches": 200, "side": 4},
        duration="seconds a fit on one core", log_every=5, save_every=1000,
    ),
    "laptop": Size(
        {"components": 40, "stride": 3, "rounds": 5, "steps": 300, "batch": 8, "patches": 4000},
        duration="a minute a fit on one core, 2 seconds an image of 481x321",
    ),
    "gpu": Size(
        {"components": 80, "stride": 2, "rounds": 5, "steps": 800, "batch": 16, "patches": 10_000},
        duration="minutes a fit, with or without a GPU", log_every=50,
    ),
    "paper": Size({"steps": 2000, "patches": 20_000}, duration="hours a fit on one core, 40 seconds an image of 481x321"),
}  # fmt: skip

METHOD = Method(
    name="gmm",
    title="GMM",
    version=METHOD_VERSION,
    config=GMMConfig,
    network=LayerPriors,
    start=fitted(LayerPriors, Trainer),
    supervision="unpaired", prior_based=True,
    family="prior on patches of both layers",
    citation="Li et al., Rain Streak Removal Using Layer Priors, CVPR 2016",
    sizes=SIZES, data=training_data,
    describe=lambda config: f"{config.components} Gaussians over natural patches, {config.rain_components} over those of rain",
    differs="the prior is fitted here, on clean photos; the paper takes a published one, which is not free",
    sharing=ONE_PROCESS,
)  # fmt: skip
