"""Deraining a folder: what its files take beside the network, and what reading, deraining and writing at once would gain.

Shares are of processor time.  The gain is of the clock: the loop of `rainmer derain`, one image after the other, beside one in
which a thread reads the next image and another writes the last; both take turns, and the ratio is that of the medians.  Load
hides a gain, for it needs a core that is free.  It tests nothing.

    OMP_NUM_THREADS=1 python benchmarks/folder.py [--model auto] [--formats jpg png] [--images 6] [--side 384] [--repeat 3]
"""

import argparse
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from measuring import turns
from megapixels import photo

from rainmer_lib.data.image_decoding import ImageFile
from rainmer_lib.data.image_files import read_image, write_image
from rainmer_lib.inference.derain import derain
from rainmer_lib.pretrained.models import load_model
from rainmer_lib.training.threads import choose_threads


def one_by_one(network, images: list[Path], out: Path) -> None:
    """The loop of the command."""
    for image in images:
        read = read_image(image)
        write_image(out / image.name, derain(network, read.rgb), like=read)


def overlapped(network, images: list[Path], out: Path) -> None:
    """The same, with the next image read and the last one written meanwhile; three images are in memory."""
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        ahead, written = reader.submit(read_image, images[0]), None
        for number, image in enumerate(images):
            read = ahead.result()
            if number + 1 < len(images):
                ahead = reader.submit(read_image, images[number + 1])
            result = derain(network, read.rgb)
            if written:
                written.result()
            written = writer.submit(write_image, out / image.name, result, read)
        written.result()


def shares(network, image: Path, out: Path, repeat: int) -> dict[str, float]:
    """Median processor seconds of the three parts."""
    read = read_image(image)
    result = derain(network, read.rgb)
    return turns({
        "read": lambda: read_image(image), "network": lambda: derain(network, read.rgb),
        "write": lambda: write_image(out / image.name, result, read),
    }, repeat)  # fmt: skip


def gain(network, images: list[Path], out: Path, repeat: int) -> float:
    """Median time of the clock one by one, over that of the overlapped loop."""
    seconds = {one_by_one: [], overlapped: []}
    for _ in range(repeat):
        for way, values in seconds.items():
            began = time.perf_counter()
            way(network, images, out)
            values.append(time.perf_counter() - began)
    return statistics.median(seconds[one_by_one]) / statistics.median(seconds[overlapped])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--formats", nargs="+", default=["jpg", "png"])
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--side", type=int, default=384, help="height in pixels; the width is half as much again")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    threads, network = choose_threads(), load_model(options.model).eval()
    rgb = photo(options.side**2 * 1.5 / 1e6)
    print(f"{options.model}, {rgb.shape[1]}x{rgb.shape[0]}, threads {threads}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    with TemporaryDirectory() as folder:
        for kind in options.formats:
            images = [Path(folder, f"{number}.{kind}") for number in range(options.images)]
            for image in images:
                write_image(image, np.ascontiguousarray(rgb), ImageFile(rgb, 8, False, None))
            out = Path(folder, "out")
            found = shares(network, images[0], out, options.repeat)
            total = sum(found.values())
            parts = ", ".join(f"{name} {100 * seconds / total:.1f} %" for name, seconds in found.items())
            least = max(found["network"], total - found["network"])
            print(f"{kind:4s} {parts}; at most {total / least:.2f} x with a free core, "
                  f"found {gain(network, images, out, options.repeat):.2f} x", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
