"""Upload a dataset's files so that an interruption costs only what was not sent. Used by ``tailor push`` and the API.

:func:`begin` writes the list of files as ``_UPLOADING`` into the folder. While it lies there, no run starts
(:mod:`tailor.steps.settle`), and whoever begins the same upload again learns what has not arrived. :func:`finish`
looks whether everything is there, empties that file, and writes ``_DONE``, which starts the run.

A file has arrived if an object of its size came after the list was written. What lay there before is replaced, even if
it is equal: the same upload twice means that its run is to be tried again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from mimetypes import guess_type

from pydantic import Field, ValidationError

from tailor.errors import ConflictError, NotFoundError
from tailor.file_kinds import DONE_FILE, UPLOADING_FILE
from tailor.records import Record
from tailor.storage import Part, PartedStorage, Storage, StoredFile

PART_BYTES = 16 * 1024 * 1024
MOST_PARTS = 10_000  # S3's limit
_AT_ONCE = 16
_NAMED = 3


class IncompleteError(ConflictError):
    """Raised if some files of an upload have not arrived."""

    code = "upload-incomplete"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file to upload, by its name in the dataset. ``modified`` is in milliseconds since 1970."""

    name: str
    size: int
    modified: int


class PlannedFile(Record):
    """A file of an upload."""

    name: str
    size: int
    modified: int
    since: datetime | None = Field(default=None, description="an object that came since is it; none: since the list")
    before: str = Field(default="", description="the entity tag of what lay there")
    upload: str = Field(default="", description="the id of its upload in parts; empty: it is sent whole")

    @property
    def part_bytes(self) -> int:
        """Return the size of its parts, chosen as boto3 does: equal files get equal entity tags."""
        size = PART_BYTES
        while size * MOST_PARTS < self.size:
            size *= 2
        return size

    def pieces(self) -> Iterator["Piece"]:
        """Yield the pieces to send."""
        if self.size < PART_BYTES:
            yield Piece(self.name, 0, 0, self.size)
            return
        for number, start in enumerate(range(0, self.size, self.part_bytes), start=1):
            yield Piece(self.name, number, start, min(self.part_bytes, self.size - start))

    def is_same(self, file: LocalFile) -> bool:
        return (self.size, self.modified) == (file.size, file.modified)


