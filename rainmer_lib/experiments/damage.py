"""Damage that networks do, image by image: the measures of `metrics.damage` on pairs, kept beside a run's scores."""

from collections.abc import Iterable, Sequence

import pandas as pd
from torch import nn

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.experiments.runs import Run
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.damage import MEASURES, damage


def damage_table(network: nn.Module, pairs: Iterable[Pair]) -> pd.DataFrame:
    """Measure what a network does besides removing rain: a row for each pair, columns image and `MEASURES`.

    Both images of a pair are derained: the clean one is a dry photo.  ValueError names a pair that cannot be measured.
    """
    rows = []
    for pair in pairs:
        try:
            outputs = derain(network, pair.rainy), derain(network, pair.clean)
            rows.append({"image": pair.name} | damage(*outputs, pair.rainy, pair.clean))
        except ValueError as error:
            raise ValueError(f"{pair.name}: {error}") from error
    return pd.DataFrame(rows, columns=["image", *MEASURES])


def damage_of_run(run: Run, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Measure a run on held-out pairs; the table `damage.csv` is kept in the run folder, until pairs or measures change."""
    def fits(table: pd.DataFrame) -> bool:
        return list(table) == ["image", *MEASURES] and list(table.image) == [pair.name for pair in pairs]

    return run.kept("damage", lambda: damage_table(run.network(), pairs), fits)
