"""Tables of cited numbers: the paper's data sets beside the copies on this machine, and methods that cannot be run here."""

import pandas as pd

from rainmer_lib.data import registry
from rainmer_lib.experiments.records import published

HERE = ("bsds500", "gargstreaks", "rain100l", "rain100h", "rain12", "raincityscapes60")  # of profile laptop


def data_sets(names: tuple[str, ...]) -> pd.DataFrame:
    """List the parts of data sets: `set`, `part`, `images` (as registered), `found` on this machine, and `known leaks`.

    `images` is "not stated" if no source states a count.  `found` is "absent" if the folders of the part are; otherwise it
    counts the rainy images, or the photos or streak layers of a part without any.  `known leaks` is their number; the
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


def data_sets_here() -> pd.DataFrame:
    """Print the known leaks of the sets that replace the paper's, and return their table (`data_sets`)."""
    for name in HERE:
        print("\n".join(f"{name}: {leak}" for leak in registry.benchmark(name).leaks) or f"{name}: no known leak")
    return data_sets(HERE)


def printed_data_sets() -> pd.DataFrame:
    """Return Table 2 of DCD-GAN beside the registry: printed counts, registered counts, and test images on this machine.

    A registered count is followed by the other counts that the registry knows, with their meaning.
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
    """Return Table 1 of DCD-GAN as printed, `PSNR / SSIM` by test set; never rank its numbers with those measured here.

    Each row names its source and says that the paper does not state the protocol.  It also says whether a method of this name
    is in `measured`, the methods measured here, on other images.
    """
    table = published("dcdgan_table1")
    pairs = zip(table.psnr, table.ssim, strict=True)
    table["cell"] = ["not printed" if pd.isna(psnr) else f"{psnr:.2f} / {ssim:.3f}" for psnr, ssim in pairs]
    order = table[["group", "method"]].drop_duplicates()
    wide = table.pivot(index=["group", "method"], columns="test_set", values="cell")[list(dict.fromkeys(table.test_set))]
    wide = wide.loc[list(order.itertuples(index=False, name=None))].rename_axis(columns=None)
    here = ["measured above, on other images" if method in measured else "not run" for _, method in wide.index]
    return wide.assign(source="DCD-GAN, Table 1", protocol="not stated", here=here)
