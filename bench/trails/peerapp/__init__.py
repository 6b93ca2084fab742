"""An app with three tables of the same columns."""
