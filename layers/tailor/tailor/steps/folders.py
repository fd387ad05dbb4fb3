"""What lies in a dataset's folder, as one value that changes with it."""

import hashlib
import json

from tailor.storage import StoredFile


def fingerprint(prefix: str, files: list[StoredFile]) -> str:
    """SHA-256 over the names, sizes and entity tags of a dataset's files, recipe included; 64 hex digits."""
    listing = [[file.key.removeprefix(prefix), file.size, file.etag] for file in sorted(files, key=lambda f: f.key)]
    return hashlib.sha256(json.dumps([prefix, *listing]).encode()).hexdigest()
