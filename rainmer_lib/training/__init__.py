"""Run folders, checkpoints, schedules and the loop that every method shares."""
