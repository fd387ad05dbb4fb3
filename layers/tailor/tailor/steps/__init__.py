"""The steps of a run, one module a function. Each may be called twice, at the same time, or late, and then does nothing."""
