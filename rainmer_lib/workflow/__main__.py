"""Jobs of the pipeline, as Snakemake starts them: `python -m rainmer_lib.workflow {train,notebook} PROFILE NAME`."""

import argparse
import sys

from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.workflow.jobs import Job, run


def main(words: list[str] | None = None) -> int:
    """Do one job; exit code 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m rainmer_lib.workflow", description="Do one job of the pipeline.")
    parser.add_argument("kind", choices=("train", "notebook"), help="train a run and score it, or execute a notebook")
    parser.add_argument("profile", choices=PROFILES)
    parser.add_argument("name", help="key of a run folder, or stem of a notebook")
    given = parser.parse_args(words)
    return run(Job(given.profile, {"train": "runs", "notebook": "items"}[given.kind], given.name))


if __name__ == "__main__":
    sys.exit(main())
