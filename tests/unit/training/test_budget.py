"""A budget of minutes: the schedule follows the clock, a cut run has what is left, and steps are counted as ever."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.training import budget
from rainmer_lib.training.budget import Budget, ends, line, worth_a_line
from rainmer_lib.training.loop import train

STEP = 10.0  # seconds of the clock that a step takes


class Clock:
    """A clock that stands still between the steps."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (40, 48, 3), dtype=np.uint8) for _ in range(2)]
    return UnpairedRain("noise", photos, photos[::-1], [photos[0][..., 0]], [], "0")


@pytest.fixture
def trained(tiny, data, folder, tmp_path, monkeypatch):
    """Trains a minute of steps of ten seconds, with a checkpoint every twenty; `stop`: the step at which it is cut."""
    monkeypatch.setattr(budget, "CHECKPOINT", 2 * STEP)
    config = replace(tiny, minutes=1.0, steps=12)

    def run(name, stop=0, say=None):
        clock, rates = Clock(), []

        class Timed(Trainer):
            def train_step(self, batch):
                values = super().train_step(batch)
                clock.now += STEP
                rates.append(self.optimisation.optimisers["generators"].param_groups[0]["lr"] / config.learning_rate)
                if self.step == stop:
                    raise KeyboardInterrupt
                return values

        return train(Timed.start, config, data, folder(config, root=tmp_path / name), log_every=1, say=say, clock=clock), rates

    return run


def test_a_run_ends_with_its_minutes_and_its_rates_fall_with_them(trained, capsys):
    """Six steps of a minute: the rates are those of steps 0, 2, 4 .. 10 of twelve, and the last line is one of four."""
    run, rates = trained("whole", say=print)
    assert rates == pytest.approx([1, 1, 1, 1, 4 / 6, 2 / 6])
    log = run.read_log()
    assert [(entry["step"], round(60 * entry["minutes"])) for entry in log] == [(i, 10 * i) for i in range(1, 7)]
    printed = [text.split("  ")[0] for text in capsys.readouterr().out.splitlines()]
    told = [(2, "0.3"), (3, "0.5"), (5, "0.8"), (6, "1.0")]
    assert printed == [f"step {step}, {minutes}/1 minutes" for step, minutes in told]
    state = run.load_checkpoint("cpu")
    assert state["step"] == 6 and state["seconds"] == 60


def test_a_cut_run_has_what_its_checkpoint_left_and_ends_with_the_same_bits(trained, capsys):
    whole, _ = trained("whole")
    with pytest.raises(KeyboardInterrupt):
        trained("cut", stop=5)
    resumed, rates = trained("cut", say=print)
    assert rates == pytest.approx([4 / 6, 2 / 6]), "two steps were left at the checkpoint of step 4"
    assert "going on from step 4 with 0.3 minutes left" in capsys.readouterr().out
    assert resumed.read_log() == whole.read_log()
    one, two = (load_file(run.path / "derain.safetensors") for run in (whole, resumed))
    assert all(torch.equal(value, two[name]) for name, value in one.items())


def test_a_run_that_was_cut_behind_its_last_step_only_exports(trained):
    with pytest.raises(KeyboardInterrupt):
        trained("cut", stop=6)  # the checkpoint of step 4 is the last
    trained("cut")
    run, rates = trained("cut")
    assert rates == [] and run.is_finished()


def test_a_run_has_a_step_however_slow_its_start_is(tiny):
    clock = Clock()
    slow = Budget(replace(tiny, minutes=1.0), clock)
    clock.now = 100.0
    assert not slow.over(0) and slow.over(1) and slow.at(0) == tiny.steps


def test_steps_are_counted_without_a_clock(tiny):
    def never():
        return 0.0

    counted = Budget(tiny, never)
    assert [counted.over(step) for step in (0, 7, 8)] == [False, False, True] and counted.at(3) == 3
    assert [counted.saves(step, 4) for step in (3, 4)] == [False, True]
    assert counted.entry(3) == {"step": 3} and (counted.total, counted.unit, counted.progress(3)) == (8, "steps", 3)
    assert ends({"step": 8}, tiny) and not ends({"step": 7}, tiny) and line({"step": 2, "a": 1.0}, tiny) == "step 2/8  a 1.000"
    assert [step for step in range(1, 9) if worth_a_line({"step": step}, None, tiny)] == [2, 4, 6, 8]


def test_a_warm_up_counts_steps_and_has_no_minutes(tiny):
    with pytest.raises(ValueError, match="minutes=1.0, warm_up=2: .* set one to 0"):
        replace(tiny, minutes=1.0, warm_up=2)
    with pytest.raises(ValueError, match="minutes=-1.0: expected 0 or more"):
        replace(tiny, minutes=-1.0)
