"""The benchmark registry: what is known of each data set, read from benchmarks.toml and checked while it is read."""

import inspect
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from rainmer_lib import paths
from rainmer_lib.data.layouts import LAYOUTS, Listing

KINDS = ("paired", "rainy", "clean", "streaks")
SOURCE = Path(__file__).with_name("benchmarks.toml")


@dataclass(frozen=True)
class Download:
    """An archive at a stable address: its SHA-256, and the folder of the data root that its content becomes."""

    url: str
    sha256: str
    folder: str


@dataclass(frozen=True)
class Split:
    """One part of a data set, `<set>/<split>`.  What is not stated anywhere is None or empty; nothing is guessed.

    `layouts`: the layouts in which the part is met, the first that fits is taken.  `count`: rainy images (or photos, or
    layers).  `also`: other counts that are met, each with its meaning.  `sizes`: `<width>x<height>`.  `sha256`: see
    `verify.digest`.  `psnr` (dB) and `ssim`: of the rainy images under protocol prenet, mean over the images.
    """

    name: str
    folder: str
    layouts: tuple[dict, ...]
    count: int | None = None
    also: dict = field(default_factory=dict)
    sizes: tuple[str, ...] = ()
    sha256: str = ""
    psnr: float | None = None
    ssim: float | None = None

    def path(self, root: Path | None = None) -> Path:
        """Where the part lies, on the data root unless another one is given."""
        return (root or paths.data_root()) / self.folder

    def present(self, root: Path | None = None) -> bool:
        """Whether there are folders in one of the layouts; what is in them is not looked at."""
        try:
            self.listing(root)
        except FileNotFoundError:
            return False
        return True

    def listing(self, root: Path | None = None) -> Listing:
        """The files, in the first layout whose folders are there.  FileNotFoundError if there are none."""
        missing = []
        for layout in self.layouts:
            options = dict(layout)
            try:
                return LAYOUTS[options.pop("kind")](self.path(root), **options)
            except FileNotFoundError as error:
                missing.append(str(error))
        raise FileNotFoundError("; ".join(missing))


@dataclass(frozen=True)
class Benchmark:
    """A data set.  `defects`: what is known to be wrong with copies that people have.  `get`: how a person comes by it."""

    name: str
    title: str
    kind: str
    what: str
    licence: str
    citation: str
    get: str
    splits: dict[str, Split]
    defects: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    download: Download | None = None

    def split(self, name: str = "") -> Split:
        """A part by name; without a name `all`, else `test`, else the only part.  ValueError lists the parts."""
        only = list(self.splits) if len(self.splits) == 1 else []
        chosen = name or next((part for part in ("all", "test", *only) if part in self.splits), "")
        if chosen not in self.splits:
            listed = ", ".join(f"{self.name}/{s}" for s in self.splits)
            raise ValueError(f"{self.name}{'/' + name if name else ''}: choose one of {listed}")
        return self.splits[chosen]

    def missing(self, what: str) -> str:
        """A message for a person who lacks it: where it belongs and how to get it."""
        return f"{self.title} is not there: {what}. Put it there, or set RAINMER_DATA to the folder that holds it. {self.get}"


def load(text: str) -> dict[str, Benchmark]:
    """The registry from its TOML text.  ValueError names the table and the field that is wrong."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"benchmarks.toml: {error}") from error
    return {name: _benchmark(name, table) for name, table in tables.items()}


def _benchmark(name: str, table: dict) -> Benchmark:
    table = {"name": name, **table}
    _check(Benchmark, table, f"benchmarks.toml: [{name}]")
    if table["kind"] not in KINDS:
        raise ValueError(f"benchmarks.toml: [{name}] kind = {table['kind']!r}: choose one of {', '.join(KINDS)}")
    if not table["splits"]:
        raise ValueError(f"benchmarks.toml: [{name}]: no splits")
    table["splits"] = {key: _split(f"benchmarks.toml: [{name}.splits.{key}]", key, s) for key, s in table["splits"].items()}
    if "download" in table:
        _check(Download, table["download"], f"benchmarks.toml: [{name}.download]")
        table["download"] = Download(**table["download"])
    return Benchmark(**_frozen(table))


def _split(where: str, name: str, table: dict) -> Split:
    if not isinstance(table, dict):
        raise ValueError(f"{where}: expected a table, found {table!r}")
    table = {"name": name, **table}
    _check(Split, table, where)
    for layout in table["layouts"]:
        options = dict(layout) if isinstance(layout, dict) else {}
        kind = options.pop("kind", None)
        if kind not in LAYOUTS:
            raise ValueError(f"{where} layout kind {kind!r}: choose one of {', '.join(LAYOUTS)}")
        try:
            inspect.signature(LAYOUTS[kind]).bind(Path(), **options)
        except TypeError as error:
            raise ValueError(f"{where} layout {kind}: {error}") from error
    return Split(**_frozen(table))


def _check(kind: type, table: object, where: str) -> None:
    if not isinstance(table, dict):
        raise ValueError(f"{where}: expected a table, found {table!r}")
    known = {f.name: f for f in fields(kind)}
    for key in table:
        if key not in known:
            close = get_close_matches(key, known, n=1)
            raise ValueError(f"{where}: unknown field {key!r}{f', did you mean {close[0]!r}?' if close else ''}")
    for key, f in known.items():
        if key not in table:
            if f.default is MISSING and f.default_factory is MISSING:
                raise ValueError(f"{where}: field {key!r} is missing")
            continue
        allowed = _TYPES.get(key, (str,))
        if not isinstance(table[key], allowed) or isinstance(table[key], bool):
            raise ValueError(f"{where} {key} = {table[key]!r}: expected {' or '.join(t.__name__ for t in allowed)}")
        if allowed == (list,) and not all(isinstance(item, _ITEMS.get(key, str)) for item in table[key]):
            raise ValueError(f"{where} {key} = {table[key]!r}: expected a list of {_ITEMS.get(key, str).__name__}")


_TYPES = {
    "splits": (dict,), "download": (dict,), "also": (dict,), "layouts": (list,), "sizes": (list,), "defects": (list,),
    "leaks": (list,), "count": (int,), "psnr": (float,), "ssim": (float,),
}  # fmt: skip
_ITEMS = {"layouts": dict}


def _frozen(table: dict) -> dict:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


BENCHMARKS = MappingProxyType(load(SOURCE.read_text(encoding="utf-8")))


def benchmark(name: str) -> Benchmark:
    """A data set by name, capitals or not.  ValueError lists the names that are close, else all."""
    if name.lower() not in BENCHMARKS:
        close = get_close_matches(name.lower(), BENCHMARKS, n=3, cutoff=0.5)
        raise ValueError(f"data set {name!r}: {'did you mean' if close else 'choose one of'} {', '.join(close or BENCHMARKS)}")
    return BENCHMARKS[name.lower()]


def lookup(name: str) -> tuple[Benchmark, Split]:
    """`<set>` or `<set>/<split>`; without a split as `Benchmark.split` chooses.  ValueError as `benchmark`."""
    first, _, second = name.partition("/")
    found = benchmark(first)
    return found, found.split(second)
