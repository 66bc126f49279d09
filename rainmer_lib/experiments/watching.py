"""What looks on while a run is trained: contact sheets of held-out photos, TensorBoard's event files, a record of the files."""

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image

from rainmer_lib import atomic
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments.held_out import averaged, together
from rainmer_lib.inference.derain import derain
from rainmer_lib.plots.contact_sheet import contact_sheet
from rainmer_lib.pretrained.model_card import RECORD
from rainmer_lib.training.budget import ends
from rainmer_lib.training.loop import Watch
from rainmer_lib.training.method import Method, Trainer
from rainmer_lib.training.run import RunFolder

SHEET, EVENTS = "contact_sheet.png", "tensorboard"  # in the run's folder
EVERY = 180  # seconds between two contact sheets
SHOWN = 4  # photos on it


class Sheets:
    """Draws the contact sheet every few minutes and at the end, with the averaged weights, which a finished run exports."""

    def __init__(self, folder: RunFolder, method: Method, photos: Mapping[str, np.ndarray], every: float = EVERY) -> None:
        self.folder, self.photos, self.every = folder, photos, every
        self.build = lambda: method.network(folder.identity.config)
        self.due = time.monotonic() + every

    def __call__(self, trainer: Trainer, entry: Mapping[str, Any]) -> None:
        """Draw the sheet if it is due or if the run ends here."""
        config = self.folder.identity.config
        if self.photos and (time.monotonic() >= self.due or ends(entry, config)):
            reached = f"{entry['minutes']:.1f} of {config.minutes:g} minutes" if config.minutes else f"of {config.steps}"
            self.draw(trainer, f"{self.folder.identity.key}, step {entry['step']}{', ' if config.minutes else ' '}{reached}")
            self.due = time.monotonic() + self.every

    def draw(self, trainer: Trainer, title: str) -> None:
        """Derain the photos and write the sheet; the trainer's random state stays as it is."""
        with averaged(self.build, trainer) as network:
            rows = {name: (photo / np.float32(255), derain(network, photo)) for name, photo in self.photos.items()}
        picture = Image.fromarray(contact_sheet(rows, title))
        atomic.write(self.folder.path / SHEET, lambda part: picture.save(part, format="PNG"))


class Events:
    """Writes the terms of each line of the log as TensorBoard's event files."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder, self.writer_of, self.writer = folder, event_writer(), None

    def __call__(self, trainer: Trainer, entry: Mapping[str, Any]) -> None:
        """Write one line; after a resumption, what was written for later steps is void."""
        if self.writer is None:
            self.writer = self.writer_of(str(self.folder.path / EVENTS), purge_step=entry["step"])
        for name, value in entry.items():
            if name != "step":
                self.writer.add_scalar(name, value, entry["step"])
        self.writer.flush()


def event_writer() -> type:
    """Return TensorBoard's writer; ValueError says how to install it."""
    try:
        return import_module("torch.utils.tensorboard").SummaryWriter
    except ImportError as error:
        raise ValueError('--tensorboard needs the package tensorboard: pip install "rainmer[tensorboard]"') from error


def watching(method: Method, source: UnpairedRain, tensorboard: bool) -> Callable[[RunFolder], Watch]:
    """Return what `train_run` takes as `watch`: contact sheets, and event files if `tensorboard`.

    A set with a record of its files leaves it in the run's folder.  Raises the ValueError of `event_writer`.
    """
    if tensorboard:
        event_writer()

    def of(folder: RunFolder) -> Watch:
        look = together([Sheets(folder, method, shown_of(source)), *([Events(folder)] if tensorboard else [])])

        def watch(trainer: Trainer, entry: dict) -> None:
            if source.record and not (folder.path / RECORD).is_file():
                content = {"name": source.name, "summary": source.summary(), "remarks": list(source.remarks)}
                atomic.write_json(folder.path / RECORD, content | dict(source.record))
            look(trainer, entry)

        return watch

    return of


def shown_of(source: UnpairedRain) -> Mapping[str, np.ndarray]:
    """Return held-out rainy photos to look at, by name: those that the set names, else those of its held-out pairs."""
    return source.shown or {pair.name: pair.rainy for pair in islice(source.held_out, SHOWN)}
