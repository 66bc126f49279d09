"""Downstream perception on images: object detection, and the probability of rain."""
