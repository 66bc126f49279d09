"""Any size in, the same size out; whole or in tiles, by the memory at hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rainmer_lib.baselines.prenet import PReNet
from rainmer_lib.inference import derain as inference
from rainmer_lib.inference import probe
from rainmer_lib.inference.derain import at_strength, derain, tile_that_fits
from rainmer_lib.inference.memory import CPU_LIMIT, memory_at_hand, needed
from rainmer_lib.networks.rain_layer_generator import RainLayerGenerator
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.rainmer import tiny
from rainmer_lib.rainmer.model import build_network, view_of

NETWORK = ResNetGenerator(4, 1, global_residual=True)


def random_image(height, width):
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def plain(layers=3, multiple=1):
    """Convolutions without norm, gains large enough that every pixel of the reach matters."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(),
        *(nn.Conv2d(6, 6, 3, padding=1, padding_mode="reflect") for _ in range(layers - 2)), nn.Conv2d(6, 3, 3, padding=1),
        nn.Sigmoid(),
    )  # fmt: skip
    network.multiple, network.smallest = multiple, 4
    for weight in network.parameters():
        weight.data *= 2
    return network


class Identity(nn.Module):
    """Has no weights, and returns as `form` says."""

    multiple, smallest = 1, 1

    def __init__(self, form=lambda x: x):
        super().__init__()
        self.form = form

    def forward(self, x):
        return self.form(x)


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 50), width=st.integers(1, 50))
def test_any_size(height, width):
    image = random_image(height, width)
    output = derain(NETWORK, image)
    assert output.shape == image.shape and output.dtype == np.float32
    assert 0 <= output.min() and output.max() <= 1 and np.isfinite(output).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (3, 401), (257, 5), (131, 170)])
@pytest.mark.parametrize("statistics", ["whole-image", "per-tile"])
def test_any_size_in_tiles(size, statistics):
    image = random_image(*size)
    output = derain(NETWORK, image, tile=160, statistics=statistics)
    assert output.shape == image.shape and output.dtype == np.float32
    assert 0 <= output.min() and output.max() <= 1 and np.isfinite(output).all()


def test_a_multiple_of_four_is_not_padded():
    image = np.random.default_rng(0).integers(0, 256, (32, 20, 3), dtype=np.uint8)
    x = torch.from_numpy(image / np.float32(255)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        direct = NETWORK(x)[0].clamp(0, 1).permute(1, 2, 0).numpy()
    assert np.allclose(derain(NETWORK, image), direct, atol=1e-6)


def test_padding_mirrors_to_the_network_s_multiple_and_least_size():
    seen = []
    network = Identity(lambda x: seen.append(x) or x)
    network.multiple, network.smallest = 8, 20
    image = random_image(9, 29)
    assert np.array_equal(derain(network, image), image / np.float32(255))
    assert seen[-1].shape == (1, 3, 24, 32)
    expected = np.pad(image, [(0, 15), (0, 3), (0, 0)], mode="symmetric") / np.float32(255)
    assert np.array_equal(seen[-1][0].permute(1, 2, 0).numpy(), expected)


def test_wrong_images_are_refused():
    wrongs = (np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.int16),
              np.full((8, 8, 3), 1.01), np.full((8, 8, 3), np.nan), np.zeros((0, 8, 3), np.uint8))  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(ValueError, match="uint8 RGB"):
            derain(NETWORK, wrong)


def test_wrong_options_are_refused():
    for options, words in (({"tile": 0}, "tile 0"), ({"memory_limit": -1}, "memory_limit -1"), ({"sample": 0}, "sample 0"),
                           ({"statistics": "batch"}, "choose whole-image or per-tile"),
                           *(({"strength": s}, f"strength {s}: choose a number from 0 .* to 1.5; 1 is")
                             for s in (-0.01, 1.51, float("nan"), float("inf")))):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            derain(None, random_image(8, 8), **options)  # before the network is asked for anything


def test_an_image_that_is_no_array_and_a_network_that_is_none_are_refused():
    image = random_image(8, 8)
    for wrong in (image.tolist(), torch.from_numpy(image), "photo.png", None):
        with pytest.raises(TypeError, match=rf"as a NumPy array, \(h, w, 3\), got {type(wrong).__name__}; read_image"):
            derain(NETWORK, wrong)
    with pytest.raises(TypeError, match="need a network, got str; load_model"):
        derain("auto", image)


def test_numbers_that_are_none_are_refused():
    for name in ("tile", "memory_limit", "sample"):
        with pytest.raises(ValueError, match=f"{name} nan: need a positive number"):
            derain(None, random_image(8, 8), **{name: float("nan")})


@pytest.mark.parametrize("form", [lambda x: x[..., ::2, ::2], lambda x: x[:, :1], lambda x: x[0]])
def test_a_network_of_other_shapes_is_refused(form):
    with pytest.raises(ValueError, match="must have the shape of its input, found"):
        derain(Identity(form), random_image(8, 8))


