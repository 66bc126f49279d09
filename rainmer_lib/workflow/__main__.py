"""Run one job of the pipeline, as Snakemake does: `python -m rainmer_lib.workflow {train,notebook} PROFILE NAME`."""

import argparse
import sys

from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.workflow.jobs import Job, execute, run


def main(words: list[str] | None = None) -> int:
    """Run one job; return exit code 0 (done), 1 (failed) or 2 (wrong usage)."""
    parser = argparse.ArgumentParser(prog="python -m rainmer_lib.workflow", description="Run one job of the pipeline.")
    parser.add_argument("kind", choices=("train", "notebook"), help="train a run and score it, or execute a notebook")
    parser.add_argument("profile", choices=PROFILES)
    parser.add_argument("name", help="key of a run folder, or name of a notebook")
    given = parser.parse_args(words)
    if given.kind == "notebook":
        return run(Job(given.profile, "notebooks", given.name), execute)
    from rainmer_lib.workflow.training_jobs import train  # imports torch, which a notebook's job has no use for

    return run(Job(given.profile, "runs", given.name), train)


if __name__ == "__main__":
    sys.exit(main())
