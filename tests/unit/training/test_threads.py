"""How many threads are taken."""

import os

from rainmer_lib.training.threads import choose_threads


def test_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert choose_threads() == 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    monkeypatch.setattr(os, "getloadavg", lambda: (5.5, 0, 0))
    assert choose_threads() == 2
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2))
    assert choose_threads() == 1
