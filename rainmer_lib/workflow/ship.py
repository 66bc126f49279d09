"""Ship a trained network with the package: `python -m rainmer_lib.workflow.ship RUN_FOLDER NAME`.

Copies configuration and weights of a finished run to `pretrained/weights/NAME`, scores it and the rainy input on every test
set, measures its damage on the held-out photos, draws pictures, and writes the card.  What the run folder holds of these is
not computed again.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from rainmer_lib import atomic, paths
from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.data.unpaired import SOURCES, unpaired
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments.compare import score_input, score_run
from rainmer_lib.experiments.damage import damage_of_run
from rainmer_lib.experiments.profiles import BENCHMARKS
from rainmer_lib.experiments.runs import Run, run_in
from rainmer_lib.metrics.protocols import PROTOCOLS
from rainmer_lib.metrics.scores import mean_scores
from rainmer_lib.plots.style import use_style
from rainmer_lib.pretrained.card_sections import DAMAGE, INPUT, PROTOCOL
from rainmer_lib.pretrained.model_card import CARD, own_limits, written_card
from rainmer_lib.pretrained.models import AUTO, MODELS, SHIPPED, shipped
from rainmer_lib.pretrained.pictures import draw_pictures
from rainmer_lib.training.seal import require_intact, seal

HELD_OUT = "held-out"
LARGEST = 4_000_000  # bytes of the weights, which every copy of the package holds


def ship(folder: Path, name: str, source: UnpairedRain, say: Callable[[str], None] = print) -> Path:
    """Ship the finished run of a folder under a name, in place of what is there; return the folder of the network.

    `source` holds the held-out photos; with the embedded ones, these are the only test set.  A paragraph on limits that a
    person wrote in the present card is kept.  The new folder takes its place when it is complete.

    Raises ValueError on a name that cannot be given, and on weights of 4 MB or more; FileNotFoundError if the run is not
    finished, its weights are not kept, or a test set is missing.
    """
    require_name(name)
    run, target = run_in(folder), SHIPPED / name
    _require_small(run.weights)
    sets = (HELD_OUT,) if source.name == "embedded" else (HELD_OUT, *BENCHMARKS)
    for test_set in sets[1:]:
        benchmark_pairs(test_set)  # reports a missing set before anything is computed
    for test_set in sets:
        say(f"scores on {test_set}")
        score_run(run, test_set, source)
    say("scores of the rainy input")
    _score_inputs(run, sets, source)
    say("damage on the held-out photos")
    damage_of_run(run, source.held_out)
    card = target / CARD
    own_words = own_limits(card.read_text(encoding="utf-8")) if card.is_file() else ""
    if own_words:
        say(f"kept from the present card, not measured: see that it holds for this run:\n{own_words}")
    atomic.write_folder(target, lambda part: _fill(part, run, name, source, own_words))
    key = run.folder.identity.key
    if not any((paths.REPOSITORY / "results").glob(f"*/runs/{key}/finished.json")):
        say(f"to do: record {key} in results/<profile>/runs without its weights, as every run whose network ships")
    return target


def require_name(name: str) -> None:
    """Raise ValueError unless a network can ship under this name: lower case, no other model's."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"name {name!r}: use lower-case letters and digits, in words joined by hyphens")
    if name == AUTO or (name in MODELS and name not in shipped()):
        raise ValueError(f"name {name!r}: taken by another model; `rainmer list` shows the names")


def _require_small(weights: Path) -> None:
    if not weights.is_file():
        raise FileNotFoundError(f"{weights} is missing: only the scores of this run are kept, and it cannot ship")
    if weights.stat().st_size >= LARGEST:
        raise ValueError(f"{weights}: {weights.stat().st_size / 1e6:.1f} MB; what ships has less than {LARGEST / 1e6:.0f} MB")


def _score_inputs(run: Run, sets: Sequence[str], source: UnpairedRain) -> None:
    """Keep the mean scores of the rainy input on these sets in the run folder."""
    def measure() -> pd.DataFrame:
        return mean_scores(pd.concat([score_input(name, source) for name in sets]), ["test_set"])

    wanted = [(name, protocol) for name in sets for protocol in PROTOCOLS]
    run.kept(Path(INPUT).stem, measure, lambda table: list(zip(table.test_set, table.protocol, strict=True)) == wanted)


def _fill(part: Path, run: Run, name: str, source: UnpairedRain, own_words: str) -> None:
    """Write the files of a shipped network into an empty folder."""
    for file in (run.folder.path / "config.json", run.weights, run.folder.path / DAMAGE, run.folder.path / INPUT):
        shutil.copyfile(require_intact(file), part / file.name)
        seal(part, [file.name])
    scores = score_run(run, HELD_OUT, source).query(f"protocol == '{PROTOCOL}'").set_index("image").psnr
    pictures = draw_pictures(run.network(), source.held_out, [scores[pair.name] for pair in source.held_out], part)
    (part / CARD).write_text(written_card(run.folder.path, name, pictures, own_words), encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Ship a network; return exit code 0 (done) or 2 (wrong usage, or a missing file)."""
    parser = argparse.ArgumentParser(prog="python -m rainmer_lib.workflow.ship", description="Ship a trained network.")
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("name", help="name of the network, such as derain-small")
    parser.add_argument("--data", choices=SOURCES, default="bsd-streaks", help="whose held-out photos are measured and shown")
    given = parser.parse_args(words)
    use_style()
    try:
        print(f"shipped: {ship(given.run, given.name, unpaired(given.data))}")
    except (ValueError, OSError) as error:
        print(f"ship: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
