"""Changes that each profile makes to DCD-GAN's configuration.

`quick` and `laptop` also change the balance of the objective, because the paper's balance needs longer training; `paper`
does not.
"""

from rainmer_lib.training.method import Size

SIZES = {
    "quick": Size(
        {
            "width": 8, "blocks": 2, "discriminator_width": 16, "antialias": False, "global_residual": True,
            "taps": ("down1", "down2", "block1", "block2"), "patches": 64, "embedding": 64, "crop": 48, "batch": 2,
            "steps": 60,
            "learning_rate": 5e-4, "discriminators_learning_rate": 5e-4, "heads_learning_rate": 1e-3,
            "adversarial_loss": "least_squares", "ema": 0.98,
        },
        scaled={"contrastive_weight": 0.1},
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        {
            # Chosen on the held-out photos (docs/training_small.md).  Many small crops and a replay of earlier images, because
            # a discriminator needs many photos before it recognises rain; discriminators of two layers, and no
            # anti-aliasing, because it would blur thin streaks; a weaker contrastive term, because at full weight it keeps so
            # short a training at the identity; the identity term of the authors' code, because it preserves the tones.
            "width": 16, "blocks": 4, "discriminator_width": 32, "antialias": False, "global_residual": True,
            "taps": ("down1", "down2", "block1", "block3"), "crop": 48, "batch": 4, "steps": 1200,
            "discriminator_replay": 12, "discriminator_layers": 2,
            "learning_rate": 5e-4, "discriminators_learning_rate": 5e-4, "heads_learning_rate": 1e-3,
            "adversarial_loss": "least_squares", "identity_weight": 1.0, "ema": 0.995,
        },
        scaled={"contrastive_weight": 0.025},
        duration="about eight minutes a training run on one core",
    ),
    # the paper's 600 epochs, each of the 186 photos on which BSD-Streaks renders rain
    "paper": Size(
        {"steps": 600 * 186, "precision": "bfloat16"},
        duration="hours a training run on a GPU", log_every=200, save_every=2000,
    ),
}  # fmt: skip
