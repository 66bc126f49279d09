"""The command line: `rainmer --help`."""
