"""Figures: one style, one function a kind of picture."""
