"""Training on other data: other rains (DCD-GAN, Sec. 4.4, Fig. 9), real rain mixed in (Sec. 4.5), pairs as a yardstick."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
from safetensors.torch import load_file

from rainmer_lib.baselines.supervised import train_supervised
from rainmer_lib.claims.over_seeds import check_order
from rainmer_lib.data.mixed_rain import with_real_rain
from rainmer_lib.data.rain_domains import rain_domain
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.step import METHOD_VERSION, Trainer
from rainmer_lib.experiments.compare import Comparison, Run, find_or_train, score_input, score_run, train_run
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.run import RunIdentity

PRESETS = ("rain12", "medium", "rain100h")  # other rains for the same photos: dense and short, with a veil, crossing
SHARE = 4  # adaptation takes a quarter of the training's steps ...
PATIENCE = 2  # ... at half the generators' rate: they know something already
ADAPTED, MIXED, PAIRED = "adapted", "mixed rain", "same network, with pairs"


def adapt(run: Run, domain: UnpairedRain, profile: Profile, say=print) -> Run:
    """Go on training on a new domain's rainy images and the old clean exemplars, without any pair.

    `derain` begins with the run's averaged weights; the other networks, which a kept run does not hold, begin anew.
    The paper says that its method "could be easily adapted", not how.
    """
    config = replace(run.config, steps=max(1, run.config.steps // SHARE), learning_rate=run.config.learning_rate / PATIENCE)
    identity = RunIdentity("adapted", config, f"{domain.fingerprint} from {run.folder.identity.key}", METHOD_VERSION)
    start = starting_from(run.folder.path / "derain.safetensors")
    return find_or_train(f"{run.method} {ADAPTED}", identity, start, domain, profile, say)


def starting_from(weights: Path) -> Callable[..., Trainer]:
    """`Trainer.start` with a `derain` that begins with exported weights."""

    def start(config: DCDGANConfig, device: str = "cpu") -> Trainer:
        trainer = Trainer.start(config, device)
        derain = trainer.model.translation.derain
        derain.load_state_dict(load_file(weights))
        trainer.averages["derain"] = MovingAverage(derain, config.ema)
        return trainer

    return start


def with_pairs(comparison: Comparison, config: DCDGANConfig, say=print) -> Comparison:
    """The comparison with another method: the network of `config` trained on the pairs of the same photos, each seed."""
    settings = comparison.settings
    configs = [replace(config, seed=seed) for seed in range(settings.seeds)]
    runs = [train_supervised(PAIRED, config, settings.data, settings.profile, say) for config in configs]
    return comparison.extended(runs, (score_run(run, name, settings.data) for run in runs for name in settings.test_sets))


def with_mixed_rain(comparison: Comparison, method: str, config: DCDGANConfig, say=print) -> Comparison:
    """The comparison with `method` trained on synthetic and real rain mixed (Sec. 4.5), each seed."""
    settings = comparison.settings
    data = with_real_rain(settings.data, config.crop)
    configs = [replace(config, seed=seed) for seed in range(settings.seeds)]
    runs = [train_run(f"{method}, {MIXED}", config, data, settings.profile, say) for config in configs]
    return comparison.extended(runs, (score_run(run, name, settings.data) for run in runs for name in settings.test_sets))


def across_domains(comparison: Comparison, method: str, presets: Iterable[str] = PRESETS, say=print) -> Comparison:
    """The comparison with new domains as test sets, `under <preset>`: every run as it is, those of `method` also adapted."""
    settings, adapted, tables = comparison.settings, [], []
    for preset in presets:
        domain, name = rain_domain(settings.data, preset), f"under {preset}"
        tables.append(score_input("held-out", domain).assign(test_set=name))
        here = [adapt(run, domain, settings.profile, say) for run in comparison.runs if run.method == method]
        for run in (*comparison.runs, *here):
            tables.append(score_run(run, "held-out", domain, stored_as=f"under-{preset}").assign(test_set=name))
        adapted += here
    return comparison.extended(adapted, tables)


def drops(gains: pd.DataFrame, own: str) -> pd.DataFrame:
    """By how much less a method gains elsewhere: PSNR gain on its own domain minus the mean gain on all other test sets.

    `gains` as `plots.ablation.gains` makes them, one protocol; adapted methods, which have no own domain, are left out.
    Columns method, seed, own, elsewhere, kept (= elsewhere - own, so that larger is better).
    """
    table = gains.pivot_table(index=["method", "seed"], columns="test_set", values="psnr", sort=False)
    table = table[table[own].notna()]
    result = pd.DataFrame({"own": table[own], "elsewhere": table.drop(columns=own).mean(axis=1)})
    return result.assign(kept=result.elsewhere - result.own).reset_index()


def check_claims(gains: pd.DataFrame, own: str, method: str) -> pd.DataFrame:
    """Does `method` keep more of its gain elsewhere than the network with pairs, and is it better adapted than not?

    `gains` as for `drops`.  A row for the first question, one for each new domain; columns test_set, metric, then those of
    `claims.over_seeds.check_order`.
    """
    questions = [("all others", "gain kept", check_order(drops(gains, own), [method, PAIRED], "kept"))]
    adapted = f"{method} {ADAPTED}"
    for test_set in gains[gains.method == adapted].test_set.unique():
        questions.append((test_set, "psnr", check_order(gains[gains.test_set == test_set], [adapted, method], "psnr")))
    rows = [table.assign(test_set=test_set, metric=metric) for test_set, metric, table in questions]
    table = pd.concat(rows, ignore_index=True)
    return table[["test_set", "metric", *table.columns[:-2]]]
