"""A small run that several processes train, one of which may end without a word.  It imports little: it is started often."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from rainmer_lib.baselines.layer_gan import METHOD
from rainmer_lib.data.batches import Batch
from rainmer_lib.training import processes
from rainmer_lib.training.loop import train
from rainmer_lib.training.run import RunFolder

# Each process has earlier images and a random state of its own
CONFIG = METHOD.at("quick", steps=9, batch=4, crop=32, replay=2)


def noise(config, size, step):
    """Noise under streaks, the batch of all processes together: a function of the step."""
    generator = torch.Generator().manual_seed(step)
    clean = 0.6 * torch.rand(size, 3, config.crop, config.crop, generator=generator)
    return Batch(clean + 0.4 * (torch.rand(size, 1, *clean.shape[2:], generator=generator) > 0.8), clean)


@dataclass(frozen=True)
class Killing:
    """Training data at whose step 5 process 1 is killed, once."""

    mark: Path

    def batch(self, step, size, crop, seed):
        if step == 5 and processes.rank() == 1 and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return noise(CONFIG, size, step)


def main(killed, folder):
    torch.set_num_threads(1)
    processes.join()
    folder.mkdir(exist_ok=True)
    mark = folder / "killed"
    if not killed:
        mark.touch()
    part, identity = METHOD.sharing.part(CONFIG, 2), METHOD.identity(CONFIG, "noise", 2)
    train(
        lambda config, device: METHOD.start(part, device), CONFIG, Killing(mark), RunFolder(folder, identity),
        log_every=2, save_every=3,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1] == "killed", Path(sys.argv[2]))
