"""What an image costs under each row of a comparison: parameters, multiply-accumulates, processor seconds."""

from time import process_time

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from rainmer_lib.experiments.experiment import Row, Rows, parameters_of
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.probe import blank
from rainmer_lib.networks.derainer import Derainer

COUNTED = 256  # pixels a side of the image whose multiply-accumulates are counted
TIMED = (321, 481)  # pixels of a photo of BSDS500
LONG = 1.0  # seconds; what the first of several passes takes besides, such as memory, is little beside so many


def costs(compared: Rows, repeats: int = 2) -> pd.DataFrame:
    """Return for each row its kind, parameters, GMAC of a 256 x 256 image, and processor seconds of a 481 x 321 one.

    The networks are untrained: time does not depend on weights, except a little under a prior.  GMAC, billions of
    multiply-accumulates, are those of convolutions and matrix products, so a method that works without either has none here:
    they are left out for prior-based methods, whose solvers are not built of such.  Seconds are the least of `repeats`, after
    one that is not counted unless it is long (`seconds`); they depend on the machine and are to be compared within one table.
    """
    return pd.DataFrame([_cost(label, row, repeats) for label, row in compared.items()]).set_index("method")


def _cost(label: str, row: Row, repeats: int) -> dict:
    torch.manual_seed(0)
    network = row.method.network(row.config).eval()
    return {
        "method": label, "kind": row.method.kind, "parameters": parameters_of(row.method, row.config),
        "GMAC": np.nan if row.method.prior_based else gmac(network), "seconds": seconds(network, repeats),
    }  # fmt: skip


def gmac(network: Derainer) -> float:
    """Return the billions of multiply-accumulates of one pass over a 256 x 256 image."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(blank(network, COUNTED, COUNTED))
    return counter.get_total_flops() / 2e9


def seconds(network: Derainer, repeats: int) -> float:
    """Return the processor seconds of one image of `TIMED` pixels: the least of `repeats`, or the first if that is `LONG`.

    ValueError without a repetition.
    """
    if repeats < 1:
        raise ValueError(f"repeats={repeats}: expected 1 or more")
    image = np.random.default_rng(0).integers(0, 256, (*TIMED, 3), dtype=np.uint8)

    def once() -> float:
        start = process_time()
        derain(network, image)
        return process_time() - start

    first = once()
    return first if first > LONG else min(once() for _ in range(repeats))
