"""Figures of views, archive, alignment and prompts: what is drawn is what was given; and what walkthroughs look at inside."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex

from rainmer_lib.analysis.view_maps import ViewScenes
from rainmer_lib.data.paired import PairedBatch
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.plots import views, views_alignment, views_embedding, views_encoder
from rainmer_lib.rainmer import tiny
from rainmer_lib.rainmer.memory_bank import Archive
from rainmer_lib.rainmer.model import Rainmer
from rainmer_lib.rainmer.views import Keys
from rainmer_lib.teaching import rainmer as walk

MICRO = replace(tiny, width=4, crop=16, view_size=16, batch=2, archive=4)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def batch_of(seed):
    generator = torch.Generator().manual_seed(seed)
    clean = torch.rand(2, 3, 16, 16, generator=generator) * torch.rand(2, 3, 1, 1, generator=generator)
    rainy = (clean + 0.5 * (torch.rand(2, 1, 16, 16, generator=generator) > 0.8)).clamp(0, 1)
    return PairedBatch(rainy, clean, rainy, clean)


class Data:
    """Batches without files."""

    def batch(self, step, size, crop, seed):
        return batch_of(step)


def test_keys_are_framed_by_what_they_are():
    keys = {"detail": Keys(torch.full((1, 3, 8, 8), 0.5), torch.rand(1, 2, 3, 8, 8))}
    figure = views.keys_figure(torch.zeros(3, 8, 8), keys, {"detail": ["q", "p", "n 1", "n 2"]})
    assert [a.get_xlabel() for a in figure.axes] == ["q", "p", "n 1", "n 2"] and figure.axes[0].get_ylabel() == "detail"
    edges = [to_hex(a.spines["left"].get_edgecolor()).upper() for a in figure.axes]
    assert edges == [views.ROLE_COLOURS[r].upper() for r in ("query", "positive", "negative", "negative")]
    assert figure.axes[1].images[0].get_array().mean() == pytest.approx(0.5)
    np.testing.assert_allclose(figure.axes[3].images[0].get_array(), keys["detail"].negatives[0, 1].permute(1, 2, 0))


def test_a_step_chooses_what_the_archive_chooses_and_then_overwrites_the_oldest():
    archive = walk.filled_archive(MICRO, Data())
    assert archive.entered == 4
    batch, twin = batch_of(5), Archive(4, MICRO.views)
    twin.restore(archive.state(), "cpu")
    step = walk.archive_step(archive, batch, count=2)
    own, rain = batch.rainy_whole[:1].mean(dim=(2, 3)), (batch.rainy_whole - batch.clean_whole).clamp(0, 1)[:1]
    np.testing.assert_array_equal(step.colours[step.chosen_colours], twin.foreign_colours(own, 2)[0])
    rains = twin.foreign_rain(walk.singular_values(rain), 2)[0]
    torch.testing.assert_close(twin.rows["residuals"][step.chosen_spectra], rains)
    assert step.overwritten == [0, 1] and walk.archive_step(archive, batch_of(6), 2).overwritten == [2, 3]
    torch.testing.assert_close(archive.rows["colours"][0], batch.rainy_whole[0].mean(dim=(1, 2)))
    with pytest.raises(RuntimeError, match="holds 0 of 4"):
        walk.archive_step(Archive(4, MICRO.views), batch, 2)


def test_the_timeline_rings_the_negatives():
    archive = walk.filled_archive(MICRO, Data())
    steps = [walk.archive_step(archive, batch_of(seed), 2) for seed in (5, 6)]
    above, _, below, _ = views.archive_figure(steps, ["5", "6"]).axes
    drawn = {c.get_label(): np.asarray(c.get_offsets()) for c in above.collections}
    colours = steps[0].colours
    place = np.stack([colours.mean(axis=1), colours[:, 0] - colours[:, 2]], axis=1)
    np.testing.assert_allclose(drawn["negative"], place[steps[0].chosen_colours])
    np.testing.assert_allclose(drawn["overwritten"], place[[0, 1]])
    values = steps[0].spectra.mean(axis=1)
    np.testing.assert_allclose(np.asarray(below.collections[0].get_offsets())[:, 1], values[:, 1:].sum(axis=1), rtol=1e-6)


def test_floors_and_curves_are_drawn_as_given():
    table = pd.DataFrame({"temperature": [0.1, 1.0], "orthogonal": [0.0, 0.9], "gradient": [8.0, 0.8]})
    left, right = views.floor_figure(table, {"paper": 1.0}, ["orthogonal"], "gradient").axes
    np.testing.assert_allclose(left.lines[0].get_xydata(), table[["temperature", "orthogonal"]])
    assert right.get_yscale() == "log" and [t.get_text() for t in left.texts] == ["paper"]
    curve = pd.DataFrame({"illumination loss": [1.0] * 8, "appearance loss": [1.5] * 8, "illumination": [0.1] * 8})
    above, below = views.training_figure({"one": curve}, {"one": (1.6, 0.4)}, ["illumination"]).axes
    assert [line.get_ydata()[0] for line in above.lines] == pytest.approx([1.0, 1.5, 1.6, 0.4])
    assert below.lines[0].get_ydata()[3] == pytest.approx(0.1)


def test_the_encoder_is_drawn_with_its_sizes():
    shapes = walk.encoder_shapes(MICRO)
    encoder = Rainmer(MICRO).derain.encoder
    encoding = encoder(torch.rand(1, 3, 16, 16))
    assert all(shapes[view] == tuple(x.shape[1:]) for view, x in encoding.features.items())
    assert shapes["location"] == (4, 16, 16) and shapes["appearance prompt"] == (16, 1, 1)
    words = [text.get_text() for text in views_encoder.draw_encoder(shapes).axes[0].texts]
    assert {"16 x 2 x 2", "4 x 16 x 16", "16 x 1 x 1", "ViewEncoder", "locate"} <= set(words)


def test_the_pair_with_the_fewest_white_pixels_in_its_corner_is_shown():
    def pair(name, white, corner):
        rainy = np.full((10, 10, 3), 200, np.uint8)
        rainy[(slice(6, 6 + white), slice(6, 10)) if corner else (slice(0, white), slice(0, 4))] = 255
        return Pair(name, rainy, rainy)

    pairs = [pair("two rows", 2, True), pair("four rows elsewhere", 4, False), pair("one row", 1, True)]
    assert walk.least_white(pairs, side=4).name == "four rows elsewhere"
    assert walk.least_white(pairs[::2], side=4).name == "one row"


def test_location_maps_begin_with_the_truth_and_share_a_scale():
    pairs = [type("P", (), {"rainy": (255 * b.rainy[0]).permute(1, 2, 0).numpy().astype(np.uint8),
                            "clean": (255 * b.clean[0]).permute(1, 2, 0).numpy().astype(np.uint8)})
             for b in map(batch_of, range(4))]  # fmt: skip
    maps, quality = walk.location_maps({"stem": Rainmer(MICRO).derain.encoder}, pairs, side=12)
    assert list(maps) == ["true rain", "colours", "stem"] and list(quality) == ["colours", "stem"]
    last = pairs[-1]
    expected = np.clip(last.rainy[-12:, -12:] / 255 - last.clean[-12:, -12:] / 255, 0, 1).mean(axis=2)
    np.testing.assert_allclose(maps["true rain"], expected)
    figure = views_encoder.location_figure(last.rainy[-12:, -12:] / 255, maps, {"stem": "R 0.1"})
    assert {a.images[0].get_clim() for a in figure.axes[1:4]} == {(0, 0.5)} and figure.axes[3].get_title() == "stem\nR 0.1"


def test_shares_fill_the_bar():
    axis = views_alignment.share_bars({"a": (0.02, 0.28, 0.7), "b": (0.5, 0.3, 0.2)}, ["x", "y", "z"]).axes[0]
    assert [p.get_width() for p in axis.patches] == pytest.approx([0.02, 0.28, 0.7, 0.5, 0.3, 0.2])
    assert axis.patches[2].get_x() + axis.patches[2].get_width() == pytest.approx(1)
    assert [t.get_text() for t in axis.texts] == ["28.0%", "70.0%", "50.0%", "30.0%", "20.0%"]
    panel = views_alignment.density_panels({"day": np.zeros((4, 6, 3))}, {"day": 0.1234}).axes[0]
    assert panel.get_title() == "day\n" + r"$\rho$ = 0.123"


def test_maps_keep_marks_and_cosines_their_numbers():
    scenes = ViewScenes(torch.zeros(3, 3, 8, 8), np.array(["day", "night", "day"]), np.array([0.1, 0.02, 0.3]), np.arange(3))
    plane = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    axis = views_embedding.scene_maps({"m": plane}, scenes, {"m": "purity 1.00"}, columns=1).axes[0]
    assert axis.get_title() == "m\npurity 1.00"
    np.testing.assert_allclose(axis.collections[0].get_offsets(), plane[[0, 2]])
    assert to_hex(axis.collections[1].get_facecolors()[0]).upper() == views_embedding.DOMAINS["night"][0]
    shaded = views_embedding.scene_maps({"m": plane}, scenes, {}, "density", columns=1).axes[0]
    np.testing.assert_allclose(shaded.collections[0].get_array(), [0.1, 0.3])
    for wrong, message in (({"by": "photo"}, "choose domain or density"), ({}, "domains snow: choose among day")):
        other = scenes if wrong else replace(scenes, domains=np.array(["day", "snow", "day"]))
        with pytest.raises(ValueError, match=message):
            views_embedding.scene_maps({"m": plane}, other, {}, **wrong)
    table = pd.DataFrame([[1.0, 0.25], [0.25, 0.5]], ["day", "night"], ["day", "night"])
    figure = views_embedding.cosine_figure({"t": table}, columns=1)
    assert [t.get_text() for t in figure.axes[0].texts] == ["1.000", "0.250", "0.250", "0.500"]


def test_measures_are_drawn_seed_by_seed():
    table = pd.DataFrame({"method": ["a", "a", "b"], "seed": [0, 1, 0], "view": ["v"] * 3, "purity": [0.4, 0.6, 0.9]})
    axis = views_embedding.view_measure_figure(table, {"purity": "p"}, {"purity": 0.3}).axes[0]
    dots, means = axis.lines[0].get_ydata(), axis.lines[1].get_ydata()
    assert list(dots) == [0.4, 0.6] and means[0] == pytest.approx(0.5) and axis.lines[-1].get_ydata()[0] == 0.3


def test_what_is_switched_off_computes_neither_in_training_nor_in_the_test():
    """Beside each switch, written down by hand, what it takes with it."""
    found = walk.switched_off({
        "full": MICRO, "prompts": replace(MICRO, prompts=False), "interaction": replace(MICRO, interaction=False),
        "light": replace(MICRO, views=("degradation", "detail")), "all": replace(MICRO, views=(), interaction=False),
    })  # fmt: skip
    assert set(found.full[list(walk.PARTS[:-1])]) == {"train, test"} and set(found.full[walk.PARTS[-1]:][:-1]) == {"train"}
    gone = {name: set(found.index[found[name] != found.full]) - {"parameters"} for name in found}
    both = {"prompts of illumination", "prompts of appearance"}
    assert gone["prompts"] == both | {"encoder.heads.illumination", "encoder.heads.appearance"}
    assert set(found.prompts[list(both)]) == {"-"} and found.prompts["encoder.heads.appearance"] == "train"
    assert gone["interaction"] == {"interaction"} and found.interaction["interaction"] == "-"
    light = {"encoder.heads.illumination", "prompts of illumination", "loss: illumination", "archive: colours"}
    assert gone["light"] == light and set(found.light[list(light)]) == {"-"}
    left = found["all"][found["all"] != "-"]
    assert set(left.index) == {"backbone", "loss: charbonnier", "loss: ssim", "parameters"}
    sizes = {name: int(value.replace(",", "")) for name, value in found.loc["parameters"].items()}
    assert sizes["full"] == sum(p.numel() for p in Rainmer(MICRO).derain.parameters()) > sizes["prompts"] > sizes["all"]
