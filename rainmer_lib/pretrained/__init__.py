"""Trained networks by name or folder, their cards, and the weights that ship."""
