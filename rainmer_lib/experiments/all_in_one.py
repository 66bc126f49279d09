"""Beyond rain: rain, drops on the lens and snow in one model, beside a model of the same budget that has seen rain alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from rainmer_lib.claims.over_images import both_verdicts, paired_tests
from rainmer_lib.data.paired import Chosen, MixedPairs, PairedRain
from rainmer_lib.data.paired_folders import folder_domain, listing_of
from rainmer_lib.data.rendered_domains import DOMAINS, rendered_domain
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.experiments.compare import Comparison, scored
from rainmer_lib.experiments.fixed_methods import each_seed
from rainmer_lib.experiments.measures import check_measures
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.rainmer import one_seed_at_quick, train_run
from rainmer_lib.rainmer.config import RainmerConfig, paper
from rainmer_lib.rainmer.sizes import PROFILES
from rainmer_lib.workflow.parameters import Settings

# weather -> its rendered domain (data.rendered_domains) and the published set that it stands for here.  Outdoor-Rain is
# rain within a veil, so its domain is `haze`.
WEATHERS = {"rain": ("haze", "Outdoor-Rain"), "drops": ("drops", "Raindrop"), "snow": ("snow", "Snow100K")}
FOLDERS = {"rain": "outdoorrain", "drops": "raindrop", "snow": "snow"}  # of the published sets (data.paired_folders)
ONE, RAIN_ONLY = "all weathers", "rain only"
METHODS: dict[str, tuple[str, ...]] = {RAIN_ONLY: ("rain",), ONE: tuple(WEATHERS)}  # what each is trained on
SAMPLING = "domains"  # every weather with equal chance, whatever its size
# of each weather: pairs to train on, rendered once and kept in memory (about 1 MB a pair), and held-out pairs at most
PAIRS = {"quick": (16, 2), "laptop": (160, 24), "paper": (3000, 24)}
INPUT = "input"


@dataclass(frozen=True)
class Weathers:
    """The weathers by name, under the name of the photos that they are rendered on, or of the sets."""

    name: str
    domains: Mapping[str, PairedRain]

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits: those of the mixture of all."""
        return self.only(tuple(self.domains)).fingerprint

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """The held-out pairs by weather."""
        return {name: domain.held for name, domain in self.domains.items()}

    def only(self, weathers: Sequence[str]) -> MixedPairs:
        """Some of the weathers as one training set, each drawn with equal chance."""
        chosen = tuple(self.domains[name] for name in weathers)
        return MixedPairs(chosen, sampling=SAMPLING, view=chosen[0].view)

    def summary(self) -> dict[str, int]:
        """Counts, for a notebook to print."""
        return self.only(tuple(self.domains)).summary()


def rendered_weathers(source: UnpairedRain, pairs: int, held: int, view: int, keep: bool = True) -> Weathers:
    """Rain, drops and snow on the photos of `source`: `pairs` of each, rendered once and kept in memory.

    The held-out photos stay held out; the first `held` of them make the held-out pairs.  `view` is the side of whole images
    in pixels.  Nothing is rendered yet if `keep` is False.  ValueError if one of the numbers is below 1.
    """
    if min(pairs, held) < 1:
        raise ValueError(f"pairs={pairs}, held={held}: expected one of each weather at least")
    domains = {}
    for weather, (name, _) in WEATHERS.items():
        images = -(-pairs // DOMAINS[name].size)
        domain = rendered_domain(name, source, images, view).subset(range(pairs))
        domain = domain.in_memory() if keep else domain
        tests = Chosen(domain.held, tuple(range(min(held, len(domain.held)))))
        domains[weather] = replace(domain, name=weather, held=tests)
    return Weathers(source.name, domains)


def weathers_at(profile: Profile, source: UnpairedRain, keep: bool = True) -> Weathers:
    """The rendered weathers of a profile, in its numbers and size."""
    return rendered_weathers(source, *PAIRS[profile.name], profile.apply(paper).view_size, keep)


class PublishedWeathers:
    """The sets of All-in-One as a choice of the parameter `data`; FileNotFoundError says how to get them."""

    name = "published"

    def __init__(self) -> None:
        for folder in FOLDERS.values():
            listing_of(folder)

    def weathers(self, held: int, view: int) -> Weathers:
        """Each weather from its folder; `held` clean photos of each are held out, with all their images.

        Pairs are read when they are drawn.  `view` is the side of whole images in pixels.  ValueError if a set has no more
        than `held` photos.
        """
        domains = {name: folder_domain(folder, view, hold_out=held) for name, folder in FOLDERS.items()}
        return Weathers(self.name, {name: replace(domain, name=name) for name, domain in domains.items()})


PUBLISHED = {PublishedWeathers.name: PublishedWeathers}


def on_weathers(settings: Settings) -> Settings:
    """The checked parameters of a notebook with Rainmer's profile and the three weathers, whose held-out pairs are the test
    sets; no benchmark has drops or snow."""
    profile, source = PROFILES[settings.profile.name], settings.data
    if isinstance(source, PublishedWeathers):
        data = source.weathers(PAIRS[profile.name][1], profile.apply(paper).view_size)
    else:
        data = weathers_at(profile, source)
    return one_seed_at_quick(replace(settings, profile=profile, data=data, test_sets=tuple(data.domains)))


def compare(config: RainmerConfig, settings: Settings, say=print) -> Comparison:
    """One configuration trained on what each of `METHODS` names, for each seed, and scored on the held-out pairs of every
    weather.  Steps, batches and initial weights are alike.  Finished runs are found again; broken ones resume."""
    runs = [
        train_run(method, replace(config, seed=seed), data_of(method, settings.data), settings.profile, say)
        for seed in range(settings.seeds)
        for method in METHODS
    ]
    return scored(runs, settings)


def data_of(method: str, data: Weathers) -> MixedPairs:
    """What a method trains on."""
    return data.only(METHODS[method])


def verdicts(comparison: Comparison, protocol: str) -> pd.DataFrame:
    """Is the model of all weathers better than doing nothing, and than the model of rain alone?  On each weather.

    Columns test_set, metric, better, worse, difference, spread, seeds, verdict, over: over the seeds as
    `claims.check_order`, over the images as `paired.compare_images`, whose low, high, p and images stand beside.
    """
    means = comparison.means()
    others = [INPUT, RAIN_ONLY]
    table = each_seed(means[means.protocol == protocol])
    over_seeds = check_measures(table, ONE, others, {"psnr": 1, "ssim": 1}, "test_set").rename(columns={"measure": "metric"})
    over_images = paired_tests(comparison.scores, [(ONE, other) for other in others], protocol)
    return both_verdicts(over_seeds, over_images)
