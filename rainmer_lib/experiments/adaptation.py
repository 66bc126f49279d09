"""Train on other data: new rain domains (DCD-GAN, Sec. 4.4, Fig. 9), a mixture with real rain (Sec. 4.5), pairs."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rainmer_lib.claims.over_seeds import check_order, each_seed
from rainmer_lib.data.mixed_rain import with_real_rain
from rainmer_lib.data.rain_domains import rain_domain
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.experiments.compare import Comparison, score_input, score_run
from rainmer_lib.experiments.experiment import Row, Rows
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.runs import Run, train_rows, train_run
from rainmer_lib.pretrained.models import read_weights
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.run import RunFolder

PRESETS = ("rain12", "medium", "rain100h")  # other rain on the same photos: dense and short, veiled, crossing
SHARE = 4  # adaptation runs a quarter of the training steps ...
PATIENCE = 2  # ... at half the generators' learning rate
ADAPTED, MIXED = "adapted", "mixed rain"
KEPT = ("derain", "all")  # networks that adaptation keeps


def adapt(run: Run, domain: UnpairedRain, profile: Profile, say=print, kept: str = "derain") -> Run:
    """Fine-tune a run on a new domain's rainy images and the old clean exemplars, without any pair.

    `derain` starts from the run's averaged weights.  The other networks start from new initial weights, because a recorded run
    does not hold them, and a quarter of the warm-up is theirs too.  With `kept="all"` they go on from the run's checkpoint, and
    the discriminators learn the new rain in a whole warm-up first.  The paper says only that its method "could be easily
    adapted", not how.  ValueError on another `kept`, FileNotFoundError if the checkpoint is needed and not there.
    """
    if kept not in KEPT:
        raise ValueError(f"kept={kept!r}: choose one of {', '.join(KEPT)}")
    every = kept == "all"
    warm_up = run.config.warm_up if every else run.config.warm_up // SHARE
    steps = warm_up + max(1, (run.config.steps - warm_up) // SHARE) if every else run.config.steps // SHARE
    config = replace(
        run.config, steps=max(1, steps), warm_up=warm_up, learning_rate=run.config.learning_rate / PATIENCE
    )  # fmt: skip
    return train_run(
        f"{run.label} {ADAPTED}", run.method, config, domain, profile, say,
        start=starting_from(run.weights, run.folder if every else None),
        origin=run.folder.identity.key + (", all networks" if every else ""),
    )  # fmt: skip


def starting_from(weights: Path, trained: RunFolder | None = None) -> Callable[..., Trainer]:
    """Return a replacement for `Trainer.start` in which `derain` starts from exported weights.

    The other networks start from the checkpoint in the folder `trained`, or from new initial weights without one.
    """

    def start(config: DCDGANConfig, device: str = "cpu") -> Trainer:
        trainer = Trainer.start(config, device)
        if trained is not None:
            trainer.model.load_state_dict(_networks_in(trained, device))
        trainer.model.translation.derain.load_state_dict(read_weights(weights))
        for name in trainer.averages if trained is not None else ("derain",):
            trainer.averages[name] = MovingAverage(getattr(trainer.model.translation, name), config.ema)
        return trainer

    return start


def _networks_in(trained: RunFolder, device: str) -> dict:
    state = trained.load_checkpoint(device)
    if state is None:
        raise FileNotFoundError(
            f"{trained.checkpoint} is missing: only a run that was trained on this machine holds all its networks. Delete "
            f"{trained.path} to train the run again, or keep derain alone"
        )
    return state["model"]


def with_mixed_rain(comparison: Comparison, label: str, row: Row, say=print) -> Comparison:
    """Extend the comparison by `row` trained on a mixture of synthetic and real rain (Sec. 4.5), for each seed."""
    mixed = with_real_rain(comparison.settings.data, row.config.crop)
    return with_rows(comparison, {f"{label}, {MIXED}": replace(row, data=lambda _: mixed)}, say)


def with_rows(comparison: Comparison, rows: Rows, say=print) -> Comparison:
    """Extend the comparison by further rows, trained and scored for each of their seeds."""
    settings = comparison.settings
    runs = train_rows(rows, settings, say)
    return comparison.extended(runs, (score_run(run, name, settings.data) for run in runs for name in settings.test_sets))


def across_domains(
    comparison: Comparison, method: str, presets: Iterable[str] = PRESETS, say=print, kept: str = "derain"
) -> Comparison:
    """Extend the comparison by new domains as test sets, named `under <preset>`.

    Every run is scored on them as trained; runs of `method` are also adapted to each domain, with `kept` as for `adapt`.
    """
    settings, adapted, tables = comparison.settings, [], []
    for preset in presets:
        domain, name = rain_domain(settings.data, preset), f"under {preset}"
        tables.append(score_input("held-out", domain).assign(test_set=name))
        here = [adapt(run, domain, settings.profile, say, kept) for run in comparison.runs if run.label == method]
        for run in (*comparison.runs, *here):
            tables.append(score_run(run, "held-out", domain, stored_as=f"under-{preset}").assign(test_set=name))
        adapted += here
    return comparison.extended(adapted, tables)


def drops(gains: pd.DataFrame, own: str) -> pd.DataFrame:
    """Compare a method's PSNR gain on its own domain with its mean gain on all other test sets.

    `gains` comes from `plots.ablation.gains`, for one protocol; adapted methods, which have no own domain, are left out.
    Columns method, seed, own, elsewhere, kept (= elsewhere - own, so that larger is better).
    """
    table = gains.pivot_table(index=["method", "seed"], columns="test_set", values="psnr", sort=False)
    table = table[table[own].notna()]
    result = pd.DataFrame({"own": table[own], "elsewhere": table.drop(columns=own).mean(axis=1)})
    return result.assign(kept=result.elsewhere - result.own).reset_index()


def check_claims(gains: pd.DataFrame, own: str, method: str, supervised: Iterable[str]) -> pd.DataFrame:
    """Test whether `method` keeps more of its gain elsewhere than each supervised row, and whether adaptation helps.

    `gains` as for `drops`.  One row for each supervised method answers the first question, then one for each new domain the
    second; columns test_set, metric, then those of `claims.over_seeds.check_order`.
    """
    kept = each_seed(drops(gains, own))
    questions = [("all others", "gain kept", check_order(kept, [method, label], "kept")) for label in supervised]
    adapted = f"{method} {ADAPTED}"
    for test_set in gains[gains.method.eq(adapted)].test_set.unique():
        questions.append((test_set, "psnr", check_order(gains[gains.test_set == test_set], [adapted, method], "psnr")))
    rows = [table.assign(test_set=test_set, metric=metric) for test_set, metric, table in questions]
    table = pd.concat(rows, ignore_index=True)
    return table[["test_set", "metric", *table.columns[:-2]]]
