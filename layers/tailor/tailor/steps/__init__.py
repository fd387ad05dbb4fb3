"""The steps of a run, one module a function. Each may be called twice, at once or late, and then does nothing."""
