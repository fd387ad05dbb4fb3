"""Steps of a run, one module for each function. A step may be called twice, at once or late; it then does nothing."""
