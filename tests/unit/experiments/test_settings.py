"""Settings say in a suffix what makes them other than the profile's own."""

from dataclasses import replace
from types import SimpleNamespace

from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.settings import Settings, WrongParameter


def test_results_with_changed_parameters_carry_them_in_their_names():
    laptop = profile("laptop")
    own = Settings(laptop, SimpleNamespace(name=laptop.data), laptop.seeds, laptop.test_sets, {})
    assert own.suffix() == "" and replace(own, seeds=1).suffix() == "__seeds-1"
    other = SimpleNamespace(name="embedded")
    assert replace(own, data=other).suffix() == "__data-embedded"
    assert replace(own, data=other, seeds=1).suffix() == "__data-embedded__seeds-1"
    assert replace(own, profile=replace(laptop, minutes=2)).suffix() == "__minutes-2"
    assert replace(own, test_sets=("held-out",)).suffix() == "", "of neither data nor seeds"


def test_a_wrong_parameter_is_a_wrong_value():
    assert issubclass(WrongParameter, ValueError)
