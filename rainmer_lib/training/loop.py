"""Training loop, from fresh weights or a checkpoint to finished weights."""

import math
import sys
import time
from collections.abc import Callable
from typing import Protocol

import torch
from safetensors.torch import save
from torch import Tensor
from tqdm import tqdm

from rainmer_lib import atomic
from rainmer_lib.data.batches import to_device
from rainmer_lib.data.on_device import on_device
from rainmer_lib.networks.stored import not_finite
from rainmer_lib.training import processes
from rainmer_lib.training.budget import Budget, line, worth_a_line
from rainmer_lib.training.method import Trainer
from rainmer_lib.training.progress import Ticker
from rainmer_lib.training.run import RunFolder
from rainmer_lib.training.shared_run import as_shared
from rainmer_lib.training.threads import choose_threads, flush_denormals

USED = "seconds"  # entry of a checkpoint: what it has used of a budget of minutes


class TrainingDiverged(ValueError):
    """Raised when a loss term or a weight is no longer finite: the configuration asks for what cannot be trained."""


Watch = Callable[[Trainer, dict], None]  # is shown the trainer with each line of the log


class Batches(Protocol):
    """Training data: the batch of any step, as a function of seed and step alone."""

    def batch(self, step: int, size: int, crop: int, seed: int):
        """Return what the trainer's `train_step` takes: a tuple with named fields, images (b, 3, h, w) in [0, 1]."""


def train(
    start: Callable[..., Trainer], config, data: Batches, run: RunFolder, *,
    device: str = "cpu", log_every: int = 50, save_every: int = 500, say: Callable[[str], None] | None = print,
    watch: Watch | None = None, name: str = "", clock: Callable[[], float] = time.monotonic,
) -> RunFolder:  # fmt: skip
    """Train the trainer that `start(config, device)` returns until its budget is used, and export the averaged weights.

    The budget is `config.steps`, or `config.minutes` of `clock` where that is above 0 (`training.budget`); then a checkpoint
    is written every two minutes, and a resumed run has the minutes that its last checkpoint left.

    A finished run returns at once; one whose export is missing or damaged exports again, from its checkpoint if it has one.
    An interrupted run resumes from its checkpoint and ends with the weights of an uninterrupted one, bit for bit on a CPU with
    the same number of threads: the batch of a step depends on seed and step alone, and all other random state is in the
    checkpoint.
    `name` is what the bar of a terminal and the line of a notebook (`progress.Ticker`) call the run; without it, its key.
    `watch(trainer, entry)` is called with each line of the log; it must change neither the trainer nor torch's random state.
    Of several processes (`training.processes`), each trains on its images of every batch, for which `start` makes its trainer;
    the log holds means over them, and process 0 alone prints, watches and writes.
    Raises `TrainingDiverged` with the step and the term or the weights at the first value that is not finite (checked every
    `log_every` steps and before every checkpoint, so that no checkpoint holds such a value), ValueError on a checkpoint or a
    log that is damaged or another run's and on a budget of minutes for several processes, OSError if the folder cannot take
    the checkpoints, and ConnectionError if another process of the run has ended.
    """
    run, (say, watch) = as_shared(run), (None, None) if processes.rank() else (say, watch)
    if processes.agreed(run.is_finished()):
        report(run, say)
        return run
    if config.minutes and processes.count() > 1:
        raise ValueError(f"minutes={config.minutes:g}: clocks of several processes differ; give steps, or take one process")
    threads = choose_threads()
    flush_denormals()
    with run.locked():
        if processes.agreed(run.is_finished(say)):  # another command finished it while this one waited
            report(run, say)
            return run
        budget = Budget(config, clock)
        trainer = start(config, device)
        run.prepare(needed_bytes=4 * _checkpoint_bytes(trainer))
        restored = run.restore(trainer, device)
        if restored and config.minutes:
            budget.go_on(restored[USED])
        if restored and say:
            left = f" with {config.minutes - budget.used / 60:.1f} minutes left" if config.minutes else f" of {config.steps}"
            say(f"going on from step {trainer.step}{left}")
        run.rewind_log(trainer.step)
        data, first = on_device(data, device), trainer.step
        seconds = _run_steps(trainer, budget, data, run, device, log_every, save_every, say, watch, name or run.identity.key)
        if processes.rank() == 0:
            run.finish(_exported(trainer, run), {
                "steps": trainer.step, "seconds_of_last_part": round(seconds, 1), "steps_of_last_part": trainer.step - first,
                "device": str(device), "threads": threads, "torch": torch.__version__, "processes": processes.count(),
                **({"minutes": config.minutes} if config.minutes else {}),
            })  # fmt: skip
        processes.wait()
    return run


