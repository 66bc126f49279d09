"""The terms of the objectives, one a file.  Each is a function of tensors and plain values."""