def test_a_network_in_training_mode_gives_what_it_gives_in_evaluation(monkeypatch):
    """Here the mode changes the slope of the last layer; each part is left in the mode that it had."""
    network = RainLayerGenerator(4, 1)
    image, parts = random_image(24, 24), list(network.modules())
    expected = derain(network.eval(), image)
    network.train()
    parts[-1].eval()
    assert np.array_equal(derain(network, image), expected)
    assert [part.training for part in parts] == [True] * (len(parts) - 1) + [False]
    monkeypatch.setattr(inference, "run", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        derain(network, image)
    assert network.training, "after an error too"


class Shift(Identity):
    """Adds a quarter to bright values and takes a third from the others, so that changes go both ways and out of [0, 1]."""

    def forward(self, x):
        return (x + torch.where(x > 0.5, 0.25, -1 / 3)).clamp(0, 1)


@pytest.mark.parametrize("options", [{}, {"tile": 100}], ids=["whole", "tiles"])
@pytest.mark.parametrize("strength", [0.25, 1.3, 1.5])
def test_strength_scales_what_the_network_changes(strength, options):
    """clip(I - S (I - D)), in double precision, on 8-bit and float images; large strengths leave [0, 1] without the clip."""
    image, network = random_image(150, 130), Shift()
    unclipped = image / 255 - strength * (image / 255 - derain(network, image).astype(np.float64))
    for kind in (image, image / np.float32(255), image / 255):
        output = derain(network, kind, strength=strength, **options)
        assert output.dtype == np.float32 and np.abs(output - np.clip(unclipped, 0, 1)).max() < 1e-6
    assert strength < 1 or (unclipped.min() < -0.01 and unclipped.max() > 1.01)


def test_strength_of_one_is_the_output_bit_for_bit_in_tiles_too(prompted):
    image, network = random_image(41, 195), prompted[0]
    for options in ({}, {"tile": 128}):
        assert np.array_equal(derain(network, image, strength=1, **options), derain(network, image, **options))
        half = derain(network, image, strength=0.5, **options)
        expected = (image / np.float32(255) + derain(network, image, **options)) / 2
        assert np.abs(half - expected).max() < 1e-6
    output = derain(network, image)
    assert at_strength(image, output, 1) is output


def test_strength_of_zero_is_the_image_whatever_the_network_does():
    """Even where it returns values that are not finite, or could not run at all; the image itself is not handed out."""
    image, calls = random_image(20, 24), []
    expected = image / np.float32(255)
    for kind in (image, expected, expected.astype(np.float64)):
        output = derain(Identity(lambda x: x / 0), kind, strength=0, tile=1, progress=lambda *call: calls.append(call))
        assert np.array_equal(output, expected) and output.dtype == np.float32 and not np.shares_memory(output, kind)
    assert calls == [(1, 1)] * 3
    assert np.array_equal(at_strength(image, np.full(image.shape, np.nan, np.float32), 0), expected)
    with pytest.raises(ValueError, match="uint8 RGB"):
        derain(NETWORK, image[..., :2], strength=0)


def test_scaling_an_output_leaves_it_as_it_was():
    image = random_image(20, 24)
    output = derain(Shift(), image)
    before = output.copy()
    at_strength(image, output, 0.5)
    assert np.array_equal(output, before)
    with pytest.raises(ValueError, match="strength 1.6"):
        at_strength(image, output, 1.6)


def test_8_bit_and_float_images_give_the_same():
    image = random_image(20, 24)
    for floating in (np.float32, np.float64):
        assert np.array_equal(derain(NETWORK, (image / np.float32(255)).astype(floating)), derain(NETWORK, image))


def test_float_images_are_not_quantised():
    image = np.full((1, 2, 3), 0.123456, np.float32)
    assert np.array_equal(derain(Identity(), image), image)


@pytest.mark.parametrize("form", [lambda x: (x, {}), lambda x: [x, x * 0], lambda x: x])
def test_the_derained_image_alone_or_first(form):
    image = random_image(12, 7)
    assert np.array_equal(derain(Identity(form), image), image / np.float32(255))


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 230), width=st.integers(1, 230), tile=st.integers(100, 160))
def test_the_identity_in_tiles_gives_the_image_back_exactly(height, width, tile):
    image = random_image(height, width)
    assert np.array_equal(derain(Identity(), image, tile=tile), image / np.float32(255))


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 230), width=st.integers(1, 230), tile=st.integers(100, 160), multiple=st.sampled_from([1, 4]))
def test_convolutions_in_tiles_give_the_whole_everywhere(height, width, tile, multiple):
    image, network = random_image(height, width), plain(multiple=multiple)
    assert np.abs(derain(network, image, tile=tile) - derain(network, image)).max() < 1e-6


def test_a_halo_of_one_pixel_less_than_the_reach_is_too_small():
    """Without the half feather, a pixel that is missing shows: the reach is not larger than it must be."""
    network, image = plain(layers=9), random_image(240, 240)
    whole, found = derain(network, image), probe.reach(network)
    network.reach = found - inference.FEATHER // 2 - 1
    assert found == 9 and np.abs(derain(network, image, tile=100) - whole).max() > 1e-6


