"""Analysis of trained networks: features, prompts and views; and the effect of protocol deviations on scores."""
