"""Training runs: find finished ones, or train them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from rainmer_lib import paths
from rainmer_lib.experiments.experiment import Rows
from rainmer_lib.experiments.held_out import HeldOutScores, held_out_of, together
from rainmer_lib.experiments.kept import Fits, kept
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.inference.device import device
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.pretrained.models import load_weights, method_of, read_config, read_json, weights_of
from rainmer_lib.training import processes
from rainmer_lib.training.loop import Watch, report, train
from rainmer_lib.training.method import Method
from rainmer_lib.training.run import RunFolder, RunIdentity

Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """Finished training run: one row of a comparison, one seed.  `label` is the row's name in its comparison."""

    label: str
    seed: int
    config: Any
    folder: RunFolder
    method: Method

    @property
    def weights(self) -> Path:
        """Path of the exported, averaged weights (`weights_of`); there are none of a run of which only the scores are kept."""
        return weights_of(self.folder.path)

    def network(self) -> Derainer:
        """Load the derain network; FileNotFoundError for a recorded run of which only the scores are kept."""
        weights = self.weights
        if not weights.is_file():
            raise FileNotFoundError(
                f"{weights} is missing: only the scores of this run are kept. Delete {self.folder.path} to train the run again"
            )
        return load_weights(self.method.network(self.config), weights).to(device())

    def kept(self, name: str, measure: Callable[[], pd.DataFrame], fits: Fits = lambda table: True) -> pd.DataFrame:
        """Read the table `<name>.csv` of the run folder; `measure` it if need be, as `experiments.kept` says.

        So scores are computed once, and they outlive the weights.
        """
        return kept(self.folder.path / f"{name}.csv", measure, fits)


def train_run(
    label: str, method: Method, config: Any, data: Any, profile: Profile, say: Say = print,
    *, start: Callable | None = None, origin: str = "", watch: Callable[[RunFolder], Watch] | None = None,
) -> Run:  # fmt: skip
    """Return a finished run of a configuration on `data`: a recorded one, one of the run folders, or a newly trained one.

    `start` replaces the method's own start if the run begins with given weights; `origin` names those weights and is part of
    the run's key.  `watch(folder)` returns what looks on while the run is trained (`training.loop.train`).
    Each of several processes starts with its part of the configuration; ValueError if there is none (`Sharing.part`).
    """
    number = processes.count()
    identity = method.identity(config, f"{data.fingerprint} from {origin}" if origin else data.fingerprint, number)
    part = method.sharing.part(config, number)
    name = f"{label}, seed {config.seed}"

    def labelled(text: str) -> None:
        say(f"{name}: {text}")

    if profile.keeps_runs:
        for results in (paths.results_root(), paths.REPOSITORY / "results"):
            recorded = RunFolder(results / profile.name / "runs", identity)
            if recorded.finished.exists() and not recorded.lost_its_export(labelled):
                report(recorded, labelled)
                return Run(label, config.seed, config, recorded, method)
    folder, size = RunFolder(paths.runs_root(), identity), method.sizes[profile.name]
    watchers = [watch(folder)] if watch else []
    if config.minutes:
        watchers.append(HeldOutScores(folder, method, held_out_of(data), labelled))
    train(
        lambda _, device: (start or method.start)(part, device), config, data, folder,
        device=device(), log_every=size.log_every, save_every=size.save_every, say=labelled,
        watch=together(watchers), name=name,
    )  # fmt: skip
    return Run(label, config.seed, config, folder, method)


def run_in(folder: Path) -> Run:
    """Return the finished run of a folder, labelled by its method.

    FileNotFoundError if no finished run is there; ValueError if present code would give the run another key than the folder's
    name, and so would not find it again.
    """
    folder = folder.resolve()
    if not (folder / "config.json").is_file() or not (folder / "finished.json").is_file():
        raise FileNotFoundError(f"{folder}: not the folder of a finished run (config.json and finished.json)")
    method, config, stored = method_of(folder), read_config(folder), read_json(folder)
    found = RunFolder(folder.parent, RunIdentity(method.name, config, stored["data"], stored["version"]))
    if found.path != folder:
        raise ValueError(f"{folder}: by its config.json this run is {found.identity.key}; give the folder of that name")
    return Run(method.title, config.seed, config, found, method)


def train_rows(rows: Rows, settings: Settings, say: Say = print) -> list[Run]:
    """Return the finished runs of a comparison: every row for each seed.  Interrupted runs resume."""
    data = {label: row.data(settings.data) for label, row in rows.items()}
    return [
        train_run(label, row.method, replace(row.config, seed=seed), data[label], settings.profile, say)
        for seed in range(settings.seeds)
        for label, row in rows.items()
        if seed in row.seeds(settings.seeds)
    ]


def networks_of(runs: Sequence[Run]) -> dict[tuple[str, int], Derainer]:
    """Load the derain network of each run, by (label, seed)."""
    return {(run.label, run.seed): run.network() for run in runs}
