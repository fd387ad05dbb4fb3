"""Provide the gateway that benchmarks.serving compares with."""
