"""The training loop: from nothing or from a checkpoint to finished weights."""

import sys
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from rainmer_lib import atomic
from rainmer_lib.training.run import RunFolder
from rainmer_lib.training.threads import choose_threads


class TrainingDiverged(RuntimeError):
    """A loss term stopped being a number."""


class Batches(Protocol):
    """What the loop needs of the data: the batch of any step, as a function of the step alone."""

    def batch(self, step: int, size: int, crop: int, seed: int) -> tuple[Tensor, ...]:
        """What the trainer's `train_step` takes, images (b, 3, h, w) in [0, 1]: rainy and clean crops; whole images too."""


def train(
    start: Callable, config, data: Batches, run: RunFolder, *,
    device: str = "cpu", log_every: int = 50, save_every: int = 500, say: Callable[[str], None] | None = print,
) -> RunFolder:  # fmt: skip
    """Train what `start(config, device)` makes until `config.steps`, and export the averaged weights.

    A finished run returns at once; one that was cut short goes on from its checkpoint and ends with the weights of an
    uncut one, bit for bit on a CPU with the same number of threads: the batch of a step depends on the step alone, and
    all other random state is in the checkpoint.
    Raises `TrainingDiverged` with the step and the term at the first value that is not finite (looked for every
    `log_every` steps, and before every checkpoint, so that none holds it), and OSError if the folder cannot take
    the checkpoints.
    """
    if run.finished.exists():
        report(run, say)
        return run
    threads = choose_threads()
    trainer = start(config, device)
    run.prepare(needed_bytes=4 * _checkpoint_bytes(trainer))
    with run.locked():
        if run.finished.exists():  # another process finished it while this one waited
            report(run, say)
            return run
        if state := run.load_checkpoint(device):
            trainer.restore(state)
            if say:
                say(f"going on from step {trainer.step} of {config.steps}")
        run.rewind_log(trainer.step)
        seconds = _run_steps(trainer, config, data, run, device, log_every, save_every, say)
        for name, average in trainer.averages.items():
            export(average.state(), run.path / f"{name}.safetensors")
        atomic.write_json(run.finished, {
            "steps": trainer.step, "seconds_of_last_part": round(seconds, 1), "device": str(device), "threads": threads,
            "torch": torch.__version__,
        })  # fmt: skip
    return run


def _run_steps(trainer, config, data, run, device, log_every, save_every, say) -> float:
    began, pending = time.monotonic(), []
    for _ in _progress(range(trainer.step, config.steps), run.identity.key, say):
        images = data.batch(trainer.step, config.batch, config.crop, config.seed)
        pending.append(trainer.train_step(*(image.to(device) for image in images)))
        last = trainer.step == config.steps
        if trainer.step % log_every == 0 or trainer.step % save_every == 0 or last:
            entry = _summarise(pending, trainer.step)
            pending = []
            run.append_log(entry)
            if say and not _terminal() and worth_a_line(entry, config.steps):
                say(line(run, entry))
        if trainer.step % save_every == 0 or last:
            run.save_checkpoint(trainer.state())
    return time.monotonic() - began


def _summarise(pending: list[dict[str, Tensor]], step: int) -> dict:
    """Mean of each term over the steps since the last line; stops at the first value that is not finite."""
    names = list(pending[0])
    table = torch.stack([torch.stack([values[name].float() for name in names]) for values in pending]).cpu()
    bad = ~torch.isfinite(table)
    if bad.any():
        row, column = bad.nonzero()[0].tolist()
        raise TrainingDiverged(
            f"step {step - len(pending) + row + 1}: the term {names[column]!r} is {table[row, column].item()}. "
            "The last checkpoint is from before; lower the learning rate or this term's weight"
        )
    return {"step": step, **{name: round(value, 6) for name, value in zip(names, table.mean(0).tolist(), strict=True)}}


def export(weights: dict[str, Tensor], path) -> None:
    """Write weights as safetensors in half precision: the file is the run's product, and is what gets evaluated."""
    half = {name: value.detach().to("cpu", torch.float16).contiguous() for name, value in weights.items()}
    atomic.write(path, lambda part: save_file(half, part))


def _progress(steps: range, name: str, say) -> Iterable[int]:
    """A bar in a terminal; notebooks and logs get lines instead, because bars do not survive in them."""
    return tqdm(steps, desc=name, initial=steps.start, total=steps.stop, disable=not (say and _terminal()))


def _terminal() -> bool:
    return sys.stderr.isatty()


def line(run: RunFolder, entry: dict) -> str:
    """One printed line for an entry of the log; without times, so that two runs print the same."""
    terms = "  ".join(f"{name} {value:.3f}" for name, value in entry.items() if name != "step")
    return f"step {entry['step']}/{run.identity.config.steps}  {terms}"


def worth_a_line(entry: dict, steps: int) -> bool:
    """About four lines a run, the last step among them."""
    return entry["step"] == steps or entry["step"] % max(1, steps // 4) == 0


def report(run: RunFolder, say: Callable[[str], None] | None) -> None:
    """Print for a finished run what its training printed."""
    if say and not _terminal():
        for entry in run.read_log():
            if worth_a_line(entry, run.identity.config.steps):
                say(line(run, entry))


def _checkpoint_bytes(trainer) -> int:
    """About what one checkpoint takes: weights, two Adam moments each, averages."""
    return 5 * sum(p.numel() * p.element_size() for p in trainer.model.parameters())
