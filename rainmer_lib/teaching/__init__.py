"""What the walkthroughs and exercises need beyond the library: small trainings, student copies, checks of attempts."""
