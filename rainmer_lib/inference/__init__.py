"""Deraining photos of any size: padding, tiles that agree with the untiled result, and how far a network sees."""
