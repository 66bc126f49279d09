"""Data that are named and nothing else, for plans without the real sets."""

import pytest

from rainmer_lib.workflow import plan


@pytest.fixture
def named_data():
    """Stands for the data of every experiment: a fingerprint, without alignment and by weather another one."""
    return plan.Unmade("f")


@pytest.fixture
def without_data(monkeypatch, named_data):
    """Plans as if the real data were there."""
    monkeypatch.setattr(plan, "benchmark_pairs", lambda name: iter(()))
    monkeypatch.setattr(plan, "data_of", lambda experiment, profile, keep: named_data)
