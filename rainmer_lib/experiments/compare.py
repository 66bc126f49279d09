"""Compare rows: train each for each seed (or find it trained), score it on the test sets, return one table."""

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from rainmer_lib import atomic, paths
from rainmer_lib.data.test_sets import Pair, benchmark_entries, benchmark_pairs
from rainmer_lib.experiments.experiment import Rows
from rainmer_lib.experiments.kept import scores_of
from rainmer_lib.experiments.runs import Run, train_rows
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import evaluate, quantise
from rainmer_lib.metrics.scores import mean_scores, score_images
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.pretrained.models import RUN_WEIGHTS, shipped_as
from rainmer_lib.training.seal import require_intact, seal

# Files of a run that are recorded; checkpoints and the rain-adding generator stay in the run folder.
RECORDED = ("config.json", "log.jsonl", RUN_WEIGHTS, "finished.json")
TABLES = ("scores-*", "measures-*", "damage", "input")  # what was measured on a run; it outlives the weights
SHOWN_PROTOCOL = "prenet"  # of the numbers under images
WITH_WEIGHTS = (0,)  # seeds whose weights are recorded, for the images in notebooks, unless they ship; scores are of all


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
    unprocessed rainy input, seed -1.
    """

    runs: list[Run]
    scores: pd.DataFrame
    settings: Settings

    def means(self) -> pd.DataFrame:
        """Mean over the images: a row for each method, seed, test set and protocol."""
        return mean_scores(self.scores, ["method", "seed", "test_set"]).drop(columns="images")

    def extended(self, runs: list[Run], tables: Iterable[pd.DataFrame]) -> "Comparison":
        """Return this comparison with further runs and rows of scores."""
        return replace(self, runs=[*self.runs, *runs], scores=pd.concat([self.scores, *tables], ignore_index=True))

    def median_image(self, test_set: str, method: str) -> str:
        """Return the name of the image on which a method's gain in PSNR over the input, mean over seeds, is the median."""
        chosen = self.scores.query("test_set == @test_set and protocol == @SHOWN_PROTOCOL")
        psnr = chosen.groupby(["method", "image"], sort=False).psnr.mean()
        gain = (psnr[method] - psnr["input"]).sort_values(kind="stable")
        return str(gain.index[(len(gain) - 1) // 2])

    def example(self, test_set: str, of: str, labels: Collection[str] | None = None) -> Example:
        """Return an image of a test set under every method, first seed: 8-bit images and their PSNR under `prenet`.

        It is the image on which the method `of` has its median gain, so that nobody picks it.  `labels` chooses among the
        methods; None takes all.
        """
        name = self.median_image(test_set, of)
        pair = next(pair for pair in pairs_of(test_set, self.settings.data) if pair.name == name)
        chosen = [run for run in self.runs if run.seed == 0 and (labels is None or run.label in labels)]
        outputs = {"rainy": pair.rainy} | {r.label: quantise(derain(r.network(), pair.rainy), "truncate") for r in chosen}
        captions = {name: f"{evaluate(image, pair.clean, SHOWN_PROTOCOL)[0]:.2f} dB" for name, image in outputs.items()}
        return Example(pair, outputs | {"clean": pair.clean}, captions | {"clean": "ground truth"})


def compare(rows: Rows, settings: Settings, say=print) -> Comparison:
    """Train and score each row for each seed.  Finished runs are found again; interrupted ones resume."""
    return scored(train_rows(rows, settings, say), settings)


def scored(runs: list[Run], settings: Settings) -> Comparison:
    """Score finished runs and the rainy input on every test set."""
    tables = [score_input(name, settings.data) for name in settings.test_sets]
    networks = [cache(run.network) for run in runs]  # loaded and measured once for all test sets, and only where one is missing
    asked = [(name, run, network) for name in settings.test_sets for run, network in zip(runs, networks, strict=True)]
    tables += [score_run(run, name, settings.data, network=network) for name, run, network in asked]
    return Comparison(runs, pd.concat(tables, ignore_index=True), settings)


def record_runs(comparison: Comparison) -> None:
    """Copy finished runs and their tables to the results, if the profile keeps runs; finished.json is written last."""
    profile = comparison.settings.profile
    if not profile.keeps_runs:
        return
    for run in comparison.runs:
        target = paths.results_root() / profile.name / "runs" / run.folder.identity.key
        with_weights = run.seed in WITH_WEIGHTS and not shipped_as(run.folder.path)
        names = [name for name in RECORDED if name != RUN_WEIGHTS or with_weights]
        tables = [p.name for kind in TABLES for p in run.folder.path.glob(f"{kind}.csv")]
        for file in [*tables, *names]:
            source = run.folder.path / file
            if source != target / file and source.exists():  # a recorded run may lack its weights
                require_intact(source)
                atomic.write(target / file, lambda part, source=source: shutil.copyfile(source, part))
                seal(target, [file])


def pairs_of(test_set: str, data: Any) -> Iterator[Pair]:
    """Return the pairs of a test set; `held-out` and names of domains refer to held-out pairs of the training data."""
    own = _own(data)
    return iter(own[test_set]) if test_set in own else benchmark_pairs(test_set)


def names_of(test_set: str, data: Any) -> list[str]:
    """Return the names of the pairs of a test set, as `pairs_of`; of a benchmark no image is read."""
    own = _own(data)
    return [pair.name for pair in (own[test_set] if test_set in own else benchmark_entries(test_set))]


def _own(data: Any) -> Mapping[str, Iterable[Pair]]:
    return data.held_out if isinstance(data.held_out, Mapping) else {"held-out": data.held_out}


def score_run(
    run: Run, test_set: str, data: Any, stored_as: str = "", network: Callable[[], Derainer] | None = None
) -> pd.DataFrame:
    """Score a run on a test set, image by image; the table is kept in the run folder, so it is computed once.

    `stored_as` names the file where `test_set` is ambiguous: for the held-out photos of another domain.  `network` loads the
    run's network, if not `run.network`.
    """
    def measure() -> pd.DataFrame:
        loaded = (network or run.network)()
        return score_images((pair, derain(loaded, pair.rainy)) for pair in pairs_of(test_set, data))

    stem = f"scores-{(stored_as or test_set).replace('/', '-')}"
    table = run.kept(stem, measure, scores_of(lambda: names_of(test_set, data)))
    return table.assign(method=run.label, seed=run.seed, test_set=test_set)


def score_input(test_set: str, data: Any) -> pd.DataFrame:
    """Score the unprocessed rainy input."""
    table = score_images((pair, pair.rainy) for pair in pairs_of(test_set, data))
    return table.assign(method="input", seed=-1, test_set=test_set)
