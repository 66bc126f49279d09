"""Images: embedded photos, procedural rain, unpaired training sets, paired test sets."""
