"""Identify the content of a dataset's folder by one value."""

import hashlib
import json
from collections.abc import Iterable

from tailor.file_kinds import FileKind, kind_of
from tailor.storage import StoredFile


def without_junk[F: StoredFile](prefix: str, files: Iterable[F]) -> list[F]:
    """Return the files that make a dataset: what tools leave behind changes nothing about it."""
    leftovers = (FileKind.JUNK, FileKind.DONE)
    return [file for file in files if kind_of(file.key.removeprefix(prefix), file.size) not in leftovers]


def fingerprint(prefix: str, files: list[StoredFile]) -> str:
    """Return a SHA-256 (64 hex digits) of the names, sizes and entity tags of a dataset's files, junk left out."""
    files = sorted(without_junk(prefix, files), key=lambda file: file.key)
    listing = [[file.key.removeprefix(prefix), file.size, file.etag] for file in files]
    return hashlib.sha256(json.dumps([prefix, *listing]).encode()).hexdigest()
