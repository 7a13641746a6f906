"""CSV in, scored CSV out: rows of a table scored by a served model, each exactly once and in order."""
