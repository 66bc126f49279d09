"""The line of a notebook: replaced while it lasts, gone when lines that stay are written."""

import io

import pytest
from nbconvert.preprocessors.coalescestreams import CR_PAT

from rainmer_lib.training import progress
from rainmer_lib.training.progress import Ticker, in_minutes, in_notebook


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_the_line_is_replaced_with_the_time_left_at_the_present_pace():
    """Counted from the step at which this part of the training began."""
    clock, stream = Clock(), io.StringIO()
    ticker = Ticker("full, seed 0", first=100, last=1000, stream=stream, clock=clock)
    for step, now in ((110, 3.0), (120, 60.0), (121, 62.0), (960, 300.0)):
        clock.now = now
        ticker.show(step)
    first, second = "full, seed 0: 120 of 1000 steps, about 44 min left", "full, seed 0: 960 of 1000 steps, about 14 s left"
    assert stream.getvalue() == f"\r{first}\r{second}{' ' * (len(first) - len(second))}"
    assert CR_PAT.sub("", stream.getvalue()).rstrip() == second, "as an executed notebook keeps it"


def test_nothing_of_it_is_left_below_a_line_that_stays():
    clock, stream = Clock(), io.StringIO()
    ticker = Ticker("run", 0, 10, stream, clock)
    ticker.clear()
    assert not stream.getvalue()
    for step in (4, 10):
        clock.now += 10
        ticker.show(step)
        ticker.clear()
        stream.write(f"step {step}\n")
    assert CR_PAT.sub("", stream.getvalue()) == "step 4\nstep 10\n" and "10 of 10" not in stream.getvalue()


def test_outside_a_notebook_nothing_is_written(capsys, monkeypatch):
    monkeypatch.setattr(progress, "EVERY", 0.0)
    assert not in_notebook()
    ticker = Ticker("run", 0, 10)
    ticker.show(5), ticker.clear()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("seconds", "told"), [(45, "45 s"), (300, "5 min"), (3 * 3600, "3.0 h")])
def test_durations_are_told_as_people_say_them(seconds, told):
    assert in_minutes(seconds) == told
