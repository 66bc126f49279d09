"""One crop of one image under the methods of every group of Table 1, a group below the other."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rainmer_lib.plots.crops import FRAME, Image, check_box, show
from rainmer_lib.plots.style import WIDTH
from rainmer_lib.training.method import KINDS

COLUMNS = 6  # crops side by side; of 80 pixels each, they are still seen on a page
TITLE, LINE = 0.36, 0.14  # inches of a row that its titles take, and a further line of them
LONGEST = 17  # characters of a name in a line, so that it does not touch the next


def family_crops(
    images: Mapping[str, Image], captions: Mapping[str, str], kinds: Mapping[str, str], box: tuple[int, int, int],
    title: str = "",
) -> Figure:  # fmt: skip
    """Plot `rainy` and `clean`, whole and enlarged in `box` = (top, left, size), then the box of each method by its group.

    `kinds`: method -> one of `training.method.KINDS`, whose order is that of the groups; methods keep the order of `images`.
    More than `COLUMNS` methods of a group go on in a further row.  `captions` stand below the names.  ValueError if `rainy` or
    `clean` is missing, if a method has no group or an unknown one, if sizes differ, or if the box leaves the image.
    """
    check_box(images, box, ("rainy", "clean"))
    methods = [name for name in images if name not in ("rainy", "clean")]
    if strange := [name for name in methods if kinds.get(name) not in KINDS]:
        raise ValueError(f"no group for {', '.join(strange)}: choose one of {', '.join(KINDS)}")
    lines = list(_lines(methods, kinds))
    titles = {name: fill(name, LONGEST) for name in images}
    side, above = (WIDTH - 0.25) / COLUMNS, TITLE + LINE * max(title.count("\n") for title in titles.values())
    figure = plt.figure(figsize=(WIDTH, (1 + len(lines)) * (side + above)))
    grid = figure.add_gridspec(1 + len(lines), COLUMNS)
    top, left, size = box

    def window(row: int, column: int, name: str) -> Axes:
        axis = figure.add_subplot(grid[row, column])
        show(axis, images[name][top : top + size, left : left + size], titles[name], captions.get(name, ""))
        axis.spines[:].set(visible=True, color=FRAME)
        return axis

    for column, name in enumerate(("rainy", "clean")):
        axis = figure.add_subplot(grid[0, 2 * column : 2 * column + 2])
        show(axis, images[name], name, "whole")
        axis.add_patch(Rectangle((left, top), size, size, fill=False, ec=FRAME, lw=1.2))
        window(0, 4 + column, name)
    for row, (label, names) in enumerate(lines, 1):
        for column, name in enumerate(names):
            axis = window(row, column, name)
            if column == 0:
                axis.set_ylabel(label, fontsize=8, fontweight="bold")
    if title:
        figure.suptitle(title, fontsize=9)
    return figure


def _lines(methods: Sequence[str], kinds: Mapping[str, str]):
    """Yield the rows of methods with their labels; a group that goes on is labelled once."""
    for kind in KINDS:
        own = [name for name in methods if kinds[name] == kind]
        for start in range(0, len(own), COLUMNS):
            yield "" if start else kind, own[start : start + COLUMNS]
