"""Where the time of a DCD-GAN training step goes: by phase of the step, and by kind of layer.

Phases are taken with a clock of processor time around the functions of the step; kinds of layers from torch.profiler, which
slows the step a little.  One thread, the embedded photos; it tests nothing.

    python benchmarks/step_profile.py [paper-128] [paper-256] [laptop] [laptop-warm-up] [--repeat 3]
"""

import argparse
import statistics
import time
from collections import defaultdict
from dataclasses import replace

import torch

from rainmer_lib.data.unpaired import embedded
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan import paper, step
from rainmer_lib.methods import METHODS
from rainmer_lib.training.optimisation import Optimisation
from rainmer_lib.training.threads import flush_denormals

SETTINGS = {
    "paper-128": replace(paper, crop=128), "paper-256": paper, "laptop": METHODS["dcdgan"].at("laptop"),
    "laptop-warm-up": METHODS["dcdgan"].at("laptop"),
}  # fmt: skip
HISTORY = 20  # steps before the measured ones, after which the replay of `laptop` holds as many images as it will

# part of an operator's name -> kind of layer; an operator counts for the first of its callers that is named here
KINDS = {
    "Winograd": "convolution", "convolution": "convolution", "Norm": "instance norm", "batch_norm": "instance norm",
    "reflection_pad": "reflection padding", "constant_pad": "reflection padding", "upsample": "resampling",
    "Blur": "resampling", "pixel_": "resampling", "relu": "activations", "threshold": "activations", "tanh": "activations",
    "LogSumExp": "contrastive loss", "Optimizer": "optimiser", "_foreach": "averages", "avg_pool": "detail of an image",
}  # fmt: skip


class Clock:
    """Seconds of processor time by phase; a phase inside another is not counted twice."""

    def __init__(self) -> None:
        self.seconds, self.inside = defaultdict(float), [0.0]

    def around(self, phase: str, function):
        def timed(*args, **kwargs):
            began = time.process_time()
            self.inside.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                took = time.process_time() - began
                self.seconds[phase] += took - self.inside.pop()
                self.inside[-1] += took

        return timed


def watched(trainer: step.Trainer, clock: Clock) -> None:
    """Put the clock around the phases of this trainer's step."""
    trainer.translate = clock.around("generator passes", trainer.translate)
    trainer.objective = [replace(t, value=clock.around(f"{t.name} term", t.value)) for t in trainer.objective]
    step.discriminators_objective = clock.around("discriminators", plain["discriminators_objective"])
    step.on_both = clock.around("discriminators", plain["on_both"])
    torch.Tensor.backward = clock.around("backward", plain["backward"])
    Optimisation.apply = clock.around("optimiser", plain["apply"])
    Optimisation.follow = clock.around("averages", plain["follow"])


plain = {
    "discriminators_objective": step.discriminators_objective, "on_both": step.on_both, "backward": torch.Tensor.backward,
    "apply": Optimisation.apply, "follow": Optimisation.follow,
}  # fmt: skip


def kinds(profile) -> dict[str, float]:
    """Return the seconds of each kind of layer."""
    seconds = defaultdict(float)
    for event in profile.events():
        caller, kind = event, None
        while caller is not None and kind is None:
            kind = next((k for part, k in KINDS.items() if part in caller.name), None)
            caller = caller.cpu_parent
        seconds[kind or "the rest"] += event.self_cpu_time_total / 1e6
    return seconds


def show(title: str, seconds: dict[str, float], unit: str) -> None:
    whole = sum(seconds.values())
    print(f"\n| {title} | {unit} | share |\n|---|---|---|")
    for name, value in sorted(seconds.items(), key=lambda entry: -entry[1]):
        if value >= whole / 200:
            print(f"| {name} | {1000 * value:.1f} | {value / whole:.1%} |")
    print(f"| all | {1000 * whole:.1f} | |")


def measure(name: str, data: UnpairedRain, repeat: int) -> None:
    config, clock = SETTINGS[name], Clock()
    trainer = step.Trainer.start(config)
    trainer.step = 0 if name == "laptop-warm-up" else config.warm_up
    watched(trainer, clock)
    batch = clock.around("data", data.batch)
    once = clock.around("the rest", lambda: trainer.train_step(batch(trainer.step, trainer.crops, config.crop, config.seed)))
    for _ in range(1 if name.startswith("paper") else HISTORY):
        once()
    rows = []
    for _ in range(repeat):
        clock.seconds.clear()
        once()
        rows.append(dict(clock.seconds))
    print(f"\n{name}: processor time of one step, median of {repeat}")
    show("phase", {phase: statistics.median(row.get(phase, 0.0) for row in rows) for phase in rows[0]}, "ms")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        once()
    show("kind of layer", kinds(profile), "ms in the profiler")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"among {', '.join(SETTINGS)}; all by default")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    flush_denormals()
    data = embedded()
    for name in options.names or SETTINGS:
        measure(name, data, options.repeat)


if __name__ == "__main__":
    main()
