"""Freeze the upload of a run: record once, when the run is opened, the version of each of its files.

Uploads go on changing: files are replaced, added and deleted. Whatever a step reads of an upload later, it reads
through this manifest.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from tailor.errors import NotAllowedError, NotFoundError
from tailor.runs import Run
from tailor.steps.folders import fingerprint
from tailor.storage import FrozenStorage, StoredVersion, VersionedStorage

MANIFEST = "upload.jsonl.gz"
_NAMED = 3


def freeze(run: Run, files: Iterable[StoredVersion], bucket: VersionedStorage) -> None:
    """Write the manifest of a run's upload: one line of JSON for each file."""
    lines = (
        json.dumps(
            {
                "key": file.key,
                "version": file.version,
                "size": file.size,
                "etag": file.etag,
                "modified": file.modified.isoformat(),
            }
        )
        + "\n"
        for file in files
    )
    bucket.write(run.files + MANIFEST, gzip.compress("".join(lines).encode(), mtime=0), "application/gzip")


def copy_frozen(run: Run, to: Run, bucket: VersionedStorage) -> None:
    """Give another run the upload of this one.

    Raises:
        NotFoundError: the manifest of this run was deleted, and its folder has changed since.
    """
    files = list(_files(run, bucket))
    if fingerprint(run.prefix, files) != run.fingerprint:
        raise NotFoundError(f"the data of run {run.id} are not there any more", hint="upload the dataset again")
    freeze(to, files, bucket)


def frozen_upload(run: Run, bucket: VersionedStorage) -> FrozenStorage:
    """Return the bucket with the run's upload as it was when the run was opened.

    Runs of earlier versions have no manifest: for these, as it is now. Whoever reads compares the fingerprint.
    """
    return bucket.frozen(_files(run, bucket))


def gone(run: Run, bucket: VersionedStorage) -> list[str]:
    """Return the names of files that can't be read any more because the run's versions of them were deleted."""
    files = list(_files(run, bucket))
    frozen, now = bucket.frozen(files), {file.key: file.version for file in bucket.current(run.prefix)}
    changed = (file.key for file in files if now.get(file.key) != file.version)
    return [key.removeprefix(run.prefix) for key in changed if not _readable(frozen, key)]


def named(names: Sequence[str]) -> str:
    """Return the first names of a list as text, with the number of further ones."""
    more = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {more} more" if more > 0 else "")


def _files(run: Run, bucket: VersionedStorage) -> Iterator[StoredVersion]:
    key = run.files + MANIFEST
    # Looked for by a list, because S3 answers "not allowed" to who asks for a key that is not there.
    if not any(file.key == key for file in bucket.list(key)):
        yield from bucket.current(run.prefix)
        return
    for line in gzip.decompress(bucket.read(key)).splitlines():
        found = json.loads(line)
        yield StoredVersion(**{**found, "modified": datetime.fromisoformat(found["modified"])})


def _readable(frozen: FrozenStorage, key: str) -> bool:
    try:
        frozen.read(key, 0, 1)
    except (NotFoundError, NotAllowedError):
        return False
    return True
