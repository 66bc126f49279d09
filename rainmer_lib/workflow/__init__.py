"""Pipeline from data to every table and figure, made of jobs that resume where they were interrupted (docs/pipeline.md)."""
