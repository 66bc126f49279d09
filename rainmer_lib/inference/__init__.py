"""Deraining photos of any size: padding, tiles that agree with the untiled result, and the reach of a network."""