def _exported(trainer: Trainer, run: RunFolder) -> list[str]:
    """Export all averages; return the names of the files."""
    halves = {f"{name}.safetensors": halved(average.weights()) for name, average in trainer.averages.items()}
    for name, weights in halves.items():
        if odd := not_finite(weights):
            raise TrainingDiverged(
                f"the weights {odd!r} of {name} do not fit half precision, up to 65504: the training diverged. Lower the "
                f"learning rate; nothing can be made of {run.path}, which may be deleted"
            )
    for name, weights in halves.items():
        export(weights, run.path / name)
    return list(halves)


def _run_steps(trainer, budget: Budget, data, run, device, log_every, save_every, say, watch, name) -> float:
    config, began, pending, before = run.identity.config, time.monotonic(), [], None
    ticker = Ticker(name, budget.progress(trainer.step), budget.total, unit=budget.unit)
    over = budget.over(trainer.step)
    _schedule_by(trainer, budget)
    with _bar(budget, trainer.step, name, say) as bar:
        while not over:
            batch = data.batch(trainer.step, trainer.crops * processes.count(), config.crop, config.seed)
            pending.append(trainer.train_step(to_device(processes.share(batch), device)))
            over, saves = budget.over(trainer.step), budget.saves(trainer.step, save_every)
            if say:
                bar.update(budget.progress(trainer.step) - bar.n)
                ticker.show(budget.progress(trainer.step))
            if trainer.step % log_every == 0 or saves or over:
                entry = budget.entry(trainer.step) | _summarise(pending, trainer.step)
                pending = []
                run.append_log(entry)
                if watch:
                    watch(trainer, entry)
                if say and not _terminal() and worth_a_line(entry, before, config):
                    ticker.clear()
                    say(line(entry, config))
                before = entry
            if saves or over:
                # Running statistics are each process's own until here: the mean of moving averages is that of their means
                processes.average(b for b in trainer.model.buffers() if b.is_floating_point())
                _require_finite(trainer)
                run.save_checkpoint(trainer.state() | ({USED: budget.used} if config.minutes else {}))
    return time.monotonic() - began


def _schedule_by(trainer: Trainer, budget: Budget) -> None:
    """Let the learning rates follow the budget; a fit without gradients has none."""
    if budget.minutes and (optimisation := getattr(trainer, "optimisation", None)):
        optimisation.at = budget.at


def _require_finite(trainer: Trainer) -> None:
    """Raise TrainingDiverged if a weight or an average is not finite, which finite terms of the loss do not exclude."""
    parts = {"": trainer.model.state_dict()} | {f"average of {n}: ": a.state() for n, a in trainer.averages.items()}
    for part, weights in parts.items():
        if odd := not_finite(weights):
            raise TrainingDiverged(
                f"step {trainer.step}: the weights '{part}{odd}' are not finite. The last checkpoint is from an earlier step; "
                "lower the learning rate"
            )


def _summarise(pending: list[dict[str, Tensor]], step: int) -> dict:
    """Average each term over those steps since the last line that have it, and over the processes.

    Raises TrainingDiverged at the first value that is not finite.
    """
    values = torch.stack([value.float() for values in pending for value in values.values()])
    processes.average([values])
    flat = iter(values.tolist())  # one transfer
    table = [{name: next(flat) for name in values} for values in pending]
    for row, values in enumerate(table):
        for name, value in values.items():
            if not math.isfinite(value):
                raise TrainingDiverged(
                    f"step {step - len(pending) + row + 1}: the term {name!r} is {value}. "
                    "The last checkpoint is from an earlier step; lower the learning rate or this term's weight"
                )
    present = {name: [values[name] for values in table if name in values] for values in table for name in values}
    return {"step": step, **{name: round(sum(found) / len(found), 6) for name, found in present.items()}}


def halved(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return weights on the CPU, floating-point values in half precision, others, such as counters, as they are."""
    return {name: (v.half() if v.is_floating_point() else v).detach().cpu().contiguous() for name, v in weights.items()}


def export(weights: dict[str, Tensor], path) -> None:
    """Write weights as safetensors, `halved`: the product of the run, read by evaluation."""
    content = save(halved(weights))  # `save_file` would make a file that its owner alone can read
    atomic.write(path, lambda part: part.write_bytes(content))


def _bar(budget: Budget, step: int, name: str, say) -> tqdm:
    """Create a progress bar, shown in a terminal; logs get lines instead: bars do not survive in them; notebooks a `Ticker`."""
    return tqdm(desc=name, initial=budget.progress(step), total=budget.total, unit=budget.unit,
                disable=not (say and _terminal()))  # fmt: skip


def _terminal() -> bool:
    return sys.stderr.isatty()


def report(run: RunFolder, say: Callable[[str], None] | None) -> None:
    """Print the lines of a finished run that its training printed."""
    if say and not _terminal():
        config, log = run.identity.config, run.read_log()
        for before, entry in zip([None, *log], log, strict=False):
            if worth_a_line(entry, before, config):
                say(line(entry, config))


def _checkpoint_bytes(trainer) -> int:
    """Estimate the size of one checkpoint: weights, two Adam moments for each, averages."""
    return 5 * sum(p.numel() * p.element_size() for p in trainer.model.parameters())
