"""Verdicts on claims: whether an order of methods holds over training seeds, and over the images of a test set."""
