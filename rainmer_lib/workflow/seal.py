"""Seal run folders from before there were seals: `python -m rainmer_lib.workflow.seal FOLDER...`.

Each FOLDER is that of a run, of a network or of tables, or holds such folders, such as results/laptop/runs.  What a seal does
not list yet is checked as far as its content allows and then listed; what it lists is compared.  Nothing else is written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rainmer_lib.data.test_sets import BENCHMARKS, benchmark_entries
from rainmer_lib.experiments.kept import Fits, scores_of, unusable
from rainmer_lib.networks.stored import read_exported
from rainmer_lib.pretrained.models import method_of, read_config, read_json
from rainmer_lib.training import seal
from rainmer_lib.training.run import RunFolder, RunIdentity

SEALED = ("*.json", "*.jsonl", "*.safetensors", "*.csv")  # not checkpoints, cards and pictures


def folders_of(place: Path) -> list[Path]:
    """Return a folder if it holds files to be sealed, else those below it that do; FileNotFoundError if there is none."""
    found = [place, *sorted(path for path in place.iterdir() if path.is_dir())] if place.is_dir() else []
    found = [path for path in found if files_of(path)]
    if not found:
        raise FileNotFoundError(f"{place}: no folder of a run, and none that holds such folders")
    return found


def files_of(folder: Path) -> list[Path]:
    """Return the files of a folder that a seal lists, or should."""
    return sorted(path for kind in SEALED for path in folder.glob(f"[!.]{kind}"))


def unfinished(folder: Path) -> bool:
    """Return whether a folder is that of a run that is not finished, whose files still change."""
    return any((folder / name).exists() for name in ("log.jsonl", "checkpoint.pt")) and not (folder / "finished.json").exists()


def complete(folder: Path) -> tuple[int, list[str]]:
    """Seal the files of a folder that its seal does not list; return their number, and what is wrong and so not sealed."""
    wrong = [f"{folder / name}: listed in {seal.SEAL}, but missing" for name in seal.sums(folder)
             if not (folder / name).is_file()]  # fmt: skip
    new = []
    for path in files_of(folder):
        try:
            check(path)
        except (ValueError, FileNotFoundError) as error:
            wrong.append(str(error))
        else:
            new += [] if seal.listed(path) else [path.name]
    if new:
        seal.seal(folder, new)
    return len(new), wrong


def check(path: Path) -> None:
    """Raise ValueError if a file of a folder is not as it was sealed, or is damaged as far as its content tells."""
    seal.require_intact(path)
    if path.suffix == ".json":
        seal.read_json(path)
    if path.name == "config.json":
        _check_identity(path.parent)
    elif path.suffix == ".safetensors":
        read_exported(path)
    elif path.suffix == ".jsonl":
        _folder(path.parent).read_log()
    elif path.suffix == ".csv" and (why := unusable(path, _fits(path.stem))):
        raise ValueError(f"{path}: {why}")


def _check_identity(folder: Path) -> None:
    found = _folder(folder).identity.key
    if (folder / "finished.json").exists() and found != folder.resolve().name:
        raise ValueError(f"{folder / 'config.json'}: by this file the run is {found}")


def _folder(folder: Path) -> RunFolder:
    stored = read_json(folder)
    identity = RunIdentity(method_of(folder).name, read_config(folder), stored.get("data"), stored.get("version"))
    found = RunFolder(folder.parent, identity)
    found.log = folder / "log.jsonl"
    return found


def _fits(stem: str) -> Fits:
    """Return a check of the rows of a table, for test sets whose images are on this machine."""
    test_set = stem.removeprefix("scores-")
    if stem == test_set or test_set not in BENCHMARKS or not all(s.present() for s in BENCHMARKS[test_set].splits.values()):
        return lambda table: True
    return scores_of(lambda: [entry.name for entry in benchmark_entries(test_set)])


def main(words: Sequence[str] | None = None) -> int:
    """Seal folders; return exit code 0 (done), 1 (something is damaged) or 2 (wrong usage)."""
    parser = argparse.ArgumentParser(prog="python -m rainmer_lib.workflow.seal", description="Seal run folders once.")
    parser.add_argument("folders", nargs="+", type=Path, help="folder of a run, or one that holds such folders")
    given, faults = parser.parse_args(words), 0
    try:
        for folder in (folder for place in given.folders for folder in folders_of(place)):
            if unfinished(folder):
                print(f"{folder}: not finished, left as it is")
                continue
            count, wrong = complete(folder)
            print(f"{folder}: files sealed: {count}" if count else f"{folder}: nothing new to seal")
            faults += len(wrong)
            for line in wrong:
                print(line, file=sys.stderr)
    except (ValueError, OSError) as error:
        print(f"seal: {error}", file=sys.stderr)
        return 2
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
