"""Identify a dataset's folder: its names, the files that count, and a fingerprint of their content."""

import hashlib
import json
from collections.abc import Iterable, Iterator

from tailor.errors import InvalidInputError
from tailor.file_kinds import FileKind, kind_of
from tailor.findings import Finding, finding
from tailor.names import DatasetPath, check_name
from tailor.storage import StoredFile


def name_problems(path: DatasetPath) -> Iterator[Finding]:
    """Yield a finding for the project's and the dataset's folder if AWS would refuse its name."""
    for name, what in ((path.project, "project"), (path.dataset, "dataset")):
        try:
            check_name(name, f"the {what}'s folder name")
        except InvalidInputError as error:
            yield finding("invalid-name", reason=error.message, hint=error.hint)


def without_junk[F: StoredFile](prefix: str, files: Iterable[F]) -> list[F]:
    """Return the files that make up the dataset, without what tools leave behind."""
    leftovers = (FileKind.JUNK, FileKind.DONE)
    return [file for file in files if kind_of(file.key.removeprefix(prefix), file.size) not in leftovers]


def fingerprint(prefix: str, files: Iterable[StoredFile]) -> str:
    """Return a SHA-256 (64 hex digits) of the names, sizes and entity tags of a dataset's files, without junk."""
    files = sorted(without_junk(prefix, files), key=lambda file: file.key)
    listing = [[file.key.removeprefix(prefix), file.size, file.etag] for file in files]
    return hashlib.sha256(json.dumps([prefix, *listing]).encode()).hexdigest()
