"""Experiments: the rows that each notebook compares, and the code that finds, trains and scores their runs."""
