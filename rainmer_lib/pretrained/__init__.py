"""Trained networks by name or folder, their cards, and the shipped weights."""
