"""The library, importable without AWS: only :mod:`tailor.aws` imports boto3."""

__version__ = "0.1.0"
