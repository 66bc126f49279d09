"""Diagrams of the decoder and of its blocks: names and channels are those of the network."""

import torch
from drawn import boxes, words

from rainmer_lib.plots import prompts_diagram
from rainmer_lib.rainmer.config import CHOICES, paper
from rainmer_lib.rainmer.model import build_network


def test_the_decoder_is_drawn_with_names_and_channels_that_exist():
    (axis,) = prompts_diagram.draw_decoder(paper.width).axes
    text = "\n".join(words(axis))
    with torch.device("meta"):
        network = build_network(paper)
    for name in ("embed", "latent", "leave", "refine", "encode", "locate", "interaction"):
        owner = [part for part in (network, network.backbone, network.encoder) if hasattr(part, name)]
        assert name in text and owner
    for side in ("encoder", "decoder"):
        for level, blocks in enumerate(getattr(network.backbone, side)):
            channels = blocks[0].before_attention.weight.shape[0]
            label = text.splitlines()[text.splitlines().index(f"{side}.{level}") - 1]
            assert label.startswith(f"{channels}, size") and (blocks[0].prompts is not None) == (side == "decoder")
    drawn = boxes(axis)
    for i, one in enumerate(drawn):
        assert not any(one.overlaps(other) for other in drawn[i + 1 :])


def test_both_placements_are_drawn():
    axes = prompts_diagram.draw_placements().axes
    assert prompts_diagram.PLACEMENTS == CHOICES["prompt_placement"]
    pluses = [sum(word == "+" for word in words(axis)) for axis in axes]
    assert pluses == [3, 3] and all({"attention", "prompts", "feed_forward"} <= set(words(axis)) for axis in axes)
    heights = [sorted(t.get_position()[1] for t in axis.texts if t.get_text() == "+") for axis in axes]
    assert heights[0][0] == heights[0][1] and heights[1][0] < heights[1][1], "beside attention, or on the stream behind it"
