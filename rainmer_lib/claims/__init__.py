"""Verdicts on claims: whether a ranking of methods holds over training seeds, and over the images of a test set."""
