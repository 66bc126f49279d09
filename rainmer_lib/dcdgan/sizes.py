"""Changes that each profile makes to DCD-GAN's configuration.

`quick` and `laptop` also change the balance of the objective, because the paper's balance needs longer training; `gpu` and
`paper` do not.
"""

from rainmer_lib.training.method import Size

# What lets minutes suffice: a generator that keeps every pixel and removes one layer of rain; discriminators that see the
# detail, learn before the generators start, see earlier images again, and look for rain that is left; a small crop.
_SMALL = {
    "generator": "rain_layer", "antialias": False, "discriminator_layers": 2, "discriminator_sees": "both",
    "discriminator_norm": False, "discriminator_originals": True,
    "adversarial_loss": "least_squares", "forward_cycle_share": 0.25, "identity_weight": 1.0, "identity_rainy": False,
    "learning_rate": 1e-3, "discriminators_learning_rate": 1e-3, "heads_learning_rate": 1e-3, "schedule": "cosine",
}

SIZES = {
    "quick": Size(
        # With so few photos a discriminator that sees tones tells the photos apart, not rain: it sees detail alone.
        _SMALL | {
            "width": 16, "blocks": 3, "taps": ("stem", "block1", "block2", "block3"), "patches": 64, "embedding": 64,
            "discriminator_width": 24, "discriminator_sees": "detail", "warm_up": 40, "warm_up_batch": 8, "crop": 48,
            "batch": 4, "steps": 100, "identity_weight": 2.0, "learning_rate": 2e-3, "ema": 0.95,
        },
        scaled={"contrastive_weight": 0.025},
        duration="seconds a training run on one core", log_every=30, save_every=1000,
    ),
    "laptop": Size(
        # Chosen on the held-out photos (docs/training_small.md).
        _SMALL | {
            "width": 32, "blocks": 5, "taps": ("stem", "block1", "block3", "block5"), "embedding": 64,
            "discriminator_width": 24, "discriminator_replay": 12, "warm_up": 400, "crop": 48, "batch": 4, "steps": 1200,
            "ema": 0.99,
        },
        scaled={"contrastive_weight": 0.025},
        duration="about four minutes a training run on one core",
    ),
    # The paper's networks and objective in minutes: crops of 128 pixels, which the discriminators' patches of 84 fit into, in
    # batches that keep a GPU busy; twice the paper's learning rate for eight times its batch and fewer steps.
    "gpu": Size(
        {
            "batch": 8, "crop": 128, "steps": 30_000, "minutes": 9.0, "learning_rate": 2e-4,
            "discriminators_learning_rate": 2e-4, "heads_learning_rate": 2e-4, "precision": "bfloat16", "channels_last": True,
            "compile": True,
        },
        duration="nine minutes a training run on a GPU", log_every=50,
    ),
    # the paper's 600 epochs: of the 186 photos on which BSD-Streaks renders rain, or of a chosen set's own
    "paper": Size(
        {"steps": 600 * 186, "precision": "bfloat16"},
        duration="hours a training run on a GPU", log_every=200, save_every=2000, epochs=600,
    ),
}  # fmt: skip
