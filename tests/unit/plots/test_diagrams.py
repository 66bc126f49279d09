"""The diagram of DCD-GAN names what there is, and its boxes do not lie on each other."""

import re

from drawn import words

from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.translation import Cycles
from rainmer_lib.losses import colour_cycle, frequency, patch_contrast
from rainmer_lib.plots import diagrams


def test_the_diagram_uses_names_that_exist():
    """A diagram that names what was renamed since misleads."""
    model = DCDGAN(DCDGANConfig(width=4, blocks=1, discriminator_width=4, taps=("down1",), embedding=4, patches=4))
    there = set(dict(model.translation.named_children())) | set(dict(model.guidance.named_children()))
    there |= set(Cycles.__dataclass_fields__) | {type(model.guidance).__name__}
    there |= {name for module in (colour_cycle, frequency, patch_contrast) for name in dir(module)}
    names = "\n".join(text for text in words(diagrams.draw_dcdgan().axes[0]) if "$" not in text)
    drawn = set(re.findall(r"\b\w+_\w+\b", names))
    assert drawn <= there
    images, parts = {"recovered_rainy", "recovered_clean"}, {"clean_discriminator", "rainy_discriminator"}
    assert images | parts | {"embed_rainy", "embed_clean"} <= drawn


def test_boxes_of_a_diagram_do_not_overlap():
    boxes = [p for p in diagrams.draw_dcdgan().axes[0].patches if hasattr(p, "get_boxstyle")]
    solid = [p.get_path().get_extents(p.get_patch_transform()) for p in boxes if p.get_zorder() == 2]
    assert len(solid) == 2 * 5 + 2 * 2 + 4
    for i, one in enumerate(solid):
        assert not any(one.overlaps(other) for other in solid[i + 1 :])
        assert one.x0 >= 0 and one.x1 <= 100 and one.y0 >= 0 and one.y1 <= 64


def test_arrows_start_at_the_edge_of_a_box():
    box = diagrams.Box(10, 20, 6, 4)
    assert [box.edge(side) for side in ("left", "right", "top", "bottom")] == [(7, 20), (13, 20), (10, 22), (10, 18)]
    assert box.edge("top", 1) == (11, 22) and box.edge("left", -1) == (7, 19)
