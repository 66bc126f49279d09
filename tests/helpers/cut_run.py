"""A small run of DCD-GAN in a process of its own, which may be killed."""

from dataclasses import replace

import torch

from rainmer_lib.data.unpaired import embedded
from rainmer_lib.dcdgan import paper
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.training.loop import train
from rainmer_lib.training.run import RunFolder, RunIdentity

CONFIG = replace(
    paper, width=4, blocks=2, discriminator_width=4, taps=("down1", "down2", "block1", "block2"), embedding=8, patches=16,
    crop=32, steps=60, learning_rate=1e-3, heads_learning_rate=1e-3, discriminators_learning_rate=1e-3, discriminator_replay=3,
)  # fmt: skip


def trained(folder):
    """Train it, or go on with it, in `folder`."""
    torch.set_num_threads(1)
    run = RunFolder(folder, RunIdentity("test", CONFIG, "embedded", 1))
    train(Trainer.start, CONFIG, embedded(), run, log_every=3, save_every=5, say=None)
