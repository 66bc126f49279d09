"""Completion of names in the shell, and options that several commands share."""

import os
from typing import Annotated

import typer

PAIR_BY = r"how names are paired: auto, name, number, order, or a pattern such as '(\d+)_\d+=\1'"


def use_device(name: str) -> str:
    """Let networks run on a device, here and in the notebooks that are executed from here; ValueError if it is not there."""
    if name:
        from rainmer_lib.inference.device import VARIABLE, device

        os.environ[VARIABLE] = device(name)
    return name


def devices(start: str) -> list[str]:
    """List the kinds of devices."""
    from rainmer_lib.inference.device import CHOICES

    return [name for name in CHOICES if name.startswith(start)]


Device = Annotated[
    str,
    typer.Option(
        "--device", help="auto, cpu, cuda or mps; without it RAINMER_DEVICE, or auto", callback=use_device,
        autocompletion=devices, show_default=False,
    ),
]  # fmt: skip


def pair_ways(start: str) -> list[str]:
    """List the ways to pair files by their names."""
    from rainmer_lib.data.pairing import WAYS

    return [way for way in WAYS if way.startswith(start)]


def models(start: str) -> list[str]:
    """List trained networks, and `auto`."""
    from rainmer_lib.pretrained.models import AUTO, MODELS

    return [name for name in (AUTO, *MODELS) if name.startswith(start)]


def profiles(start: str) -> list[str]:
    """List profiles, the sizes of an experiment."""
    from rainmer_lib.experiments.profiles import PROFILES

    return [name for name in PROFILES if name.startswith(start)]


def test_sets(start: str) -> list[str]:
    """List paired test sets."""
    from rainmer_lib.data.test_sets import BENCHMARKS

    return [name for name in BENCHMARKS if name.startswith(start)]


def notebooks(start: str) -> list[str]:
    """List notebooks."""
    from rainmer_lib.workflow.runner import notebooks

    return [name for name in notebooks() if name.startswith(start)]


def methods(start: str) -> list[str]:
    """List methods that can be trained."""
    from rainmer_lib.methods import METHODS

    return [name for name in METHODS if name.startswith(start)]


def published(start: str) -> list[str]:
    """List methods whose published weights can be converted."""
    from rainmer_lib.pretrained.convert import convertible

    return [name for name in convertible() if name.startswith(start)]
