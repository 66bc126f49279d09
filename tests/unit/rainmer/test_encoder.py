"""What the view encoder gives, and the encoder that follows it."""

import pytest
import rainmer_slow_forms as slow
import torch
from random_tensors import doubles, uniform

from rainmer_lib.rainmer.config import VIEWS
from rainmer_lib.rainmer.encoder import MomentumEncoder, ViewEncoder, ViewHead, heads_of


@pytest.fixture
def encoder(jolt):
    torch.manual_seed(0)
    return jolt(ViewEncoder(4, 16, VIEWS))


def test_a_head_is_its_slow_form(jolt):
    torch.manual_seed(0)
    slow.check_images(slow.view_head, jolt(ViewHead(3, 16).double()), doubles(2, 3, 7, 6))


@pytest.mark.parametrize(("height", "width"), [(16, 24), (21, 19)])
def test_features_and_prompts(encoder, height, width):
    image = uniform(2, 3, height, width)
    encoding, location = encoder(image), encoder.locate(image)
    assert location.shape == (2, 4, height, width)
    illumination, appearance = (encoder.heads[head](location) for head in ("illumination", "appearance"))
    torch.testing.assert_close(encoding.features["illumination"][..., 0, 0], illumination.mean(dim=(2, 3)))
    torch.testing.assert_close(encoding.features["degradation"][..., 0, 0], appearance.mean(dim=(2, 3)))
    for i in range(height // 8):
        for j in range(width // 8):
            block = appearance[:, :, 8 * i : 8 * i + 8, 8 * j : 8 * j + 8].mean(dim=(2, 3))
            torch.testing.assert_close(encoding.features["detail"][:, :, i, j], block)
    assert encoding.features["detail"].shape == (2, 16, height // 8, width // 8)
    for head, view in (("illumination", "illumination"), ("appearance", "degradation")):
        vector = encoding.features[view][..., 0, 0]
        torch.testing.assert_close(encoding.prompts[head][..., 0, 0], vector / vector.norm(dim=1, keepdim=True))


@pytest.mark.parametrize(("views", "heads"), [
    (VIEWS, ("illumination", "appearance")), (("detail", "illumination"), ("illumination", "appearance")),
    (("degradation",), ("appearance",)), (("detail",), ("appearance",)), (("illumination",), ("illumination",)), ((), ()),
])  # fmt: skip
def test_heads_of_the_views_that_are_on(views, heads):
    encoder = ViewEncoder(4, 16, views)
    assert heads_of(views) == tuple(encoder.heads) == heads
    encoding = encoder(uniform(1, 3, 16, 16))
    assert set(encoding.features) == set(views) and set(encoding.prompts) == set(heads)


def test_keys_follow_the_query_by_the_momentum(encoder):
    keys = MomentumEncoder(encoder, 0.9)
    before = [p.clone() for p in keys.encoder.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, encoder.parameters(), strict=True)), "it starts as a copy"
    for p in encoder.parameters():
        p.data += 1
    keys.follow(encoder)
    for old, query, new in zip(before, encoder.parameters(), keys.encoder.parameters(), strict=True):
        torch.testing.assert_close(new, 0.9 * old + 0.1 * query)
        assert not new.requires_grad


def test_keys_are_encoded_image_by_image(encoder):
    keys, images = MomentumEncoder(encoder, 0.9), uniform(2, 3, 3, 16, 16)
    for view in VIEWS:
        found = keys(images, view)
        for b in range(2):
            torch.testing.assert_close(found[b], encoder(images[b]).features[view].detach())
        assert not found.requires_grad