class UploadPlan(Record):
    """An upload that was begun: the content of ``_UPLOADING``."""

    by: str
    begun_at: datetime
    files: tuple[PlannedFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes sent by one request: a whole file (``part`` 0) or one of its parts."""

    name: str
    part: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in progress, with what has not arrived yet. ``resumed``: it was begun earlier."""

    plan: UploadPlan
    remaining: tuple[Piece, ...]
    resumed: bool

    @property
    def remaining_bytes(self) -> int:
        return sum(piece.size for piece in self.remaining)


def begin(
    files: Sequence[LocalFile],
    bucket: PartedStorage,
    prefix: str,
    *,
    by: str,
    now: datetime,
    replace: bool = False,
) -> Upload:
    """Begin to upload files into a folder, or resume an interrupted upload of the same files.

    Args:
        prefix: the dataset's folder, with a slash at its end.
        replace: take the place of an unfinished upload of other files; what both name is not sent twice.

    Raises:
        ConflictError: an unfinished upload has other files.
    """
    folder = _Folder.read(bucket, prefix)
    old = folder.plan
    known = {file.name: file for file in old.files} if old else {}
    if old and not replace and known.keys() != {file.name for file in files}:
        begun = f"{len(old.files):,} files, begun {old.begun_at:%Y-%m-%d %H:%M} UTC by {old.by}"
        raise ConflictError(f"another upload into this folder is not finished: {begun}", hint="finish or replace it")
    plan = UploadPlan(
        by=old.by if old else by,
        begun_at=old.begun_at if old else now,
        files=tuple(_planned(file, known.get(file.name), folder.files.get(file.name)) for file in files),
    )
    kept = {file.upload for file in plan.files}
    stale = [file for file in known.values() if file.upload and file.upload not in kept]
    _at_once(lambda file: bucket.drop_parts(prefix + file.name, file.upload), stale)
    return _look(plan, folder, bucket)


def resume(bucket: PartedStorage, prefix: str, *, strictly: bool = True) -> Upload | None:
    """Return the unfinished upload into a folder; None if there is none.

    Args:
        strictly: doubt an object that came in the same second as the list, and is equal to what lay there before.
    """
    folder = _Folder.read(bucket, prefix)
    return _look(folder.plan, folder, bucket, strictly=strictly) if folder.plan else None


def finish(bucket: PartedStorage, prefix: str, *, more: Mapping[str, bytes] | None = None) -> None:
    """Finish an upload, which starts the run. A folder without an unfinished upload is marked as complete.

    Args:
        more: files to write into the folder before that, by name.

    Raises:
        IncompleteError: some files have not arrived.
    """
    upload = resume(bucket, prefix, strictly=False)
    if upload and upload.remaining:
        names = list(dict.fromkeys(piece.name for piece in upload.remaining))
        some = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        raise IncompleteError(
            f"{len(names):,} of {len(upload.plan.files):,} files have not arrived: {some}", hint="upload them, then end"
        )
    for name, data in (more or {}).items():
        bucket.write(prefix + name, data)
    if upload:
        bucket.write(f"{prefix}{UPLOADING_FILE}", b"")
    bucket.write(f"{prefix}{DONE_FILE}", b"")


def read_plan(bucket: Storage, prefix: str) -> UploadPlan | None:
    """Return the unfinished upload's list of files; None if there is none, or if a person wrote the file."""
    try:
        return UploadPlan.model_validate_json(bucket.read(f"{prefix}{UPLOADING_FILE}") or b"null")
    except (NotFoundError, ValidationError):
        return None


def content_type(name: str) -> str:
    """Return the media type with which a file is stored."""
    return guess_type(name)[0] or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder's listing, with the unfinished upload into it. All files of that upload have a modification time."""

    prefix: str
    files: Mapping[str, StoredFile]
    plan: UploadPlan | None

    @classmethod
    def read(cls, bucket: Storage, prefix: str) -> "_Folder":
        files = {file.key.removeprefix(prefix): file for file in bucket.list(prefix)}
        plan = read_plan(bucket, prefix) if UPLOADING_FILE in files else None
        if plan:
            since = files[UPLOADING_FILE].modified
            dated = (file if file.since else file.model_copy(update={"since": since}) for file in plan.files)
            plan = plan.model_copy(update={"files": tuple(dated)})
        return cls(prefix, files, plan)


def _planned(file: LocalFile, known: PlannedFile | None, lies: StoredFile | None) -> PlannedFile:
    if known and known.is_same(file):
        return known
    return PlannedFile(name=file.name, size=file.size, modified=file.modified, before=lies.etag if lies else "")


def _look(plan: UploadPlan, folder: _Folder, bucket: PartedStorage, *, strictly: bool = True) -> Upload:
    """Return what is missing of a plan. Complete files whose parts have all arrived; write the plan if it changed."""

    def look(file: PlannedFile) -> tuple[PlannedFile, list[Piece]]:
        lies, pieces, key = folder.files.get(file.name), list(file.pieces()), folder.prefix + file.name
        if lies and _is_it(file, lies, strictly):
            return file, []
        if file.size < PART_BYTES:
            return file, pieces
        there = bucket.parts(key, file.upload) if file.upload else None
        if there is None:
            return file.model_copy(update={"upload": bucket.begin_parts(key, content_type(file.name))}), pieces
        arrived = {part.number: part for part in there}
        missing = [piece for piece in pieces if not _has(arrived, piece)]
        if not missing:
            bucket.finish_parts(key, file.upload, [arrived[piece.part] for piece in pieces])
        return file, missing

    found = _at_once(look, plan.files)
    plan = plan.model_copy(update={"files": tuple(file for file, _ in found)})
    if plan != folder.plan:
        text = plan.model_dump_json(exclude_defaults=True).encode()
        bucket.write(f"{folder.prefix}{UPLOADING_FILE}", text, "application/json")
    return Upload(plan, tuple(piece for _, missing in found for piece in missing), resumed=folder.plan is not None)


def _is_it(file: PlannedFile, lies: StoredFile, strictly: bool) -> bool:
    """Return whether an object is the planned file. S3's times have whole seconds, so the entity tag decides a tie."""
    if file.since is None or lies.size != file.size:
        return False
    tie = lies.modified == file.since and (lies.etag != file.before or not strictly)
    return lies.modified > file.since or tie


def _has(arrived: Mapping[int, Part], piece: Piece) -> bool:
    return piece.part in arrived and arrived[piece.part].size == piece.size


def _at_once[T, R](work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))
