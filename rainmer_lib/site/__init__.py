"""Static site: pages made from the catalogue, the records, the executed notebooks and the docstrings.

`python -m rainmer_lib.site FOLDER` assembles what Sphinx then builds with docs/conf.py; `make site` does both.
"""
