"""Networks and blocks that several methods are built of."""
