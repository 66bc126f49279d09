"""Fetching a data set from a stable address whose hash is registered; for the others, words on how a person gets it."""

import shutil
import tempfile
from pathlib import Path

import pooch

from rainmer_lib import paths
from rainmer_lib.data import registry


def fetch(name: str, root: Path | None = None) -> Path:
    """Download, check and unpack a data set below the data root; returns its folder, which appears whole or not at all.

    ValueError if no address and hash are registered (it says how to get the set by hand), if the folder is there already,
    or if the bytes are not those that were registered; then nothing is left behind.
    """
    benchmark = registry.benchmark(name)
    root = root or paths.data_root()
    if benchmark.download is None:
        folders = ", ".join(str(split.path(root)) for split in benchmark.splits.values())
        raise ValueError(
            f"{benchmark.title}: no stable address with a known hash, so it is not downloaded. {benchmark.get} "
            f"Put it at {folders}, then run `rainmer data verify {benchmark.name}`. Licence: {benchmark.licence}"
        )
    return place(benchmark.download, root)


def place(download: registry.Download, root: Path) -> Path:
    """Download an archive, check its SHA-256, unpack it and move its content to `root / download.folder`.

    Raises as `fetch`; OSError if the address does not answer.
    """
    target = root / download.folder
    if target.exists():
        raise ValueError(f"{target} is there already; verify it, or move it away to download it anew")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as scratch:
        archive = _download(download, Path(scratch))
        unpacked = Path(scratch) / "unpacked"
        shutil.unpack_archive(archive, unpacked, **({"filter": "data"} if ".tar" in archive.name else {}))
        target.parent.mkdir(parents=True, exist_ok=True)
        unpacked.rename(target)
    return target


def _download(download: registry.Download, folder: Path) -> Path:
    file = download.url.rsplit("/", 1)[-1]
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=60)
    try:
        return Path(pooch.retrieve(download.url, f"sha256:{download.sha256}", file, folder, downloader=downloader))
    except ValueError as error:
        raise ValueError(f"{download.url}: {error}; nothing was kept") from error
