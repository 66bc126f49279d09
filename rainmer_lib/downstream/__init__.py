"""What other programs see in an image: objects, and the probability of rain."""
