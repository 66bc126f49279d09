"""Deviations from a protocol: the base is the protocol, each change is what its name says."""

import math

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from rainmer_lib.analysis.deviations import DEVIATIONS, Deviation, measure_deviations
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate, planes, quantise


def images(height=48, width=60):
    rng = np.random.default_rng(3)
    clean = rng.integers(20, 236, (height // 4, width // 4, 3), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    return (clean / 255 + rng.normal(0, 0.03, clean.shape)).clip(0, 1), clean


def test_without_a_deviation_it_is_prenet():
    output, clean = images()
    assert Deviation().measure(output, clean) == pytest.approx(evaluate(output, clean, "prenet"), abs=1e-12)


def test_deviations_that_are_other_protocols():
    output, clean = images()
    assert DEVIATIONS["Y of full range"].measure(quantise(output, "round") / 255, clean)[0] == pytest.approx(
        evaluate(quantise(output, "round"), clean, "y_fullrange")[0], abs=1e-9
    )
    eight_bit = quantise(output, "truncate")
    for name, protocol in (("RGB instead of Y", "rgb"), ("Y rounded to integers", "mprnet")):
        assert DEVIATIONS[name].measure(output, clean) == pytest.approx(evaluate(eight_bit, clean, protocol), abs=1e-4)


def test_deviations_of_the_ssim():
    output, clean = images()
    a, b = (planes(image, PROTOCOLS["prenet"])[0] for image in (quantise(output, "truncate"), clean))
    gaussian = {"gaussian_weights": True, "sigma": 1.5}
    expected = {
        "SSIM with a 7x7 box": structural_similarity(a, b, data_range=255),
        "SSIM with sample covariance": structural_similarity(a, b, data_range=255, use_sample_covariance=True, **gaussian),
        "SSIM of range 219": structural_similarity(a, b, data_range=219, use_sample_covariance=False, **gaussian),
    }
    for name, value in expected.items():
        psnr, ssim = DEVIATIONS[name].measure(output, clean)
        assert ssim == pytest.approx(value) and psnr == pytest.approx(evaluate(output, clean, "prenet")[0])


def test_the_shrink_matters_from_384_pixels_on():
    output, clean = images(384, 400)
    assert DEVIATIONS["SSIM without shrink"].measure(output, clean)[1] == pytest.approx(
        evaluate(quantise(output, "truncate") / 255 + 1e-9, clean, "mprnet")[1], abs=2e-3
    )
    assert DEVIATIONS["SSIM without shrink"].measure(output, clean)[1] < evaluate(output, clean, "prenet")[1] - 0.01


def test_every_deviation_is_a_difference_to_prenet_and_none_is_inert():
    output, clean = images(392, 400)
    table = measure_deviations([(Pair("a", clean, clean), output)]).set_index("deviation")
    assert list(table.index) == list(DEVIATIONS)
    assert (table[["psnr", "ssim"]].abs().max(axis=1) > 1e-9).all()
    grey = np.full((40, 40, 3), 120, np.uint8)
    shift = measure_deviations([(Pair("grey", grey, grey), np.full(grey.shape, 131.5 / 255))]).set_index("deviation")
    assert shift.psnr["Y of full range"] == pytest.approx(-20 * math.log10(255 / 219))
    assert shift.psnr["outputs rounded, not truncated"] == pytest.approx(20 * math.log10(11 / 12))
