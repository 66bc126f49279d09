"""Changes that each profile makes to Rainmer's configuration, and the number of images that are rendered."""

from dataclasses import replace

from rainmer_lib.rainmer.config import small, tiny
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.method import Size

# What lets Rainmer learn in minutes (docs/training_small.md): pixels rearranged by 2, one step a mixture and views at 32 pixels
# make a step 2.7 times cheaper; the last convolution starts at zero; the average of the weights is evaluated
_FAST = {"reduction": 2, "mixture_steps": 1, "view_size": 32, "start": "identity", "learning_rate": 1.5e-3}
# To show that everything runs.  The memory bank is full after four of the steps.
_QUICK = replace(tiny, **_FAST, width=4, crop=32, batch=2, memory_bank=8, ema=0.9, steps=24)
# 1.4 M parameters.  A step takes 0.6 s of one core, 0.4 s without views and interaction.
_LAPTOP = replace(small, **_FAST, width=16, crop=64, batch=8, memory_bank=16, ema=0.99, steps=2000)
# Crops and batches that keep a GPU busy; the schedule follows the clock.
_GPU = replace(
    small, **_FAST, width=32, embedding=48, blocks=(1, 2, 2, 2), crop=128, batch=16, memory_bank=128, ema=0.99, steps=20_000,
    minutes=9.0, precision="bfloat16",
)  # fmt: skip

# Steps before light rain and dry photos come, which the paper's training data have not: with them from the start nothing is
# learnt, and without them Rainmer darkens every photo.  Profiles that are not here are without.
EARLY = {"quick": 6, "laptop": 50, "gpu": 500}

# All rendered training pairs are kept in memory, about 1 MB a pair: 0.8 GB at laptop, 7 GB at paper.
SIZES = {
    "quick": Size(
        changed_fields(_QUICK), duration="seconds a training run on one core", log_every=2, save_every=1000, images=16, held=2
    ),
    "laptop": Size(
        changed_fields(_LAPTOP), duration="about 20 minutes a training run on one core", log_every=20, save_every=100,
        images=120,
    ),
    "gpu": Size(
        changed_fields(_GPU), duration="nine minutes a training run on a GPU, after its data are rendered", log_every=50,
        images=240,
    ),
    "paper": Size(duration="days a training run on a GPU", log_every=500, save_every=5000, images=2000),
}  # fmt: skip
