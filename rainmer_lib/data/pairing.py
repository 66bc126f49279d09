r"""Pair rainy or derained images with clean ones by their names.

auto      equal names; else the one answer of the rules below that leaves no image alone; else equal names as far as they go
name      equal names without suffix; in folders within, equal paths, or else equal names wherever they lie
number    equal numbers in the names: input1 with norain1, rain-001 with 1; or those of the clean name first: 901_14 with 901
order     the first with the first, in natural order: 2 before 10
A=B       a pattern of rainy names and the clean name that belongs to it: (\d+)_\d+=\1 pairs 901_14 with 901

Several rainy images may belong to one clean image.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path

WAYS = ("auto", "name", "number", "order")
SHOWN = 3  # names in a message; the others are only counted
EXAMPLE = r"'(\d+)_\d+=\1'"

Match = dict[str, str]  # rainy name -> clean name


@dataclass(frozen=True)
class Pairing:
    """Pairs of rainy and clean files in natural order, the rule that found them in words, and the files left without one."""

    pairs: tuple[tuple[Path, Path], ...]
    rule: str
    alone: tuple[Path, ...] = ()

    @property
    def story(self) -> str:
        """Return the rule with an example, such as `equal numbers: input1.png with norain1.png`."""
        return f"{self.rule}: " + ", ".join(f"{a.name} with {b.name}" for a, b in self.pairs[:1])


def few(names: Sequence[object]) -> str:
    """List the first names, and count the others."""
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(str(name) for name in names[:SHOWN]) + rest


def paired(rainy: Sequence[Path], clean: Sequence[Path], folders: tuple[Path, Path], by: str = "auto") -> Pairing:
    """Pair two lists of files below two folders, by one of the ways above.

    Raises ValueError on two files of one name, on another way, and if no file finds a partner or `auto` finds several answers;
    the message shows names and says how to go on.
    """
    named = [_names(files, folder) for files, folder in zip((rainy, clean), folders, strict=True)]
    ours, theirs = (sorted(names, key=natural) for names in named)
    rule, match = _auto(ours, theirs) if by == "auto" else _by(ours, theirs, by)
    if not match:
        raise ValueError(
            f"{folders[0]} has {few(ours)}, {folders[1]} has {few(theirs)}: {rule}; pair them by number, by order, or by a "
            f"pattern such as {EXAMPLE} (--pair-by)"
        )
    alone = [named[0][n] for n in ours if n not in match] + [named[1][n] for n in theirs if n not in set(match.values())]
    return Pairing(tuple((named[0][a], named[1][match[a]]) for a in ours if a in match), rule, tuple(alone))


def natural(name: str) -> list[tuple[str, int]]:
    """Return the key of the natural order, in which x2 stands before x10."""
    return [(text, int(number or -1)) for text, number in re.findall(r"(\D*)(\d*)", name)]


def numbers(name: str) -> tuple[int, ...]:
    """Return the numbers in a name, leading zeros dropped."""
    return tuple(int(digits) for digits in re.findall(r"\d+", name))


def _names(files: Sequence[Path], folder: Path) -> dict[str, Path]:
    """Map names, relative to a folder and without suffix, to files."""
    found: dict[str, Path] = {}
    for path in files:
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise ValueError(f"{found[name]} and {path} share a file stem; keep only one of them")
        found[name] = path
    return found


def _auto(ours: list[str], theirs: list[str]) -> tuple[str, Match]:
    """Return the first rule that leaves no image alone, unless another of its kind gives another answer."""
    for kind in _KINDS:
        whole = [(rule, match) for rule, find in kind.items() if _complete(match := find(ours, theirs), ours, theirs)]
        if whole and kind is not _NAMES and any(match != whole[0][1] for _, match in whole):
            return f"{' and '.join(rule for rule, _ in whole)} give different pairs", {}
        if whole:
            return whole[0]
    best = max(((rule, find(ours, theirs)) for rule, find in _NAMES.items()), key=lambda found: len(found[1]))
    return best if 2 * len(best[1]) >= len(ours) else ("no rule finds a partner for each", {})


def _by(ours: list[str], theirs: list[str], by: str) -> tuple[str, Match]:
    if by == "order":
        same = len(ours) == len(theirs)
        return ("order", dict(zip(ours, theirs, strict=True))) if same else (f"{len(ours)} and {len(theirs)} have no order", {})
    rules = {f"pattern {by}": _pattern(by)} if "=" in by else {"name": _NAMES, "number": _NUMBERS}.get(by)
    if not rules:
        raise ValueError(f"pairing by {by!r}: choose one of {', '.join(WAYS)}, or a pattern such as {EXAMPLE}")
    best = max(((rule, find(ours, theirs)) for rule, find in rules.items()), key=lambda found: len(found[1]))
    return best if best[1] else (f"no two belong together by {by}", {})


def _pattern(by: str) -> Callable[[list[str], list[str]], Match]:
    left, _, right = by.rpartition("=")
    try:
        rule = re.compile(left)

        def find(ours: list[str], theirs: list[str]) -> Match:
            at, expanded = set(theirs), {name: found.expand(right) for name in ours if (found := rule.fullmatch(name))}
            return {name: partner for name, partner in expanded.items() if partner in at}

        re.compile(rf"(?:{left})|").match("").expand(right)  # a group that does not exist is said now
    except (re.error, IndexError) as error:
        raise ValueError(f"pairing by {by!r}: {error}; expected a pattern such as {EXAMPLE}") from error
    return find


def _complete(match: Match, ours: list[str], theirs: list[str]) -> bool:
    return len(match) == len(ours) and set(match.values()) == set(theirs)


def _equal(ours: Sequence[tuple[str, Hashable]], theirs: Sequence[tuple[str, Hashable]], several: bool) -> Match:
    """Match names of equal keys; a key that is None, or that two clean names (unless `several`, two others) share, is none."""
    at: dict[Hashable, list[str]] = {}
    for name, key in theirs:
        at.setdefault(key, []).append(name)
    asked = [key for _, key in ours]
    once = {key for key, found in at.items() if key is not None and len(found) == 1 and (several or asked.count(key) == 1)}
    return {name: at[key][0] for name, key in ours if key in once}


def _keyed(key: Callable[[str], Hashable], several: bool = False) -> Callable[[list[str], list[str]], Match]:
    return lambda ours, theirs: _equal([(n, key(n)) for n in ours], [(n, key(n)) for n in theirs], several)


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _without_common(ours: list[str], theirs: list[str]) -> Match:
    """Match names after dropping what all names of a list begin and end with: rain_cat, rain_dog with cat_gt, dog_gt."""
    return _equal(*(list(zip(names, _cores([_base(name) for name in names]), strict=True)) for names in (ours, theirs)), False)


def _cores(names: list[str]) -> list[str | None]:
    start = re.sub(r"\d+$", "", commonprefix(names))  # never within a number
    end = re.sub(r"\d+$", "", commonprefix([name[:len(start) - 1 if start else None:-1] for name in names]))
    return [name[len(start) : len(name) - len(end)] or None for name in names]


def _beginning(ours: list[str], theirs: list[str]) -> Match:
    """Match names that begin with a clean name and go on behind a separator: 901_14 with 901, 1x2 with 1."""
    ends = re.compile(r"(?<=[^\W_])(?=[\W_])|(?<=\d)(?=\D)")
    at = set(theirs)
    starts = {name: [name[: m.start()] for m in ends.finditer(name) if name[: m.start()] in at] for name in ours}
    return {name: found[-1] for name, found in starts.items() if found}


def _among(part: Callable[[tuple[int, ...], int], tuple[int, ...]]) -> Callable[[list[str], list[str]], Match]:
    """Match names some of whose numbers, `part(numbers, how many)`, are those of a clean name; of several, the most."""

    def find(ours: list[str], theirs: list[str]) -> Match:
        clean = {numbers(name): name for name in theirs if numbers(name)}
        if len(clean) < len(theirs):
            return {}
        counts = {name: range(len(numbers(name)), 0, -1) for name in ours}
        found = {name: [part(numbers(name), n) for n in counts[name] if part(numbers(name), n) in clean] for name in ours}
        return {name: clean[keys[0]] for name, keys in found.items() if keys}

    return find


_NAMES = {"equal names": _keyed(lambda name: name), "equal names in other folders": _keyed(_base, several=True)}
_NUMBERS = {
    "equal numbers": _keyed(lambda name: numbers(name) or None),
    "the numbers of the clean name first": _among(lambda all_, n: all_[:n]),
    "the numbers of the clean name last": _among(lambda all_, n: all_[-n:]),
}
_PARTS = {"the clean name first": _beginning, "names but for what all begin and end with": _without_common}
_KINDS = (_NAMES, _PARTS, _NUMBERS)  # the surest first
