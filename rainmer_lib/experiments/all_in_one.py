"""Beyond rain: one model for rain, drops on the lens and snow, against a model of the same budget trained on rain alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from rainmer_lib.claims.over_images import both_verdicts, paired_tests
from rainmer_lib.claims.over_seeds import check_measures, each_seed
from rainmer_lib.data.paired import Chosen, MixedPairs, PairedRain
from rainmer_lib.data.paired_folders import folder_domain, listing_of
from rainmer_lib.data.rendered_domains import DOMAINS, rendered_domain
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments.compare import Comparison
from rainmer_lib.experiments.experiment import Experiment, Row, row_of
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.rainmer_rows import RAINMER
from rainmer_lib.experiments.settings import Settings

# weather -> its rendered domain (data.rendered_domains) and the published set that it stands in for.  Outdoor-Rain is
# rain within a veil, so its domain is `haze`.
WEATHERS = {"rain": ("haze", "Outdoor-Rain"), "drops": ("drops", "Raindrop"), "snow": ("snow", "Snow100K")}
FOLDERS = {"rain": "outdoorrain", "drops": "raindrop", "snow": "snow"}  # folders of the published sets (data.paired_folders)
ONE, RAIN_ONLY = "all weathers", "rain only"
METHODS: dict[str, tuple[str, ...]] = {RAIN_ONLY: ("rain",), ONE: tuple(WEATHERS)}  # weathers that each row is trained on
SAMPLING = "domains"  # draws every weather with equal probability, whatever its size
# profile -> for each weather: training pairs, rendered once and kept in memory (about 1 MB a pair), and at most so many
# held-out pairs
PAIRS = {"quick": (16, 2), "laptop": (160, 24), "gpu": (480, 24), "paper": (3000, 24)}
# profile -> fields in which the runs differ from Rainmer's size: 900 steps, 19 minutes, at the photos' full resolution.  What
# the cheaper steps of that size gave in pilots is in docs/training_small.md
CHANGES = {
    "laptop": {
        "reduction": 1, "mixture_steps": 4, "start": "random", "width": 12, "crop": 48, "batch": 4, "memory_bank": 64,
        "learning_rate": 1e-3, "ema": 0.0, "steps": 900,
    }
}  # fmt: skip
INPUT = "input"


@dataclass(frozen=True)
class Weathers:
    """Paired domains by weather; `name` is that of the photos they are rendered on, or of the published sets.

    `pending`: nothing is rendered yet; each row renders its own training pairs and keeps them in memory.  `rendered`: the
    domains stand in for published sets.
    """

    name: str
    domains: Mapping[str, PairedRain]
    pending: bool = False
    rendered: bool = True

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the mixture of all weathers, 16 hexadecimal digits."""
        return self.only(tuple(self.domains)).fingerprint

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """The held-out pairs by weather."""
        return {name: domain.held for name, domain in self.domains.items()}

    def only(self, weathers: Sequence[str]) -> MixedPairs:
        """Return some of the weathers as one training set, each drawn with equal probability."""
        chosen = tuple(self.domains[name] for name in weathers)
        return MixedPairs(chosen, sampling=SAMPLING, view=chosen[0].view)

    def summary(self) -> dict[str, int]:
        """Counts, for a notebook to print."""
        return self.only(tuple(self.domains)).summary()


