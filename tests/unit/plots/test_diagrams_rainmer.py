"""The diagram of Rainmer names what there is, and its boxes do not lie on each other."""

import re
from itertools import combinations

import matplotlib.pyplot as plt
import pytest

from rainmer_lib.plots.diagrams_rainmer import draw_rainmer
from rainmer_lib.plots.style import use_style
from rainmer_lib.rainmer import memory_bank, model, tiny, views
from rainmer_lib.rainmer.objective import build_objective


@pytest.fixture
def axis():
    with plt.rc_context():
        use_style()
        yield draw_rainmer().axes[0]


def test_every_name_is_one_of_the_code(axis):
    """Names in typewriter letters: modules of the network, their classes, functions, or terms of the objective."""
    network = model.Rainmer(tiny)
    known = {part for name, _ in network.named_modules() for part in name.split(".")}
    known |= {type(module).__name__ for module in network.modules()}
    known |= set(vars(views)) | set(vars(memory_bank)) | set(vars(model)) | {term.name for term in build_objective(tiny)}
    known |= {"crop", "derained"}  # images: the field of a batch, of an outcome
    names = [text.get_text() for text in axis.texts if text.get_fontfamily() == ["monospace"] and text.get_text()]
    assert len(names) > 15
    for name in names:
        assert name.replace("\n", "") in known or set(re.findall(r"\w+", name)) <= known, name


def test_the_losses_are_those_of_the_objective(axis):
    drawn = {word for text in axis.texts for word in text.get_text().split("\n")}
    assert {term.name for term in build_objective(tiny)} <= drawn


def test_boxes_are_apart_and_hold_their_words(axis):
    axis.figure.canvas.draw()
    boxes = [p for p in axis.patches if hasattr(p, "get_boxstyle") and p.get_zorder() == 2]
    extents = [p.get_window_extent() for p in boxes]
    assert len(boxes) == 20 and not any(a.overlaps(b) for a, b in combinations(extents, 2))
    places = {text: axis.transData.transform(text.get_position()) for text in axis.texts if text.get_text()}
    held = 0
    for box in extents:
        for text in (text for text, place in places.items() if box.contains(*place)):
            word, held = text.get_window_extent(), held + 1
            assert box.x0 <= word.x0 and word.x1 <= box.x1 and box.y0 <= word.y0 and word.y1 <= box.y1, text.get_text()
    assert held == 2 * len(boxes), "a title and a name each"
