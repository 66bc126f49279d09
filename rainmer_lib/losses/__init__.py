"""Loss terms of the objectives, one per file; each is a function of tensors and plain values."""