def rendered_weathers(source: UnpairedRain, pairs: int, held: int, view: int, keep: bool = True) -> Weathers:
    """Render rain, drops and snow on the photos of `source`: `pairs` of each, rendered once and kept in memory.

    The held-out photos stay held out; the first `held` of them make the held-out pairs.  `view` is the side of whole images
    in pixels.  With `keep` False nothing is rendered yet.  ValueError if `pairs` or `held` is below 1.
    """
    if min(pairs, held) < 1:
        raise ValueError(f"pairs={pairs}, held={held}: expected at least one pair of each weather")
    domains = {}
    for weather, (name, _) in WEATHERS.items():
        images = -(-pairs // DOMAINS[name].size)
        domain = rendered_domain(name, source, images, view).subset(range(pairs))
        domain = domain.in_memory() if keep else domain
        tests = Chosen(domain.held, tuple(range(min(held, len(domain.held)))))
        domains[weather] = replace(domain, name=weather, held=tests)
    return Weathers(source.name, domains, pending=not keep)


def weathers_at(source: "UnpairedRain | PublishedWeathers", profile: str, keep: bool = True) -> Weathers:
    """Return the weathers at a profile's pair counts and image size: rendered on the photos of `source`, or published."""
    pairs, held = PAIRS[profile]
    view = RAINMER.at(profile).view_size
    if isinstance(source, PublishedWeathers):
        return source.weathers(held, view)
    return rendered_weathers(source, pairs, held, view, keep)


class PublishedWeathers:
    """The sets of All-in-One that are there, a choice of the parameter `data`: rain, and drops, snow or both.

    `name` is `published` if all three are there, else the folders of those that are.  FileNotFoundError says how to get what
    is missing.
    """

    name = "published"

    def __init__(self) -> None:
        absent = {}
        for weather, folder in FOLDERS.items():
            try:
                listing_of(folder)
            except FileNotFoundError as error:
                absent[weather] = str(error)
        self.present = {weather: folder for weather, folder in FOLDERS.items() if weather not in absent}
        self.absent = tuple(absent)
        if "rain" in absent or len(self.present) < 2:
            raise FileNotFoundError(f"rain and one more weather are needed. {' '.join(absent.values())}")
        if absent:
            self.name = "+".join(self.present.values())

    def weathers(self, held: int, view: int, say: Callable[[str], None] = print) -> Weathers:
        """Return each weather from its folder; `held` clean photos of each are held out, with all their images.

        Pairs are read when they are drawn.  `view` is the side of whole images in pixels.  ValueError if a set has no more
        than `held` photos.
        """
        if self.absent:
            say(f"absent: {', '.join(self.absent)}; the model of {ONE} is trained on {', '.join(self.present)}")
        domains = {name: folder_domain(folder, view, hold_out=held) for name, folder in self.present.items()}
        return Weathers(self.name, {name: replace(domain, name=name) for name, domain in domains.items()}, rendered=False)


PUBLISHED = {PublishedWeathers.name: PublishedWeathers}


def on_weathers(settings: Settings) -> Settings:
    """Return a notebook's settings with the three weathers as data and their held-out pairs as test sets.

    No benchmark has drops or snow.
    """
    data = weathers_at(settings.data, settings.profile.name)
    return replace(settings, data=data, test_sets=tuple(data.domains))


def rows(profile: Profile, present: Sequence[str] = tuple(WEATHERS)) -> dict[str, Row]:
    """Return a row for each entry of `METHODS`: one configuration, trained on the weathers that the entry names.

    Of these only the weathers that are `present`.  Steps, batches and initial weights are the same for all rows.
    """
    found = {}
    for label, named in METHODS.items():
        weathers = tuple(weather for weather in named if weather in present)
        remark = f"trained on {', '.join(weathers)}"
        row = row_of(RAINMER, profile, **CHANGES.get(profile.name, {}))
        found[label] = replace(row, data=partial(data_of, weathers=weathers), remark=remark)
    return found


def data_of(data: Weathers, keep: bool = True, *, weathers: tuple[str, ...]) -> MixedPairs:
    """Return the training set of a row; with `keep`, pending pairs are rendered and kept in memory."""
    mixed = data.only(weathers)
    return mixed.in_memory() if keep and data.pending else mixed


def verdicts(comparison: Comparison, protocol: str) -> pd.DataFrame:
    """Test on each weather whether the model of all weathers beats the unprocessed input and the model of rain alone.

    Columns test_set, metric, better, worse, difference, spread, seeds, verdict, over.  Rows over seeds follow
    `claims.over_seeds.check_order`; rows over images follow `claims.over_images.compare_images` and also have its columns
    low, high, p and images.
    """
    means = comparison.means()
    others = [INPUT, RAIN_ONLY]
    table = each_seed(means[means.protocol == protocol])
    over_seeds = check_measures(table, ONE, others, {"psnr": 1, "ssim": 1}, "test_set").rename(columns={"measure": "metric"})
    over_images = paired_tests(comparison.scores, [(ONE, other) for other in others], protocol)
    return both_verdicts(over_seeds, over_images)


# A job renders only the pairs that its own row trains on, when it needs them
EXPERIMENTS = {
    "all_in_one": Experiment(
        rows, lambda source, profile, keep=True: weathers_at(source, profile, keep=False), lambda profile: tuple(WEATHERS)
    )
}
