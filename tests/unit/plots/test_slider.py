"""The slider: one piece of HTML that needs nothing else, the same bytes for the same pictures, usable by keyboard."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.plots.slider import slider


@pytest.fixture
def pictures():
    """Smooth, so that a JPEG keeps them; they differ most in a bright square at rows 10-17, columns 20-27."""
    ramp = np.linspace(0.2, 0.6, 40)[None, :, None] * np.ones((32, 1, 3))
    rainy = ramp.copy()
    rainy[10:18, 20:28] += 0.3
    return rainy, ramp


class Tags(HTMLParser):
    """Start tags in order, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


def decoded(uri):
    kind, _, data = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)


def test_the_html_holds_both_pictures_and_nothing_from_elsewhere(pictures):
    text = slider(*pictures)._repr_html_()
    below, above = Tags(text).of("img")
    assert (below["alt"], above["alt"]) == ("derained", "rainy")
    for picture, attributes in zip(pictures[::-1], (below, above), strict=True):
        assert np.abs(decoded(attributes["src"]) - 255 * picture).mean() < 2
    assert not [part for part in ("http:", "https:", "<script", "<link", "url(") if part in text]
    assert not any("id" in attributes for _, attributes in Tags(text).found)


def test_equal_pictures_give_equal_bytes_and_others_do_not(pictures):
    rainy, clean = pictures
    one, two, other = slider(rainy, clean), slider(rainy.copy(), clean.copy()), slider(clean, clean)
    assert one._repr_html_() == two._repr_html_() and one._repr_jpeg_() == two._repr_jpeg_()
    assert one._repr_html_() != other._repr_html_()


def test_the_range_input_is_labelled_and_bare_of_markup(pictures):
    text = slider(*pictures, labels=('rain & "snow"', "<clean>"))._repr_html_()
    (handle,) = Tags(text).of("input")
    assert handle["type"] == "range" and (handle["min"], handle["max"], handle["value"]) == ("0", "100", "50")
    assert 'rain & "snow"' in handle["aria-label"] and "<clean>" in handle["aria-label"]
    assert "<clean>" not in text and len(Tags(text).of("label")) == 1


def test_where_html_is_not_shown_half_is_before_and_half_after(pictures):
    rainy = np.zeros((16, 32, 3), np.uint8)
    both = np.asarray(Image.open(io.BytesIO(slider(rainy, rainy + 200)._repr_jpeg_()))).astype(int)
    assert both[:, :12].mean() < 8 and both[:, 20:].mean() == pytest.approx(200, abs=4)


def test_wide_pictures_are_shrunk_to_what_is_shown():
    wide = np.full((100, 400, 3), 0.5)
    text = slider(wide, wide, width=200)._repr_html_()
    assert decoded(Tags(text).of("img")[0]["src"]).shape == (50, 200, 3) and "width:200px;max-width:100%" in text


def test_the_crops_show_where_the_two_differ_most(pictures):
    figure = slider(*pictures, labels=("rainy", "clean")).crops(8, {"clean": "the truth"})
    whole, zoom = figure.axes[0], figure.axes[2]
    assert whole.patches[0].get_xy() == (20, 10)
    assert np.array_equal(zoom.images[0].get_array(), np.floor(255 * pictures[0][10:18, 20:28] + 0.5).astype(np.uint8))
    assert [axis.get_title().split("\n") for axis in figure.axes[:2]] == [["rainy", ""], ["clean", "the truth"]]


@pytest.mark.parametrize(("before", "after", "options", "message"), [
    (np.zeros((8, 8, 3)), np.zeros((8, 9, 3)), {}, "of one size"),
    (np.zeros((8, 8)), np.zeros((8, 8)), {}, "RGB"),
    (np.zeros((8, 8, 3)) + 2, np.zeros((8, 8, 3)), {}, r"rainy: need 8-bit values or floats in \[0, 1\]"),
    (np.zeros((8, 8, 3)), np.full((8, 8, 3), np.nan), {}, "derained: need"),
    (np.zeros((8, 8, 3), int), np.zeros((8, 8, 3), int), {}, "found int64"),
    (np.zeros((8, 8, 3)), np.zeros((8, 8, 3)), {"width": 10}, "give 100 or more"),
])  # fmt: skip
def test_pictures_that_cannot_be_laid_over_each_other_are_refused(before, after, options, message):
    with pytest.raises(ValueError, match=message):
        slider(before, after, **options)


def test_a_crop_that_does_not_fit_is_refused(pictures):
    with pytest.raises(ValueError, match="a crop of 40 pixels from pictures of 40 x 32 pixels"):
        slider(*pictures).crops(40)
