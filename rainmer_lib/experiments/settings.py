"""The settings of an experiment: a notebook's checked parameters, with the data that they name."""

from dataclasses import dataclass
from typing import Any

from rainmer_lib.experiments.profiles import Profile


class WrongParameter(ValueError):
    """Parameter that a notebook does not have, or a value that the parameter does not accept."""


@dataclass(frozen=True)
class Settings:
    """Profile, training data, number of seeds, test sets, and the parameters as they were given."""

    profile: Profile
    data: Any
    seeds: int
    test_sets: tuple[str, ...]
    given: dict

    @property
    def shown(self) -> str:
        """Name of the test set whose images a notebook shows: the first beside the held-out photos, if there is another."""
        return self.test_sets[1] if len(self.test_sets) > 1 else self.test_sets[0]

    def suffix(self) -> str:
        """Return the file-name suffix of results with changed parameters; empty for the profile's own results."""
        normal = {"data": self.profile.data, "seeds": self.profile.seeds, "minutes": 0.0}
        actual = {"data": self.data.name, "seeds": self.seeds, "minutes": self.profile.minutes}
        return "".join(f"__{name}-{value}" for name, value in actual.items() if value != normal[name])
