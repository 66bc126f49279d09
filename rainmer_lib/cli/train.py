"""`rainmer train`, `rainmer reproduce`, `rainmer list`: training runs, and the notebooks of tables and figures."""

import ast
import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from rainmer_lib.cli import choices

TRAIN_EXAMPLES = """Examples:

rainmer train --profile quick

rainmer train --method rainmer --profile laptop

rainmer train --profile laptop --seed 1 --set negatives=internal

rainmer train --profile gpu --minutes 9

rainmer train --profile laptop --rainy my/rainy --clean my/clean

rainmer train --method prenet --pairs my/rainy my/clean --test other/rainy other/clean

rainmer train --method sirr --pairs my/rainy my/clean --real my/photos

The same command again resumes a run that was cut short, or finds one that is finished."""
REPRODUCE_EXAMPLES = """Examples:

rainmer reproduce ablation_negatives

rainmer reproduce --profile laptop

rainmer reproduce train_dcdgan --profile laptop -p seeds=1"""

ProfileName = Annotated[str, typer.Option(help="size: quick, laptop, gpu or paper", autocompletion=choices.profiles)]

DataName = Annotated[
    str, typer.Option(help="training set by name, such as embedded, bsd-streaks, rain800; auto is the profile's own")
]
Minutes = Annotated[
    float | None, typer.Option(help="budget of the run, in place of steps; the learning rate follows the clock")
]


def train(
    context: typer.Context,
    method: Annotated[str, typer.Option(help="see `rainmer list`", autocompletion=choices.methods)] = "dcdgan",
    profile: ProfileName = "quick",
    seed: Annotated[int, typer.Option(min=0, help="of initial weights and batches")] = 0,
    data: DataName = "auto",
    rainy: Annotated[str, typer.Option(help="folder of your rainy photos, in place of --data")] = "",
    clean: Annotated[str, typer.Option(help="folder of clean photos of other views; without it, photos that are present")] = "",
    pairs: Annotated[tuple[str, str] | None, typer.Option(help="RAINY CLEAN: folders of pairs, equal file names")] = None,
    real: Annotated[str, typer.Option(help="folder of real rainy photos beside --pairs, for semi-supervised methods")] = "",
    test: Annotated[tuple[str, str] | None, typer.Option(help="RAINY CLEAN: pairs to score the run on")] = None,
    allow_duplicates: Annotated[
        bool, typer.Option("--allow-duplicates", help="go on where rainy, clean and test photos show the same views")
    ] = False,
    preset: Annotated[str, typer.Option(help="paper, or one that the method has besides: released, self_trained")] = "paper",
    minutes: Minutes = None,
    device: choices.Device = "",
    set_: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE of the configuration; may be repeated")] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="also write event files into the run's folder")] = False,
) -> None:
    """Train a method, resume a run, or find the finished one; print its folder, which `derain --model` takes.

    With --rainy, train without pairs on your own photos; the folder then holds a contact sheet of held-out photos.
    Several processes, each with a graphics card of its own: torchrun --standalone --nproc-per-node 2 --no-python rainmer train
    """
    from rainmer_lib.data.unpaired import unpaired
    from rainmer_lib.experiments.own_training import OwnPhotos
    from rainmer_lib.experiments.profiles import profile as profile_named
    from rainmer_lib.experiments.runs import train_run
    from rainmer_lib.experiments.watching import SHEET, watching
    from rainmer_lib.methods import method as method_named

    own = OwnPhotos(rainy, clean, pairs, test, allow_duplicates, real)
    if own.given and data != "auto":
        raise ValueError(f"give --data {data}, or folders of your own, not both")
    chosen, size = method_named(method), profile_named(profile)
    changes = _changes(set_ or [], seed, context.get_parameter_source("seed").name == "COMMANDLINE", minutes)
    config = _configured(chosen, size.name, preset, changes)
    source = own.load(chosen, config.crop) if own.given else unpaired(size.data if data == "auto" else data)
    if "steps" not in changes:
        config = chosen.lasting(config, size.name, source.photos)
    trained_on = chosen.data(source, size.name)
    print("".join(f"{remark}\n" for remark in (*source.remarks, *getattr(trained_on, "remarks", ()))), end="")
    look = watching(chosen, source, tensorboard)
    with _disk_full_is_no_loss():
        run = train_run(f"{chosen.title} ({preset})", chosen, config, trained_on, size, watch=look)
    _print_results(own, run, run.folder.path / SHEET)


def _print_results(own, run, sheet: Path) -> None:
    """Print scores and folder; of several processes the first one does."""
    from rainmer_lib.training import processes

    if processes.rank():
        return
    if own.tests:
        print(own.scores(run).round(4).to_string(index=False))
    if sheet.is_file():
        print(f"contact sheet: {sheet}")
    print(f"finished: {sheet.parent}")


def _changes(words: list[str], seed: int, given: bool, minutes: float | None) -> dict:
    """Read --set, the seed and the minutes; ValueError if one is given twice, or if there are steps and minutes."""
    changes = {name: _value(text) for name, text in _named_values("--set", "FIELD=VALUE", words).items()}
    if "seed" in changes and given:
        raise ValueError(f"--seed {seed} and --set seed={changes['seed']}: give one of them")
    if minutes is not None and (twice := sorted({"minutes", "steps"} & set(changes))):
        raise ValueError(f"--minutes {minutes:g} and --set {twice[0]}={changes[twice[0]]}: give one of them")
    return {"seed": seed} | ({} if minutes is None else {"minutes": minutes}) | changes


