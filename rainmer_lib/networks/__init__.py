"""Networks and blocks shared by several methods."""
