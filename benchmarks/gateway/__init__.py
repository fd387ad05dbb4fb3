"""The other side of benchmarks.serving."""
