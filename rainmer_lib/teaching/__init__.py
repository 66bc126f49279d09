"""Support for walkthroughs and exercises: small trainings, student copies, checks of attempts."""
