"""Figures: one style, and one function for each kind of figure."""
