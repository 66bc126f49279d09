"""Names that the shell completes, and that `--help` lists."""


def models(start: str) -> list[str]:
    """Trained networks."""
    from rainmer_lib.pretrained.models import MODELS

    return [name for name in MODELS if name.startswith(start)]


def profiles(start: str) -> list[str]:
    """Sizes of an experiment."""
    from rainmer_lib.experiments.profiles import PROFILES

    return [name for name in PROFILES if name.startswith(start)]


def test_sets(start: str) -> list[str]:
    """Paired test sets on the data root."""
    from rainmer_lib.data.test_sets import BENCHMARKS

    return [name for name in BENCHMARKS if name.startswith(start)]


def items(start: str) -> list[str]:
    """Notebooks, by stem."""
    from rainmer_lib.workflow.runner import items

    return [name for name in items() if name.startswith(start)]
