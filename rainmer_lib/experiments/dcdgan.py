"""What each notebook of DCD-GAN compares: method -> what it changes in the configuration.  Data, not code.

Stands outside of the notebooks because runs are shared: the workflow trains each once, before the notebooks that need it.
"""

from dataclasses import replace

from rainmer_lib.baselines.cyclegan_family import CUT, CYCLEGAN, DCLGAN
from rainmer_lib.dcdgan.config import DCDGANConfig, changed_fields, paper, released
from rainmer_lib.experiments.profiles import Profile

UNPAIRED = {"CycleGAN": CYCLEGAN, "CUT": CUT, "DCLGAN": DCLGAN, "DCD-GAN": {}}

COMPARISONS: dict[str, dict[str, dict]] = {
    "train_dcdgan": {"full": {}},
    # Table 4
    "ablation_losses": {
        "without contrastive": {"contrastive_weight": 0.0},
        "without colour": {"colour_weight": 0.0},
        "plain cycle instead of colour": {"colour_weight": 0.0, "plain_cycle_weight": 1.0},
        "without adversarial": {"adversarial_weight": 0.0},
        "without frequency": {"frequency_weight": 0.0},
        "full": {},
    },
    # Table 5
    "ablation_negatives": {"internal": {"negatives": "internal"}, "external": {"negatives": "external"}, "both": {}},
    # Table 6: without the backward cycle there is no rain-added image, hence no external negatives
    "ablation_backward_cycle": {"without backward cycle": {"backward_cycle": False, "negatives": "internal"}, "full": {}},
    # Fig. 11
    "closely_related": UNPAIRED,
    # Tables 1 to 3, Figs. 1, 4, 5, 6, 9, 10: every unpaired method that can be trained here
    "benchmarks": UNPAIRED,
    "real_world": UNPAIRED,
    "cross_domain": UNPAIRED,
    "application": UNPAIRED,
    # Fig. 3
    "feature_space": {"without contrastive": {"contrastive_weight": 0.0}, "full": {}},
    # what the authors released, beside what the paper says
    "paper_versus_code": {"released": changed_fields(released), "paper": {}},
}


def methods(item: str, profile: Profile) -> dict[str, DCDGANConfig]:
    """The configurations that a notebook compares, at a profile's size.

    A small profile scales the contrastive term; it scales that of a method that sets its own weight likewise.
    """
    base = profile.apply(paper)
    scale = base.contrastive_weight / paper.contrastive_weight
    found = {}
    for name, changes in COMPARISONS[item].items():
        weight = changes.get("contrastive_weight", paper.contrastive_weight)
        found[name] = replace(base, **changes | {"contrastive_weight": weight * scale})
    return found
