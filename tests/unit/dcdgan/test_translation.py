"""Both cycles: which generator makes what from what, the features kept on the way, and that batches change nothing."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.translation import build_generator, float32_images
from rainmer_lib.networks.rain_layer_generator import RainLayerGenerator
from rainmer_lib.networks.resnet_generator import ResNetGenerator

IMAGES = ("derained", "recovered_rainy", "rerained", "recovered_clean", "kept_clean", "kept_rainy")
KINDS = {"resnet": {}, "rain_layer": {"generator": "rain_layer", "width": 8, "taps": ("stem", "block1", "block2")}}
FORWARD = {"backward_cycle": False, "negatives": "internal"}
CASES = {
    "both cycles": {},
    "identity": {"identity_weight": 1.0},
    "identity of clean images alone": {"identity_weight": 1.0, "identity_rainy": False},
    "forward cycle": FORWARD,
    "forward cycle and identity": FORWARD | {"identity_weight": 1.0},
    "forward cycle and identity of clean images alone": FORWARD | {"identity_weight": 1.0, "identity_rainy": False},
    "one-sided": FORWARD | {"one_sided": True, "colour_weight": 0.0, "frequency_weight": 0.0},
}


@pytest.fixture(params=KINDS)
def kind(request, tiny):
    return replace(tiny, **KINDS[request.param])


@pytest.fixture(params=CASES)
def config(request, kind):
    return replace(kind, **CASES[request.param])


def separate(t, rainy, clean, config):
    """A pass for every image, in the words of the paper: images and stacks by name."""
    images, stacks, taps = {}, {}, config.taps
    images["derained"], stacks["rainy"] = t.derain.translate(rainy, taps)
    if config.one_sided:
        images["kept_clean"], stacks["clean"] = t.derain.translate(clean, taps)
        stacks |= {"derained": t.derain.encode(images["derained"], taps), "kept": t.derain.encode(images["kept_clean"], taps)}
        return images, stacks
    images["recovered_rainy"], stacks["derained"] = t.rerain.translate(images["derained"], taps)
    if config.backward_cycle:
        images["rerained"], stacks["clean"] = t.rerain.translate(clean, taps)
        images["recovered_clean"], stacks["rerained"] = t.derain.translate(images["rerained"], taps)
    if config.identity_weight:
        images["kept_clean"] = t.derain(clean)
        if config.identity_rainy:
            images["kept_rainy"] = t.rerain(rainy)
    return images, stacks


def gradients(images, stacks, wanted):
    """Of one number that depends on every value of the images and the stacks, each in its own way."""
    generator, total = torch.Generator().manual_seed(0), 0.0
    for value in (*(images[name] for name in sorted(images)), *(stacks[s][tap] for s in sorted(stacks) for tap in stacks[s])):
        total = total + (torch.randn(value.shape, generator=generator, dtype=value.dtype) * value).mean()
    return torch.autograd.grad(total, wanted, allow_unused=True)


def test_batched_passes_are_separate_passes(config, photos, jolt):
    """Images, features, and the gradients of parameters and inputs; in double precision, so that nothing hides."""
    t = jolt(DCDGAN(config).translation).double()
    rainy, clean = (photo.double().requires_grad_() for photo in photos)
    cycles, (images, stacks) = t(rainy, clean), separate(t, rainy, clean, config)
    assert cycles.rainy is rainy and cycles.clean is clean
    assert {name for name in IMAGES if getattr(cycles, name) is not None} == set(images)
    found = {name: getattr(cycles, name) for name in images}
    torch.testing.assert_close(found, images)
    assert set(cycles.features) == set(stacks) and all(list(stack) == list(config.taps) for stack in cycles.features.values())
    torch.testing.assert_close(cycles.features, stacks)
    wanted = [*t.derain.parameters(), *t.rerain.parameters(), rainy, clean]
    pairs = list(zip(gradients(found, cycles.features, wanted), gradients(images, stacks, wanted), strict=True))
    assert all((batched is None) == (alone is None) for batched, alone in pairs)
    for batched, alone in ((b, a) for b, a in pairs if a is not None):
        torch.testing.assert_close(batched, alone, rtol=1e-6, atol=1e-9)
    unused = sum(alone is None for _, alone in pairs)
    assert unused == (len(list(t.rerain.parameters())) if config.one_sided else 0) + (
        not (config.one_sided or config.backward_cycle or config.identity_weight)  # the clean image, where nothing takes it
    )  # fmt: skip


def test_batches_may_be_of_different_lengths(kind, photos):
    """Each image finds its own again."""
    config = replace(kind, identity_weight=1.0)
    t, rainy, clean = DCDGAN(config).translation.double(), torch.cat(photos)[:3].double(), photos.clean[:1].double()
    cycles, (images, stacks) = t(rainy, clean), separate(t, rainy, clean, config)
    torch.testing.assert_close({name: getattr(cycles, name) for name in images}, images)
    torch.testing.assert_close(cycles.features, stacks)


def test_images_of_one_network_go_through_it_together(config, photos):
    """At most two passes of `derain` and one of `rerain`, identity included; `rerain` rests if training is one-sided."""
    t, passes = DCDGAN(config).translation, []
    for name in ("derain", "rerain"):
        getattr(t, name).layers["stem"].register_forward_hook(lambda *_, name=name: passes.append(name))
    t(*photos)
    second = config.backward_cycle or config.one_sided  # of N* = derain(R_N), or of the encoder on the results
    assert sorted(passes) == ["derain"] * (1 + second) + ["rerain"] * (not config.one_sided)


def test_generators_are_those_of_the_configuration(tiny):
    resnet = build_generator(replace(tiny, antialias=False, global_residual=True))
    assert isinstance(resnet, ResNetGenerator) and resnet.global_residual and len(resnet.layers) == 5 + 2 + 3
    config = replace(tiny, **KINDS["rain_layer"])
    t = DCDGAN(config).translation
    assert isinstance(t.derain, RainLayerGenerator) and (t.derain.sign, t.rerain.sign) == (-1, 1)
    assert t.derain.tap_channels(config.taps) == dict.fromkeys(config.taps, 8)
    assert build_generator(config).sign == -1 and build_generator(config, adds_rain=True).sign == 1


def test_rain_is_removed_in_one_direction_and_added_in_the_other(tiny, photos, jolt):
    t = jolt(DCDGAN(replace(tiny, **KINDS["rain_layer"])).translation).eval()
    cycles = t(*photos)
    assert (cycles.derained <= photos.rainy).all() and (cycles.derained < photos.rainy).any()
    assert (cycles.rerained >= photos.clean).all() and (cycles.rerained > photos.clean).any()


@pytest.mark.parametrize(("field", "value"), [
    ("discriminator_layers", 1), ("discriminator_width", 6), ("antialias", False), ("discriminator_sees", "detail"),
    ("discriminator_sees", "both"), ("discriminator_norm", False),
])  # fmt: skip
def test_discriminators_are_those_of_the_configuration(tiny, field, value):
    """Both of the same kind; each field tells on their layers."""

    def layers(config):
        t = DCDGAN(config).translation
        first, second = (repr(d.layers) for d in (t.clean_discriminator, t.rainy_discriminator))
        assert first == second and t.clean_discriminator.sees == t.rainy_discriminator.sees == config.discriminator_sees
        return first

    assert layers(replace(tiny, **{field: value})) != layers(tiny)


def test_images_of_cycles_in_single_precision(tiny, photos):
    t = DCDGAN(replace(tiny, identity_weight=1.0, **FORWARD)).translation
    with torch.autocast("cpu", torch.bfloat16):
        plain, cycles = t(*photos), float32_images(t(*photos))
    made = ("derained", "recovered_rainy", "kept_clean", "kept_rainy")
    assert all(getattr(plain, name).dtype == torch.bfloat16 for name in made)
    assert all(getattr(cycles, name).dtype == torch.float32 for name in made) and cycles.rerained is None
