"""`rainmer train`, `rainmer reproduce`, `rainmer list`: training runs, and the notebooks of tables and figures."""

import ast
from typing import Annotated

import typer

from rainmer_lib.cli import choices

TRAIN_EXAMPLES = """Examples:

rainmer train --profile quick

rainmer train --profile laptop --seed 1 --set negatives=internal

The same command again resumes a run that was cut, or finds one that is finished."""
REPRODUCE_EXAMPLES = """Examples:

rainmer reproduce ablation_negatives

rainmer reproduce --profile laptop

rainmer reproduce train_dcdgan --profile laptop -p seeds=1"""

ProfileName = Annotated[str, typer.Option(help="size: quick, laptop or paper", autocompletion=choices.profiles)]


def train(
    profile: ProfileName = "quick",
    seed: Annotated[int, typer.Option(min=0, help="of initial weights and batches")] = 0,
    data: Annotated[str, typer.Option(help="training data: embedded, bsd-streaks; auto is the profile's own")] = "auto",
    preset: Annotated[str, typer.Option(help="paper or released (the objective of the authors' code)")] = "paper",
    set_: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE of the configuration; may be repeated")] = None,
) -> None:
    """Train DCD-GAN, or resume, or find the finished run; prints its folder, which `derain --model` takes."""
    from dataclasses import fields, replace

    from rainmer_lib.data.unpaired import unpaired
    from rainmer_lib.dcdgan import config as presets
    from rainmer_lib.experiments.compare import train_run
    from rainmer_lib.experiments.profiles import profile as profile_named

    if preset not in ("paper", "released"):
        raise ValueError(f"preset {preset!r}: choose one of paper, released")
    size = profile_named(profile)
    changes = _assignments(set_ or [])
    known = [f.name for f in fields(presets.DCDGANConfig)]
    if unknown := sorted(set(changes) - set(known)):
        raise ValueError(f"--set {', '.join(unknown)}: no such field. There are {', '.join(known)}")
    config = replace(size.apply(getattr(presets, preset)), **{"seed": seed} | changes)
    run = train_run(f"dcdgan ({preset})", config, unpaired(size.data if data == "auto" else data), size)
    print(f"finished: {run.folder.path}")


def reproduce(
    item: Annotated[
        str | None, typer.Argument(help="stem of a notebook, see `rainmer list`; all without", autocompletion=choices.items)
    ] = None,
    profile: ProfileName = "quick",
    parameter: Annotated[list[str] | None, typer.Option("-p", help="NAME=VALUE of the notebook; may be repeated")] = None,
    slurm: Annotated[bool, typer.Option("--slurm", help="jobs go to a Slurm cluster (workflow/profiles/slurm)")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the jobs, do none")] = False,
) -> None:
    """Execute a notebook, or all, after the training runs that they need; goes on where it was cut.

    Table, figures, record and the executed notebook go to results/PROFILE.  Whatever is done and unchanged stays as it is.
    With -p the notebook is executed at once, whatever is done, and its results carry the parameters in their names.
    """
    from rainmer_lib.experiments.profiles import profile as profile_named
    from rainmer_lib.workflow import runner
    from rainmer_lib.workflow.pipeline import reproduce as run_pipeline

    if not parameter:
        raise typer.Exit(run_pipeline(profile, item, slurm=slurm, dry_run=dry_run))
    if item is None or slurm or dry_run:
        raise ValueError("-p goes with one notebook, and neither with --slurm nor with --dry-run")
    words = [item, "--profile", profile_named(profile).name]
    for name, value in (text.partition("=")[::2] for text in parameter):
        words += ["-p", name, value]
    raise typer.Exit(runner.main(words))


def list_items() -> None:
    """Every table and figure of both papers with its notebook and the profiles it has results of; trained models."""
    from rainmer_lib.pretrained.models import DEFAULT, MODELS
    from rainmer_lib.workflow.catalogue import ITEMS

    for item in ITEMS:
        state = ", ".join(item.results()) or ("no results yet" if item.source.exists() else "to do")
        print(f"{item.paper:<8} {item.label:<16} {item.notebook:<36} {state:<16} {item.title}")
    print()
    for name, model in MODELS.items():
        notes = " (default)" * (name == DEFAULT) if model.present else f" (weights absent: {model.weights()})"
        print(f"model    {name:<16} {model.title}{notes}")


def _assignments(words: list[str]) -> dict:
    """NAME=VALUE; a value is a Python literal, true, false, or a word."""
    parsed = {}
    for word in words:
        name, found, value = word.partition("=")
        if not found:
            raise ValueError(f"--set {word}: expected FIELD=VALUE")
        parsed[name] = _value(value)
    return parsed


def _value(text: str) -> object:
    try:
        value = ast.literal_eval({"true": "True", "false": "False"}.get(text, text))
    except (ValueError, SyntaxError):
        return text
    return tuple(value) if isinstance(value, list) else value
