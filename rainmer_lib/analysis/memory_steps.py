"""Rainmer's memory bank at single training steps: its rows, the query, and the rows that are chosen and replaced."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.rainmer.memory_bank import MemoryBank, colour, residual, singular_values


@dataclass(frozen=True)
class MemoryStep:
    """Rainmer's memory bank at one step: its rows, the first query of the batch, and the rows chosen and overwritten."""

    colours: Float[np.ndarray, "n 3"]
    spectra: Float[np.ndarray, "n 3 s"]
    own_colour: Float[np.ndarray, " 3"]
    own_spectrum: Float[np.ndarray, "3 s"]
    chosen_colours: list[int]
    chosen_spectra: list[int]
    overwritten: list[int]


def memory_step(memory_bank: MemoryBank, batch: PairedBatch, count: int) -> MemoryStep:
    """Choose `count` negatives for the first sample of a batch, then enqueue the batch, in the order of a training step.

    Colours and residuals are stored in `memory_bank`, which must be full (RuntimeError otherwise) and is changed.
    """
    if not memory_bank.full:
        raise RuntimeError(f"the memory bank holds {memory_bank.enqueued} of {memory_bank.capacity} samples: fill it first")
    own_colour = colour(batch.rainy_whole[:1])
    own_spectrum = singular_values(residual(batch.rainy_whole[:1], batch.clean_whole[:1]))
    colours, spectra = (memory_bank.rows[kind].clone() for kind in ("colours", "spectra"))
    chosen = [
        (rows - own).abs().flatten(1).sum(dim=1).topk(count).indices.tolist()
        for rows, own in ((colours, own_colour), (spectra, own_spectrum))
    ]
    overwritten = [(memory_bank.enqueued + i) % memory_bank.capacity for i in range(len(batch.rainy))]
    memory_bank.enqueue(batch.rainy_whole, batch.clean_whole)
    arrays = (x.numpy() for x in (colours, spectra, own_colour[0], own_spectrum[0]))
    return MemoryStep(*arrays, *chosen, overwritten)
