"""Compare configurations: train each for each seed (or find it trained), score it on the test sets, return one table."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pandas as pd
import torch
from torch import nn

from rainmer_lib import atomic, paths
from rainmer_lib.data.paired import MixedPairs
from rainmer_lib.data.test_sets import Pair, benchmark_pairs
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.step import METHOD_VERSION, Trainer
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate, quantise
from rainmer_lib.metrics.scores import mean_scores, score_images
from rainmer_lib.pretrained.models import load_generator
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.training.loop import report, train
from rainmer_lib.training.run import RunFolder, RunIdentity
from rainmer_lib.workflow.parameters import Settings

# What a recorded run consists of; checkpoints and the rain-adding generator stay in the run folder.
RECORDED = ("config.json", "log.jsonl", "derain.safetensors", "finished.json")


@dataclass(frozen=True)
class Run:
    """A finished training run: one method, one seed.  `load(config, weights)` makes its network."""

    method: str
    seed: int
    config: DCDGANConfig | RainmerConfig
    folder: RunFolder
    load: Callable[..., nn.Module] = load_generator

    def generator(self) -> nn.Module:
        """The derain network with the exported, averaged weights."""
        return self.load(self.config, self.folder.path / "derain.safetensors").to(device())


@dataclass(frozen=True)
class Example:
    """Images of one pair by name, rainy first and clean last, with a caption for each."""

    pair: Pair
    images: dict[str, np.ndarray]
    captions: dict[str, str]


@dataclass(frozen=True)
class Comparison:
    """The finished runs of a comparison and their scores.

    `scores` is tidy, a row for each image: method, seed, test_set, image, protocol, psnr, ssim.  Method `input` is the
    rainy image itself, seed -1.
    """

    runs: list[Run]
    scores: pd.DataFrame
    settings: Settings

    def means(self) -> pd.DataFrame:
        """Mean over the images: a row for each method, seed, test set and protocol."""
        return mean_scores(self.scores, ["method", "seed", "test_set"]).drop(columns="images")

    def extended(self, runs: list[Run], tables: Iterable[pd.DataFrame]) -> "Comparison":
        """This comparison with more runs and rows of scores."""
        return replace(self, runs=[*self.runs, *runs], scores=pd.concat([self.scores, *tables], ignore_index=True))

    def example(self, test_set: str, number: int) -> Example:
        """One image of a test set under every method, first seed: 8-bit images and their PSNR under `prenet`."""
        pair = next(islice(pairs_of(test_set, self.settings.data), number, None))
        outputs = {"rainy": pair.rainy}
        outputs |= {r.method: quantise(derain(r.generator(), pair.rainy), "truncate")
                    for r in self.runs if r.seed == 0}  # fmt: skip
        captions = {name: f"{evaluate(image, pair.clean, 'prenet')[0]:.2f} dB" for name, image in outputs.items()}
        return Example(pair, outputs | {"clean": pair.clean}, captions | {"clean": "truth"})


def compare(methods: Mapping[str, DCDGANConfig], settings: Settings, say=print) -> Comparison:
    """Train and score each method for each seed.  Finished runs are found again; broken ones resume."""
    runs = [
        train_run(method, replace(config, seed=seed), settings.data, settings.profile, say)
        for seed in range(settings.seeds)
        for method, config in methods.items()
    ]
    return scored(runs, settings)


def scored(runs: list[Run], settings: Settings) -> Comparison:
    """Finished runs with their scores, and those of the input, on every test set."""
    tables = [score_input(name, settings.data) for name in settings.test_sets]
    tables += [score_run(run, name, settings.data) for name in settings.test_sets for run in runs]
    return Comparison(runs, pd.concat(tables, ignore_index=True), settings)


def train_run(method: str, config: DCDGANConfig, data: UnpairedRain, profile: Profile, say=print) -> Run:
    """One finished run of DCD-GAN's program; `method` is its label here."""
    return find_or_train(method, identity_of(config, data.fingerprint), Trainer.start, data, profile, say)


def find_or_train(
    label: str, identity: RunIdentity, start: Callable, data, profile: Profile, say=print, load: Callable = load_generator
) -> Run:
    """One finished run, from the recorded results, from the run folders, or by training what `start` makes on `data`."""
    config = identity.config

    def labelled(text: str) -> None:
        say(f"{label}, seed {config.seed}: {text}")

    if profile.keeps_runs:
        for results in (paths.results_root(), paths.REPOSITORY / "results"):
            recorded = RunFolder(results / profile.name / "runs", identity)
            if recorded.finished.exists():
                report(recorded, labelled)
                return Run(label, config.seed, config, recorded, load)
    folder = RunFolder(paths.runs_root(), identity)
    train(
        start, config, data, folder,
        device=device(), log_every=profile.log_every, save_every=profile.save_every, say=labelled,
    )  # fmt: skip
    return Run(label, config.seed, config, folder, load)


def identity_of(config: DCDGANConfig, fingerprint: str) -> RunIdentity:
    """What names the run of a configuration on data of this fingerprint."""
    return RunIdentity("dcdgan", config, fingerprint, METHOD_VERSION)


def device() -> str:
    """Where networks run: the GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def record_runs(comparison: Comparison) -> None:
    """Copy finished runs and their scores to the results, where the profile keeps them; finished.json comes last."""
    profile = comparison.settings.profile
    if not profile.keeps_runs:
        return
    for run in comparison.runs:
        target = paths.results_root() / profile.name / "runs" / run.folder.identity.key
        for file in [*(p.name for p in run.folder.path.glob("scores-*.csv")), *RECORDED]:
            source = run.folder.path / file
            if source != target / file:
                atomic.write(target / file, lambda part, source=source: shutil.copyfile(source, part))


def pairs_of(test_set: str, data: UnpairedRain | MixedPairs) -> Iterator[Pair]:
    """The pairs of a test set; `held-out`, or the name of a domain, belongs to the training data."""
    own = data.held_out if isinstance(data.held_out, Mapping) else {"held-out": data.held_out}
    return iter(own[test_set]) if test_set in own else benchmark_pairs(test_set)


def score_run(run: Run, test_set: str, data: UnpairedRain, stored_as: str = "") -> pd.DataFrame:
    """Scores of a run on a test set, image by image; kept in the run folder, so computed once.

    `stored_as` names the file where `test_set` alone would not tell: the held-out photos of another domain.
    """
    path = run.folder.path / f"scores-{(stored_as or test_set).replace('/', '-')}.csv"
    if not path.exists() or set(pd.read_csv(path).protocol) != set(PROTOCOLS):  # a protocol was added since
        network = run.generator()
        table = score_images((pair, derain(network, pair.rainy)) for pair in pairs_of(test_set, data))
        atomic.write(path, lambda part: table.to_csv(part, index=False, float_format="%.6f"))
    return pd.read_csv(path, dtype={"image": str}).assign(method=run.method, seed=run.seed, test_set=test_set)


def score_input(test_set: str, data: UnpairedRain) -> pd.DataFrame:
    """Scores of doing nothing."""
    table = score_images((pair, pair.rainy) for pair in pairs_of(test_set, data))
    return table.assign(method="input", seed=-1, test_set=test_set)
