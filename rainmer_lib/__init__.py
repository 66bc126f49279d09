"""Single image deraining, reproducible: the companion of DCD-GAN (CVPR 2022) and Rainmer (ACM MM 2024)."""

__version__ = "0.1.0"
