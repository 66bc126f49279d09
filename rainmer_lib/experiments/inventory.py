"""The tables that cite: data sets of the paper beside what is here, and methods that nobody can run here."""

import pandas as pd

from rainmer_lib.data import registry
from rainmer_lib.experiments.records import published


def data_sets(names: tuple[str, ...]) -> pd.DataFrame:
    """A row for each part of data sets: `set`, `part`, `images` (as registered), `found` on this machine, and `known leaks`.

    A count that no source states is "not stated".  A part whose folders are absent is "absent"; of one that is there, the
    rainy images are counted, or what it holds in their place (photos, streak layers).  `known leaks` is their number; the
    registry has their text.  ValueError on a set that is not registered.
    """
    rows = []
    for name in names:
        benchmark = registry.benchmark(name)
        for split in benchmark.splits.values():
            found = len(split.listing().entries) if split.present() else "absent"
            count = "not stated" if split.count is None else split.count
            rows.append((benchmark.title, split.name, count, found, len(benchmark.leaks)))
    return pd.DataFrame(rows, columns=["set", "part", "images", "found", "known leaks"]).set_index(["set", "part"])


def printed_data_sets() -> pd.DataFrame:
    """Table 2 of DCD-GAN beside the registry: its counts, those registered, and what of the test part is on this machine.

    A registered count that differs is followed by the others that the registry knows, with their meaning.
    """
    rows = []
    for row in published("dcdgan_table2").itertuples():
        name = row.dataset.lower()
        here = data_sets((name,)).droplevel("set")
        parts = registry.benchmark(name).splits
        rows.append(
            (row.dataset, row.test_name, row.train_images, _counts(parts["train"]), row.test_images, _counts(parts["test"]),
             here.found["test"], row.type)
        )  # fmt: skip
    columns = [
        "set", "test part", "train, printed", "train, registered", "test, printed", "test, registered", "test, found", "type",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).set_index("set")


def _counts(split: registry.Split) -> str:
    return "; ".join([str(split.count), *(f"{count}: {meaning}" for count, meaning in split.also.items())])


def cited_methods(measured: list[str]) -> pd.DataFrame:
    """Table 1 of DCD-GAN as printed, `PSNR / SSIM` by test set: to be read, never ranked with what is measured here.

    Each row has its source and protocol, which the paper does not state, and says whether a method of this name is
    `measured` here, on other images.
    """
    table = published("dcdgan_table1")
    pairs = zip(table.psnr, table.ssim, strict=True)
    table["cell"] = ["not printed" if pd.isna(psnr) else f"{psnr:.2f} / {ssim:.3f}" for psnr, ssim in pairs]
    order = table[["group", "method"]].drop_duplicates()
    wide = table.pivot(index=["group", "method"], columns="test_set", values="cell")[list(dict.fromkeys(table.test_set))]
    wide = wide.loc[list(order.itertuples(index=False, name=None))].rename_axis(columns=None)
    here = ["measured above, on other images" if method in measured else "not run" for _, method in wide.index]
    return wide.assign(source="DCD-GAN, Table 1", protocol="not stated", here=here)
