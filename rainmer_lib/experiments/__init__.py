"""Experiments: what each notebook compares, how its runs are trained or found, and how they are scored."""