def test_cropping_a_row_of_pixels_that_the_network_cannot_see_changes_nothing():
    network, image = plain(layers=4), random_image(60, 70)
    reach = probe.reach(network)
    part = derain(network, image[:, 20:])
    assert np.abs(part[:, reach:] - derain(network, image)[:, 20 + reach :]).max() < 1e-6


def test_a_recurrent_network_in_tiles():
    torch.manual_seed(0)
    network, image = PReNet(stages=2).eval(), random_image(150, 190)
    assert np.abs(derain(network, image, tile=140) - derain(network, image)).max() < 1e-6


def test_the_memory_at_hand_decides(monkeypatch):
    network, pixels = plain(), 300 * 300
    need = needed(network, pixels)
    assert tile_that_fits(network, pixels, int(need) + 1) is None
    side = tile_that_fits(network, pixels, int(need) - 1)
    assert 290 <= side <= 300 and needed(network, side * side) <= need
    assert tile_that_fits(network, 10**9, 10**13) is None and tile_that_fits(network, 10**12, 10**12) == 1024
    for available, expected in ((2 * 10**9, 10**9), (10**12, CPU_LIMIT)):
        monkeypatch.setattr(psutil, "virtual_memory", lambda n=available: SimpleNamespace(available=n))
        assert memory_at_hand(torch.device("cpu")) == expected
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2 * need * 0.5))
    calls = []
    derain(network, random_image(300, 300), progress=lambda *call: calls.append(call))
    assert calls[-1][1] > 1, "half of too little memory is used: tiles"


def test_the_memory_of_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**9, 4 * 10**9))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 3 * 10**8)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 10**8)
    assert memory_at_hand(torch.device("cuda")) == 960_000_000


def test_a_limit_that_holds_no_tile():
    with pytest.raises(ValueError, match="too small for this network.*MB; raise memory_limit"):
        derain(NETWORK, random_image(300, 300), memory_limit=10**5)


def test_progress_counts_every_tile_to_the_end():
    calls = []
    derain(NETWORK, random_image(20, 20), progress=lambda *call: calls.append(call))
    assert calls == [(1, 1)]
    for options, total in (({"statistics": "per-tile"}, 9), ({"sample": None}, 9 + 9 * 7)):
        calls.clear()
        derain(NETWORK, random_image(230, 230), tile=160, progress=lambda *call: calls.append(call), **options)
        assert calls == [(i + 1, total) for i in range(total)]


@pytest.fixture
def prompted():
    """A small Rainmer, and the list of whole images that its prompts are made of."""
    torch.manual_seed(0)
    network, seen = build_network(replace(tiny, width=4, crop=16, view_size=16)).eval(), []
    for parameter in network.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    encode = network.encode
    network.encode = lambda whole: seen.append(whole) or encode(whole)
    return network, seen


def test_prompts_are_of_the_image_without_its_padding(prompted):
    """21 x 34 is padded to 24 x 40; the result is that of the same pixels with the prompts of the unpadded image."""
    network, seen = prompted
    image = random_image(21, 34)
    whole = torch.from_numpy(image / np.float32(255)).permute(2, 0, 1)[None]
    padded = np.pad(image, [(0, 3), (0, 6), (0, 0)], mode="symmetric") / np.float32(255)
    output = derain(network, image)
    assert torch.equal(seen[-1], view_of(whole, 16))
    with torch.inference_mode():
        parts = torch.from_numpy(padded).permute(2, 0, 1)[None]
        expected = network(parts, whole)[0, :, :21, :34].clamp(0, 1)
        of_padding = network(parts)[0, :, :21, :34].clamp(0, 1)
    torch.testing.assert_close(torch.from_numpy(output).permute(2, 0, 1), expected)
    assert (expected - of_padding).abs().max() > 1e-4, "the padding would have shown"


def test_every_tile_has_the_prompts_of_the_whole_image(prompted):
    network, seen = prompted
    image = random_image(41, 195)
    whole = torch.from_numpy(image / np.float32(255)).permute(2, 0, 1)[None]
    derain(network, image, tile=128)
    assert len(seen) > 1 and all(torch.equal(view, view_of(whole, 16)) for view in seen)
    derain(network, image[:, :90])
    assert torch.equal(seen[-1], view_of(whole[..., :90], 16)), "the next image is prompted by itself"


def test_a_compiled_network_is_prompted_alike(prompted):
    network, image = prompted[0], random_image(21, 34)
    compiled = torch.compile(network, backend="eager")
    np.testing.assert_allclose(derain(compiled, image), derain(network, image), atol=1e-6)


def test_a_network_without_a_context_of_its_own_is_spared_the_whole_image(monkeypatch):
    """One tensor for the pass, and a second one where the network is conditioned on the image."""
    made, make = [], inference.to_input
    monkeypatch.setattr(inference, "to_input", lambda network, image: made.append(1) or make(network, image))
    derain(NETWORK, random_image(32, 32))
    assert len(made) == 1
    derain(build_network(tiny).eval(), random_image(32, 32))
    assert len(made) == 3
