"""Download data sets from registered addresses with known hashes; for all others, say how to get them by hand."""

import shutil
import tempfile
from pathlib import Path

import pooch

from rainmer_lib import paths
from rainmer_lib.data import registry


def fetch(name: str, root: Path | None = None) -> Path:
    """Download, check and unpack a data set below the data root; return its folder, which appears complete or not at all.

    Raises ValueError if no address and hash are registered (the message says how to get the set by hand), if the folder
    already exists, or if the bytes differ from the registered ones; nothing is left behind then.
    """
    benchmark = registry.benchmark(name)
    root = root or paths.data_root()
    if benchmark.download is None:
        folders = ", ".join(str(split.path(root)) for split in benchmark.splits.values())
        raise ValueError(
            f"{benchmark.title}: no stable address with a known hash is registered, so it is not downloaded. {benchmark.get} "
            f"Put it at {folders}, then run `rainmer data verify {benchmark.name}`. Licence: {benchmark.licence}"
        )
    return place(benchmark.download, root)


def place(download: registry.Download, root: Path) -> Path:
    """Download an archive, check its SHA-256, unpack it and move its content to `root / download.folder`.

    Raises the errors of `fetch`, and OSError if the address does not answer.
    """
    target = root / download.folder
    if target.exists():
        raise ValueError(f"{target} already exists; verify it, or move it away to download it again")
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
