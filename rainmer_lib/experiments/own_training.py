"""Train on a person's own photos: what the command line asks for, checked, and the scores on a test set of one's own."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from rainmer_lib import paths
from rainmer_lib.data.own_folders import listed
from rainmer_lib.data.own_photos import (
    paired_folders,
    pairs_to_test,
    require_no_leaks,
    unpaired_folders,
    with_real_folder,
)
from rainmer_lib.data.paired import digest
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_photos import UnpairedPhotos
from rainmer_lib.experiments.runs import Run
from rainmer_lib.inference.derain import derain
from rainmer_lib.methods import METHODS
from rainmer_lib.metrics.scores import mean_scores, score_images
from rainmer_lib.pretrained.model_card import RECORD
from rainmer_lib.training import seal
from rainmer_lib.training.method import Method

Say = Callable[[str], None]


@dataclass(frozen=True)
class OwnPhotos:
    """Folders that a person gives: `rainy` and perhaps `clean`, or `pairs` and perhaps `real`; and perhaps a `test` set."""

    rainy: str = ""
    clean: str = ""
    pairs: tuple[str, str] | None = None
    test: tuple[str, str] | None = None
    allow_duplicates: bool = False
    real: str = ""
    tests: list[Pair] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Raise ValueError on folders that do not go together."""
        if self.pairs and (self.rainy or self.clean):
            raise ValueError("give --rainy and --clean (without pairs), or --pairs RAINY CLEAN, not both")
        if self.clean and not self.rainy:
            raise ValueError("--clean needs --rainy FOLDER; for pairs give --pairs RAINY CLEAN")
        if self.real and not self.pairs:
            raise ValueError("--real needs pairs beside it, --pairs RAINY CLEAN: a semi-supervised method learns from both")
        if self.test and not self.given:
            raise ValueError("--test needs photos to train on: --rainy FOLDER, or --pairs RAINY CLEAN")

    @property
    def given(self) -> bool:
        """Return whether there are photos to train on."""
        return bool(self.rainy or self.pairs)

    def load(self, method: Method, crop: int, say: Say = print) -> UnpairedPhotos:
        """Read and check all folders; ValueError names the files that speak against a training, or the kind that is needed."""
        if self.rainy and method.supervision != "unpaired":
            raise ValueError(f"{method.name} is trained with pairs: give --pairs RAINY CLEAN, or choose an unpaired method")
        self._require_real_where_it_is_used(method)
        if self.test:
            self.tests.extend(pairs_to_test(*self.test, say))
        if self.pairs:
            data = paired_folders(*self.pairs, crop, say=say)
            if self.real:
                data = with_real_folder(data, self.real, crop, allow_duplicates=self.allow_duplicates, say=say)
        else:
            data = unpaired_folders(self.rainy, self.clean, crop, allow_duplicates=self.allow_duplicates, say=say)
        if self.tests:
            require_no_leaks(data, self.tests, self.allow_duplicates, say)
        for line in changes_since(data.record):
            say(line)
        return data

    def _require_real_where_it_is_used(self, method: Method) -> None:
        semi_supervised = method.supervision == "semi-supervised"
        if self.real and not semi_supervised:
            takers = ", ".join(name for name, other in METHODS.items() if other.supervision == "semi-supervised")
            raise ValueError(f"--real is for semi-supervised methods ({takers}); {method.name} has no use for it")
        if semi_supervised and not self.real:
            raise ValueError(f"{method.name} also learns from real rainy photos without partners: give --real FOLDER")

    def scores(self, run: Run) -> pd.DataFrame:
        """Score the run and the rainy input on the test set; a row for each method and protocol, mean over the images.

        The run's scores of each image are kept in its folder.
        """
        prints = digest(*[(pair.name, pair.rainy.tobytes(), pair.clean.tobytes()) for pair in self.tests])

        def measure() -> pd.DataFrame:
            network = run.network()
            return score_images((pair, derain(network, pair.rainy)) for pair in self.tests)

        rainy = score_images((pair, pair.rainy) for pair in self.tests).assign(method="input")
        derained = run.kept(f"scores-test-{prints}", measure).assign(method=run.label)
        return mean_scores(pd.concat([rainy, derained]), ["method"])


def changes_since(record: Mapping) -> list[str]:
    """Say how the folders of `record` differ from those of the latest run on the same folders; nothing if they are equal.

    A changed folder is other data, and so another run: the key of a run depends on the content of its files.  The record of a
    run that is damaged is named, and stops nothing.
    """
    sources, damaged = {kind: record[kind]["source"] for kind in record}, []
    found = sorted(paths.runs_root().glob(f"*/{RECORD}"), key=lambda path: path.stat().st_mtime)
    for path in reversed(found):
        try:
            stored = _recorded(path, sources)
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            damaged.append(f"{path}: damaged, so the photos are not compared with those of this run")
            continue
        if {kind: source for kind, (source, _) in stored.items()} == sources:
            lines = [line for kind in sources for line in _changes(stored[kind][1], record[kind]["files"], sources[kind])]
            another = [f"the photos are not those of {path.parent.name}, so this is another run:", *lines] if lines else []
            return damaged + another
    return damaged


def _recorded(path: Path, kinds: Collection[str]) -> dict[str, tuple[str, dict[str, str]]]:
    """Read the source and the files' digests of each kind of photos that a record has."""
    stored = seal.read_json(path)
    return {kind: (stored[kind]["source"], dict(stored[kind]["files"])) for kind in kinds if kind in stored}


def _changes(before: Mapping[str, str], now: Mapping[str, str], source: str) -> list[str]:
    kinds = {
        "new": [name for name in now if name not in before],
        "gone": [name for name in before if name not in now],
        "changed": [name for name in now if name in before and now[name] != before[name]],
    }
    return [f"  {source}, {kind}: {', '.join(listed(names))}" for kind, names in kinds.items() if names]
