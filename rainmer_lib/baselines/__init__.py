"""Compared methods, one file each, one interface."""
