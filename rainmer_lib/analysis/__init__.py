"""Analysis of trained networks: their features, prompts and views, and what a deviation from a protocol does to a score."""
