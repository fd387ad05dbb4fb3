"""Identify the content of a dataset's folder by one value."""

import hashlib
import json

from tailor.storage import StoredFile


def fingerprint(prefix: str, files: list[StoredFile]) -> str:
    """Return a SHA-256 (64 hex digits) of the names, sizes and entity tags of a dataset's files."""
    listing = [[file.key.removeprefix(prefix), file.size, file.etag] for file in sorted(files, key=lambda f: f.key)]
    return hashlib.sha256(json.dumps([prefix, *listing]).encode()).hexdigest()
