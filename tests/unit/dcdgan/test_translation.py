"""Both cycles: which generator makes what from what, and the features kept on the way."""

import torch

from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.translation import float32_images


def check_features(cycles, stacks, taps):
    """Each stack holds what its generator's encoder gives for its image."""
    assert set(cycles.features) == set(stacks)
    for name, (generator, image) in stacks.items():
        again = generator.encode(image, taps)
        assert list(cycles.features[name]) == list(taps)
        for tap in taps:
            torch.testing.assert_close(cycles.features[name][tap], again[tap])


def test_both_cycles(tiny, photos):
    t = DCDGAN(tiny).translation
    cycles = t(*photos, tiny.taps)
    assert cycles.rainy is photos.rainy and cycles.clean is photos.clean
    made = {"derained": t.derain(photos.rainy), "rerained": t.rerain(photos.clean)}
    made |= {"recovered_rainy": t.rerain(made["derained"]), "recovered_clean": t.derain(made["rerained"])}
    for name, expected in made.items():
        torch.testing.assert_close(getattr(cycles, name), expected)
    stacks = {"rainy": (t.derain, cycles.rainy), "derained": (t.rerain, cycles.derained)}
    stacks |= {"clean": (t.rerain, cycles.clean), "rerained": (t.derain, cycles.rerained)}
    check_features(cycles, stacks, tiny.taps)


def test_the_forward_cycle_alone(tiny, photos):
    t = DCDGAN(tiny).translation
    cycles = t(*photos, tiny.taps, backward=False)
    torch.testing.assert_close(cycles.recovered_rainy, t.rerain(t.derain(photos.rainy)))
    assert cycles.rerained is None and cycles.recovered_clean is None and set(cycles.features) == {"rainy", "derained"}


def test_one_sided_all_is_of_one_generator(tiny, photos):
    t = DCDGAN(tiny).translation
    cycles = t(*photos, tiny.taps, backward=False, one_sided=True)
    torch.testing.assert_close(cycles.derained, t.derain(photos.rainy))
    assert cycles.recovered_rainy is cycles.rerained is cycles.recovered_clean is None
    images = {"rainy": photos.rainy, "derained": cycles.derained, "clean": photos.clean, "kept": t.derain(photos.clean)}
    check_features(cycles, {name: (t.derain, image) for name, image in images.items()}, tiny.taps)


def test_images_of_cycles_in_single_precision(tiny, photos):
    t = DCDGAN(tiny).translation
    with torch.autocast("cpu", torch.bfloat16):
        cycles = float32_images(t(*photos, tiny.taps, backward=False))
    assert cycles.derained.dtype == cycles.recovered_rainy.dtype == torch.float32 and cycles.rerained is None
