"""Tables of scores: every image under every protocol, means in the order of appearance."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate
from rainmer_lib.metrics.scores import mean_scores, score_images


def pair(name, seed):
    clean = np.random.default_rng(seed).integers(0, 255, (24, 20, 3), dtype=np.uint8)
    return SimpleNamespace(name=name, clean=clean), np.random.default_rng(seed + 1).uniform(0, 1, clean.shape)


def test_every_image_is_scored_under_every_protocol():
    outputs = [pair("01", 0), pair("b", 2)]
    table = score_images(iter(outputs))
    assert list(table.columns) == ["image", "protocol", "psnr", "ssim"] and len(table) == 2 * len(PROTOCOLS)
    for row in table.itertuples():
        given, output = outputs[row.image == "b"]
        assert (row.psnr, row.ssim) == pytest.approx(evaluate(output, given.clean, row.protocol))
    assert score_images([]).empty


def test_an_image_that_cannot_be_scored_is_named():
    given, output = pair("odd", 0)
    with pytest.raises(ValueError, match="odd: "):
        score_images([pair("fine", 1), (given, output[:-1])])


def test_means_are_over_the_images_in_order_of_appearance():
    rows = [("z", "a", "rgb", 20.0, 0.5), ("z", "b", "rgb", 30.0, 0.7)]
    rows += [("a", "a", "rgb", 10.0, 0.1), ("z", "a", "prenet", 1.0, 0.2)]
    means = mean_scores(pd.DataFrame(rows, columns=["method", "image", "protocol", "psnr", "ssim"]), ["method"])
    assert means.to_numpy().tolist() == [
        ["z", "rgb", 25.0, 0.6, 2], ["a", "rgb", 10.0, 0.1, 1], ["z", "prenet", 1.0, 0.2, 1],
    ]  # fmt: skip
    assert list(means.columns) == ["method", "protocol", "psnr", "ssim", "images"]


def test_an_image_that_equals_its_clean_one_is_counted_but_not_averaged():
    infinite = float("inf")
    rows = [("z", "a", "rgb", infinite, 1.0), ("z", "b", "rgb", 30.0, 0.7), ("z", "a", "prenet", infinite, 1.0)]
    means = mean_scores(pd.DataFrame(rows, columns=["method", "image", "protocol", "psnr", "ssim"]), ["method"])
    assert means.to_numpy().tolist() == [["z", "rgb", 30.0, 0.7, 2], ["z", "prenet", infinite, 1.0, 1]]
