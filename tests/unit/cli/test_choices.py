"""Names that the shell completes."""

from rainmer_lib.cli import choices
from rainmer_lib.methods import METHODS
from rainmer_lib.pretrained.models import DEFAULT


def test_completion_knows_the_names():
    assert DEFAULT in choices.models(DEFAULT[:3]) and choices.models("aut") == ["auto"] and "auto" in choices.models("")
    assert choices.profiles("q") == ["quick"]
    assert "rain12" in choices.test_sets("rain1") and choices.notebooks("train_d") == ["train_dcdgan"]
    assert choices.methods("") == list(METHODS) and choices.methods("dcd") == ["dcdgan"]
    assert choices.published("pre") == ["prenet", "prenet_r"] and "dcdgan" not in choices.published("")
