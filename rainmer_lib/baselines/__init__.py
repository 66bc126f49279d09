"""Methods for comparison, one file each, all with the same interface."""
