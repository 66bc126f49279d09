"""Changes that each profile makes to Rainmer's configuration, and the number of images that are rendered."""

from dataclasses import replace

from rainmer_lib.rainmer.config import small, tiny
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.method import Size

# `tiny`, reduced once more, to show that everything runs.  The memory bank is full after four of the steps.
_QUICK = replace(tiny, width=4, crop=32, view_size=32, batch=2, memory_bank=8, steps=16)
# 0.93 M parameters.  A step takes 1.1 s of one core, 0.8 s without views and interaction.
_LAPTOP = replace(small, width=12, crop=48, view_size=32, steps=900)
# Between `small` and the code's network, in crops and batches that keep a GPU busy; the schedule follows the clock.
_GPU = replace(
    small, width=24, embedding=48, blocks=(1, 2, 2, 2), crop=96, batch=8, memory_bank=128, steps=20_000, minutes=9.0,
    precision="bfloat16",
)  # fmt: skip

# All rendered training pairs are kept in memory, about 1 MB a pair: 0.4 GB at laptop (the process takes 0.9 GB), 7 GB at paper.
SIZES = {
    "quick": Size(
        changed_fields(_QUICK), duration="seconds a training run on one core", log_every=2, save_every=1000, images=16, held=2
    ),
    "laptop": Size(
        changed_fields(_LAPTOP), duration="about 17 minutes a training run on one core", log_every=20, save_every=100,
        images=120,
    ),
    "gpu": Size(
        changed_fields(_GPU), duration="nine minutes a training run on a GPU, after its data are rendered", log_every=50,
        images=240,
    ),
    "paper": Size(duration="days a training run on a GPU", log_every=500, save_every=5000, images=2000),
}  # fmt: skip
