"""Measuring: named protocols, inference at any size, tables of scores."""
