"""What `monitor run` has kept of a model, as figures of a page. No row of the log is read for it."""