def _configured(method, profile: str, preset: str, changes: dict):
    """Return the configuration with the changes of --set; ValueError lists the fields if one is unknown.

    Joins the processes that torchrun has started; ValueError if they cannot share the configuration.
    """
    from dataclasses import fields, replace

    from rainmer_lib.training import processes
    from rainmer_lib.training.method import counted

    known = [f.name for f in fields(method.config)]
    if unknown := sorted(set(changes) - set(known)):
        raise ValueError(f"--set {', '.join(unknown)}: {method.name} has no such field. There are {', '.join(known)}")
    config = replace(method.at(profile, preset), **counted(changes))
    method.sharing.part(config, processes.join())
    return config


@contextmanager
def _disk_full_is_no_loss() -> Iterator[None]:
    """Say how to go on after a full disk: the last checkpoint is whole."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        # torch.save hides the system's error behind one of its own writer
        if getattr(error, "errno", None) != errno.ENOSPC and "inline_container" not in str(error):
            raise
        raise OSError(
            f"the disk is full ({error}); make room and give the same command: it goes on from its last checkpoint"
        ) from error


def reproduce(
    notebook: Annotated[
        str | None, typer.Argument(help="name of a notebook, see `rainmer list`; none: all", autocompletion=choices.notebooks)
    ] = None,
    profile: ProfileName = "quick",
    parameter: Annotated[list[str] | None, typer.Option("-p", help="NAME=VALUE of the notebook; may be repeated")] = None,
    device: choices.Device = "",
    slurm: Annotated[bool, typer.Option("--slurm", help="submit jobs to a Slurm cluster (workflow/profiles/slurm)")] = False,
    kubernetes: Annotated[bool, typer.Option("--kubernetes", help="to Kubernetes (workflow/profiles/kubernetes)")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the jobs without running them")] = False,
    estimate: Annotated[bool, typer.Option("--estimate", help="print the hours that the training runs take, and stop")] = False,
) -> None:
    """Execute a notebook, or all, after the training runs that they need; resume interrupted work.

    Table, figures, record and the executed notebook go to results/PROFILE.  Finished and unchanged results are kept.
    With -p the notebook is executed at once, whatever is finished, and its results carry the parameters in their names.
    """
    from rainmer_lib.experiments.profiles import profile as profile_named
    from rainmer_lib.workflow import runner
    from rainmer_lib.workflow.pipeline import reproduce as run_pipeline
    from rainmer_lib.workflow.plan import choose

    if estimate:
        _print_estimate(profile_named(profile), notebook)
        raise typer.Exit
    if not parameter:
        cluster = "kubernetes" if kubernetes else "slurm" if slurm else ""
        raise typer.Exit(run_pipeline(profile, notebook, cluster=cluster, dry_run=dry_run))
    if notebook is None or slurm or kubernetes or dry_run:
        raise ValueError("-p needs one notebook and cannot be combined with --slurm, --kubernetes or --dry-run")
    given = _named_values("-p", "NAME=VALUE", parameter)
    size = profile_named(given.pop("profile", profile))
    if profile not in ("quick", size.name):
        raise ValueError(f"--profile {profile} and -p profile={size.name}: give one of them")
    choose(size, notebook)
    words = [notebook] + ["--profile", size.name] * runner.has_profiles(notebook)
    raise typer.Exit(runner.main(words + [word for pair in given.items() for word in ("-p", *pair)]))


def _print_estimate(size, notebook: str | None) -> None:
    from rainmer_lib.workflow import estimate
    from rainmer_lib.workflow.plan import choose

    found = estimate.table(size, choose(size, notebook), say=lambda text: typer.echo(text, err=True))
    print("\n".join(estimate.lines(size, found)))


def list_items() -> None:
    """List the tables and figures of both papers with notebooks and profiles of results, the methods, and trained models."""
    from rainmer_lib import paths
    from rainmer_lib.methods import METHODS
    from rainmer_lib.pretrained.models import DEFAULT, MODELS
    from rainmer_lib.workflow.catalogue import ITEMS

    for item in ITEMS:
        state = ", ".join(item.results(paths.results_root())) or ("no results yet" if item.source.exists() else "to do")
        print(f"{item.paper:<8} {item.label:<16} {item.notebook:<36} {state:<16} {item.title}")
    print()
    for name, method in METHODS.items():
        print(f"method   {name:<16} {method.supervision}; {method.family}. {method.citation}")
    print()
    for name, model in MODELS.items():
        notes = " (auto, the default)" * (name == DEFAULT) if model.present else f" (weights absent: {model.weights()})"
        print(f"model    {name:<16} {model.title}{notes}")


def _named_values(option: str, form: str, words: list[str]) -> dict[str, str]:
    """Split NAME=VALUE; ValueError on a word without a value, and on a name that is given twice."""
    parsed: dict[str, str] = {}
    for word in words:
        name, found, value = word.partition("=")
        if not found:
            raise ValueError(f"{option} {word}: expected {form}")
        if name in parsed:
            raise ValueError(f"{option} {name}: given twice, {parsed[name]} and {value}")
        parsed[name] = value
    return parsed


def _value(text: str) -> object:
    """Read a Python literal, true, false, or a word."""
    try:
        value = ast.literal_eval({"true": "True", "false": "False"}.get(text, text))
    except (ValueError, SyntaxError):
        return text
    return tuple(value) if isinstance(value, list) else value
