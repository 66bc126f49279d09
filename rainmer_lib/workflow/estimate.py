"""Estimate of the hours that the training runs of a profile take: from runs that were made or, without any, timed steps."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch.nn.functional as F

from rainmer_lib import paths
from rainmer_lib.data.batches import AnyBatch, to_device
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments.experiment import Experiment
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.runs import device
from rainmer_lib.pretrained.models import method_of, read_config
from rainmer_lib.training import seal
from rainmer_lib.training.method import Method
from rainmer_lib.workflow import plan
from rainmer_lib.workflow.plan import TrainingRun

RECORDED = "runs of the same configuration"
OTHERS = "runs of other configurations of the method"
TIMED = "steps timed here"
SCALED = "small steps timed on a core here, times the pixels: a guess"
SMALL = ("batch", "crop", "view_size", "precision", "memory_bank")  # fields that are as at quick where small steps are timed
# Steps before the clock starts, in which caches and a memory bank fill, and steps that are timed.  On a CPU, where one takes
# seconds, it is one of each, but for a memory bank
FIRST, STEPS = 5, 2

Clock = Callable[[], float]


@dataclass(frozen=True)
class Cost:
    """Seconds of one step, and where they are known from."""

    seconds: float
    source: str


def table(
    profile: Profile, notebooks: list[str], timed: Callable[[Method, Any], Cost] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> pd.DataFrame:  # fmt: skip
    """Return a row for each run: notebook (the first that needs it), run, finished, hours, source.

    `timed` times steps of a method of which there is no run; it is `time_steps` by default.  `say` is told of each that is
    timed, because that takes a while.  The errors of `planned_runs`.
    """
    runs, timed = plan.planned_runs(profile, notebooks, _data_for), timed or time_steps
    known, costs, rows = _known(profile, runs), {}, []
    for key, run in runs.items():
        name = run.row.method.name
        same, others = known.get(_same(name, run.config), []), known.get(name, [])
        if same or others:
            cost = Cost(statistics.median(same or others), RECORDED if same else OTHERS)
        else:  # once for all rows of a method
            if name not in costs:
                say(f"timing a step of {run.row.method.title}, of which there is no run")
                costs[name] = timed(run.row.method, run.config)
            cost = costs[name]
        finished = any((folder / key / "finished.json").is_file() for folder in _folders(profile))
        rows.append((run.notebooks[0], key, finished, cost.seconds * run.config.steps / 3600, cost.source))
    return pd.DataFrame(rows, columns=["notebook", "run", "finished", "hours", "source"])


def lines(profile: Profile, runs: pd.DataFrame) -> list[str]:
    """Return the estimate as lines to print: one for each notebook, what is left, and what the numbers rest on."""
    if runs.empty:
        return [f"profile {profile.name}: its notebooks train by themselves, seconds a run; there is nothing to estimate"]
    left = runs[~runs.finished]
    shown = [f"{'notebook':<28} {'runs':>5} {'left':>5} {'hours':>8} {'of these left':>14}  a step is known from"]
    for notebook, part in runs.groupby("notebook", sort=False):
        ahead, sources = part[~part.finished], ", ".join(dict.fromkeys(part.source))
        counts = f"{len(part):>5} {len(ahead):>5} {part.hours.sum():>8.1f} {ahead.hours.sum():>14.1f}"
        shown.append(f"{notebook:<28} {counts}  {sources}")
    total = f"{len(runs):>5} {len(left):>5} {runs.hours.sum():>8.1f} {left.hours.sum():>14.1f}"
    shown.append(f"{'all':<28} {total}  on {device()}, one run after another")
    guessed = runs[runs.source == SCALED].hours.sum()
    return [
        *shown, "A run that several notebooks need is counted with the first. Scores, rendered training data and the notebooks",
        "themselves are not counted." + f" {guessed:.1f} of the hours are a guess." * bool(guessed),
    ]  # fmt: skip


def time_steps(method: Method, config: Any, clock: Clock | None = None) -> Cost:
    """Time a few steps of a method on this machine.

    On a graphics card they have the configuration's sizes.  On a CPU they would take minutes: there they have the sizes of
    profile quick, in single precision, and count times the pixels, by the time of the core, whatever else runs there.  The
    memory bank, if there is one, is small, so that contrast has begun.
    """
    whole = device() == "cuda"
    clock = clock or (time.perf_counter if whole else time.process_time)
    tried = reduced(method, config, SMALL[-1:] if whole else SMALL)
    trainer, data = method.start(tried, device()), method.data(unpaired("embedded"), "quick")
    batch = to_device(_sized(data.batch(0, trainer.crops, method.at("quick").crop, 0), tried), device())
    first, steps = (FIRST if whole or "memory_bank" in vars(config) else 1), STEPS if whole else 1
    for step in range(first + steps):
        if step == first:
            began = clock()
        for value in trainer.train_step(batch).values():
            value.item()  # waits for a graphics card
    pixels = (config.batch * config.crop**2) / (tried.batch * tried.crop**2)
    return Cost((clock() - began) / steps * pixels, TIMED if whole else SCALED)


def reduced(method: Method, config: Any, names: Sequence[str] = SMALL) -> Any:
    """Return a configuration whose fields of these names are as at profile quick, with a larger crop where it asks for one."""
    quick = method.at("quick")
    changes = {name: getattr(quick, name) for name in names if name in vars(config)} | {"seed": 0}
    while True:
        try:
            return replace(config, **changes)
        except ValueError:  # the discriminators of the paper's sizes have more levels than those of quick
            if changes.get("crop", config.crop) >= config.crop:
                raise
            changes["crop"] = min(2 * changes["crop"], config.crop)


def _sized(batch: AnyBatch, config: Any) -> AnyBatch:
    """Return a batch at the sizes of a configuration: crops, and whole images at view size."""
    sides = [config.view_size if name.endswith("whole") else config.crop for name in batch._fields]
    return type(batch)(*(F.interpolate(images, (side, side)) for images, side in zip(batch, sides, strict=True)))


def _data_for(experiment: Experiment, profile: Profile, keep: bool) -> Any:
    """Return an experiment's training data, or what stands for them where there is no run of its methods that it could name.

    At profile paper, Rainmer's would be rendered for minutes.  FileNotFoundError if the photos are missing.
    """
    names = {row.method.name for row in experiment.rows(profile).values()}
    if any(any(root.glob(f"{name}-*/finished.json")) for root in _folders(profile) for name in names):
        return plan.data_of(experiment, profile, keep)
    unpaired(profile.data)
    return plan.Unmade()


def _known(profile: Profile, runs: Mapping[str, TrainingRun]) -> dict[Any, list[float]]:
    """Return seconds of a step in finished runs, by method, and by method and configuration without its seed."""
    known: dict[Any, list[float]] = {}
    for folder in _finished(profile, runs):
        try:
            facts, name, config = seal.read_json(folder / "finished.json"), method_of(folder).name, read_config(folder)
        except (ValueError, TypeError, KeyError, OSError):
            continue  # of other versions of the code; what is damaged is named when it is used
        seconds = facts["seconds_of_last_part"] / max(1, facts.get("steps_of_last_part", facts["steps"]))
        for of in (name, _same(name, config)):
            known.setdefault(of, []).append(seconds)
    return known


def _finished(profile: Profile, runs: Mapping[str, TrainingRun]) -> Iterator[Path]:
    """Yield the folders of finished runs of a profile: the recorded ones, and those of the plan that are here."""
    recorded, here = _folders(profile)[:-1], _folders(profile)[-1]
    folders = [path.parent for root in dict.fromkeys(recorded) for path in sorted(root.glob("*/finished.json"))]
    yield from folders
    yield from (here / key for key in runs if (here / key / "finished.json").is_file())


def _folders(profile: Profile) -> list[Path]:
    roots = [root / profile.name / "runs" for root in (paths.results_root(), paths.REPOSITORY / "results")]
    return [*roots, paths.runs_root()]


def _same(method: str, config: Any) -> tuple:
    return method, replace(config, seed=0)
