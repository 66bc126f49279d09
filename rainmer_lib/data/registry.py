"""Registry of benchmarks: the known facts about each data set, read from benchmarks.toml and validated on reading."""

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
    """Archive at a stable address: its SHA-256, and the folder below the data root that receives its content."""

    url: str
    sha256: str
    folder: str


@dataclass(frozen=True)
class Split:
    """One split of a data set, `<set>/<split>`.  Facts that no source states are None or empty; nothing is guessed.

    `layouts`: the layouts in which the split is distributed; the first that fits is used.  `count`: rainy images (or photos,
    or layers).  `also`: other counts that copies have, each with its meaning.  `sizes`: `<width>x<height>`.  `sha256`: see
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
        """Return the folder of the split, below the data root unless `root` is given."""
        return (root or paths.data_root()) / self.folder

    def present(self, root: Path | None = None) -> bool:
        """Return whether the folders of one of the layouts exist; their content is not checked."""
        try:
            self.listing(root)
        except FileNotFoundError:
            return False
        return True

    def listing(self, root: Path | None = None) -> Listing:
        """List the files by the first layout whose folders exist; FileNotFoundError if there is none."""
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
    """A data set.  `defects`: known faults of copies that people have.  `get`: how to obtain the set."""

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
        """Return a split by name; without a name `all`, else `test`, else the only split.  ValueError lists the splits."""
        only = list(self.splits) if len(self.splits) == 1 else []
        chosen = name or next((part for part in ("all", "test", *only) if part in self.splits), "")
        if chosen not in self.splits:
            listed = ", ".join(f"{self.name}/{s}" for s in self.splits)
            raise ValueError(f"{self.name}{'/' + name if name else ''}: choose one of {listed}")
        return self.splits[chosen]

    def missing(self, what: str) -> str:
        """Return the message for a missing data set: where it belongs and how to get it."""
        return f"{self.title} is not there: {what}. Put it there, or set RAINMER_DATA to the folder that holds it. {self.get}"


def load(text: str) -> dict[str, Benchmark]:
    """Parse the registry from its TOML text; ValueError names the table and the field that is wrong."""
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
    """Return a data set by name, in upper or lower case; ValueError lists similar names, or all if there are none."""
    if name.lower() not in BENCHMARKS:
        close = get_close_matches(name.lower(), BENCHMARKS, n=3, cutoff=0.5)
        raise ValueError(f"data set {name!r}: {'did you mean' if close else 'choose one of'} {', '.join(close or BENCHMARKS)}")
    return BENCHMARKS[name.lower()]


def lookup(name: str) -> tuple[Benchmark, Split]:
    """Return the data set and the split of `<set>` or `<set>/<split>`.

    `Benchmark.split` chooses the split that is not given.  Raises the ValueError of `benchmark` or of `Benchmark.split`.
    """
    first, _, second = name.partition("/")
    found = benchmark(first)
    return found, found.split(second)
