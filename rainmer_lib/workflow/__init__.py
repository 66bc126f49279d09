"""The pipeline: from data to every table and figure, as jobs that go on where they were cut (docs/pipeline.md)."""
