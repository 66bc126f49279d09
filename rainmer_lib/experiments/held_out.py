"""Scores of held-out photos while a run is trained."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

import numpy as np
import torch

from rainmer_lib import atomic
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import evaluate, quantise
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.budget import ends
from rainmer_lib.training.loop import Watch
from rainmer_lib.training.method import Method, Trainer
from rainmer_lib.training.run import RunFolder

HELD_OUT = "held_out.jsonl"  # in the run's folder
EVERY = 180  # seconds between two scores
PAIRS = 24  # pairs that are scored, at most
PROTOCOL = "prenet"


@contextmanager
def averaged(build: Callable[[], Derainer], trainer: Trainer) -> Iterator[Derainer]:
    """Context with the network of a run under its averaged weights, in evaluation; torch's random state stays as it is."""
    with torch.random.fork_rng(devices=[]):
        network = build().to(next(trainer.model.parameters()).device)
        network.load_state_dict(trainer.averages["derain"].weights())
        yield network.eval()


class HeldOutScores:
    """Scores the averaged weights on held-out pairs every few minutes and at the end, into a file of the run's folder.

    A line of `held_out.jsonl` has the step, the minutes where they are the budget, and the mean PSNR in dB and the mean SSIM
    over at most `PAIRS` pairs under protocol `prenet`.
    """

    def __init__(
        self, folder: RunFolder, method: Method, pairs: Iterable[Pair], say: Callable[[str], None], every: float = EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.path, self.config, self.say = folder.path / HELD_OUT, folder.identity.config, say
        self.pairs, self.every, self.clock = list(islice(pairs, PAIRS)), every, clock
        self.build = lambda: method.network(folder.identity.config)
        self.due = clock() + every

    def __call__(self, trainer: Trainer, entry: Mapping[str, Any]) -> None:
        """Score if it is due or if the run ends here; lines of later steps, from before a resumption, are dropped."""
        if not self.pairs or (self.clock() < self.due and not ends(entry, self.config)):
            return
        with averaged(self.build, trainer) as network:
            found = [evaluate(quantise(derain(network, pair.rainy), "truncate"), pair.clean, PROTOCOL) for pair in self.pairs]
        psnr, ssim = np.mean(found, axis=0)
        new = {name: entry[name] for name in ("step", "minutes") if name in entry} | {"psnr": float(psnr), "ssim": float(ssim)}
        lines = self.path.read_text().splitlines() if self.path.is_file() else []
        kept = [line for line in lines if json.loads(line)["step"] < entry["step"]]
        atomic.write_text(self.path, "".join(f"{line}\n" for line in [*kept, json.dumps(new)]))
        self.say(f"step {entry['step']}: {psnr:.2f} dB, SSIM {ssim:.4f} on {len(self.pairs)} held-out pairs ({PROTOCOL})")
        self.due = self.clock() + self.every


def held_out_of(data: Any) -> Iterator[Pair]:
    """Yield the held-out pairs of training data, one domain after the other."""
    held = getattr(data, "held_out", ())
    yield from chain.from_iterable(held.values()) if isinstance(held, Mapping) else held


def together(watchers: Sequence[Watch]) -> Watch | None:
    """Return what shows each line to all watchers, in their order; None if there is none."""

    def watch(trainer: Trainer, entry: dict) -> None:
        for watcher in watchers:
            watcher(trainer, entry)

    return watch if watchers else None
