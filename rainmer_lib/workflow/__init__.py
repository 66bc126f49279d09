"""Pipeline from data to every table and figure, made of jobs that resume where they were interrupted (docs/pipeline.md)."""

import sys

# jsonschema, which nbformat imports, makes 40 grammars of this package for a kind of address that no notebook has: of the 2.7 s
# that a job took to start, 2.1.  Without the package it leaves out that one check.
sys.modules.setdefault("rfc3987_syntax", None)
