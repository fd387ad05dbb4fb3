"""Handle a folder that became quiet: open a run for its content, or answer why none starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tailor.errors import LostRaceError, RecipeError
from tailor.events import UPLOAD_ANSWERED, UploadAnswered
from tailor.file_kinds import UPLOADING_FILE, FileKind, kind_of, recipe_among, starts_a_run
from tailor.findings import Finding, finding
from tailor.runs import Run, RunStore
from tailor.steps.filling import LONGEST, Folder, FolderStore, Quiet, WakeUps
from tailor.steps.folders import name_problems, without_junk
from tailor.steps.opening import SAME_MOMENT, QuietFolder, open_run
from tailor.steps.superseding import end_without_dataset
from tailor.storage import StoredFile, StoredVersion, VersionedStorage

TOO_LONG = timedelta(hours=6)
LARGEST_OBJECT = timedelta(hours=1)  # how long an upload in parts is waited for
SHOWN = 3  # names in an answer
_NOTHING = {  # what is said of files that are not read, the first kind that is there
    FileKind.OFFICE: "nothing-to-start/unread",
    FileKind.MEDIA: "nothing-to-start/media",
}


class UploadAnswers(Protocol):
    """Tailor's event bus."""

    def send(self, detail_type: str, changes: Sequence[UploadAnswered]) -> None:
        """Send events. Raises RetryableError if any of them was not accepted."""


@dataclass(frozen=True, slots=True)
class SettleServices:
    folders: FolderStore
    wake_ups: WakeUps
    bucket: VersionedStorage
    runs: RunStore
    answers: UploadAnswers
    quiet: Quiet
    stack: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Result of a look at a folder: ``waits`` until it is quiet, the run that began, or the code of the answer."""

    waits: timedelta | None = None
    run: Run | None = None
    told: str = ""


def settle(name: str, services: SettleServices, *, now: datetime) -> Settled:
    """Handle a folder and return the result. May be called at any time and any number of times."""
    folder = services.folders.get(name)
    if folder is None or folder.quiet_at is None:
        return Settled()
    if folder.quiet_at > now:
        return _wait(folder, folder.quiet_at, services, now)
    if folder.path and not folder.done and _is_held(name, services):
        return _wait(folder, now + LONGEST, services, now)
    if folder.path and not folder.done and _is_coming(name, services, now):
        return _wait(folder, now + services.quiet.period(folder), services, now)
    listed = list(services.bucket.current(name)) if folder.path else []
    files = without_junk(name, listed)
    quiet_at = max((file.modified for file in files), default=folder.quiet_at) + services.quiet.period(folder)
    if quiet_at > now and files and not folder.done:
        # The bucket knows of an object whose event is still on its way, or lost.
        return _wait(folder, quiet_at, services, now)
    settled = _outcome(folder, files, why_nothing(folder, files or listed), services, now)
    try:
        if folder.path and not files and not settled.told:  # of what is gone nothing is kept, its name neither
            services.folders.remove(folder)
        else:
            services.folders.save(folder.closed(now, told=settled.told, run=settled.run.id if settled.run else ""))
    except LostRaceError:  # something moved since: that is another upload
        services.wake_ups.send(name, services.quiet.period(folder))
    return settled


def _is_held(name: str, services: SettleServices) -> bool:
    """Return whether an uploader declared the upload unfinished (:mod:`tailor.steps.uploading`)."""
    marks = services.bucket.current(f"{name}{UPLOADING_FILE}")
    return any(file.size for file in marks if file.key == f"{name}{UPLOADING_FILE}")


def _is_coming(name: str, services: SettleServices, now: datetime) -> bool:
    """Return whether a large object is being uploaded; S3 sends no event before it is complete.

    Who gave an upload up leaves it: one that takes too long is not waited for.
    """
    return any(now - begun < LARGEST_OBJECT for begun in services.bucket.coming(name))


def _wait(folder: Folder, until: datetime, services: SettleServices, now: datetime) -> Settled:
    wait = until - now
    told = ""
    if now - folder.first_at > TOO_LONG and not folder.told:
        hours = int((now - folder.first_at) / timedelta(hours=1))
        told = _answer(
            folder, finding("still-filling", folder=folder.folder, hours=hours, objects=f"{folder.objects:,}"), services
        )
        try:
            services.folders.save(folder.model_copy(update={"told": told}))
        except LostRaceError:
            told = ""  # told again, by the same mark, which notices know
    services.wake_ups.send(folder.folder, wait)
    return Settled(waits=wait, told=told)


def _outcome(
    folder: Folder, files: list[StoredVersion], problem: Finding | None, services: SettleServices, now: datetime
) -> Settled:
    path = folder.path
    if path and (problem or not files):  # what was there is gone
        end_without_dataset(folder.folder, folder.project, bucket=services.bucket, runs=services.runs, now=now)
    if problem:
        return Settled(told=_answer(folder, problem, services))
    if path is None or not files:
        return Settled()
    quiet = QuietFolder(path, files, folder.uploaded_at or folder.last_at)
    opened = open_run(quiet, stack=services.stack, bucket=services.bucket, runs=services.runs, now=now)
    if opened.begins or opened.run.adopted:  # the upload was made to measure an adopted model
        return Settled(run=opened.run)
    known = folder.closed_at or opened.run.created_at
    if folder.uploaded_at is None or folder.uploaded_at <= known + SAME_MOMENT:
        return Settled()  # a late message about what is known
    same = finding("same-content", folder=folder.folder, run=opened.run.id, state=opened.run.state)
    return Settled(told=_answer(folder, same, services))


def _answer(folder: Folder, found: Finding, services: SettleServices) -> str:
    """Send the answer to people, and return its code."""
    answer = UploadAnswered(
        id=folder.mark(found.code),
        folder=folder.folder,
        project=folder.project,
        dataset=folder.dataset,
        code=found.code,
        severity=found.severity,
        message=found.message,
        fix=found.fix,
        objects=folder.objects,
        bytes=folder.bytes,
        at=folder.last_at,
    )
    services.answers.send(UPLOAD_ANSWERED, [answer])
    return found.code


def why_nothing(folder: Folder, files: Sequence[StoredFile]) -> Finding | None:
    """Return why a quiet folder with these files starts no run; None if it does, or if it is empty."""
    if folder.path is None:
        if not folder.loose:
            return None
        where = folder.folder if folder.folder.count("/") > 1 else f"{folder.folder}<project>/"
        return finding(
            "outside-dataset",
            names=_some(folder.loose),
            folder=folder.folder,
            better=f"{where}<dataset>/{folder.loose[0]}",
        )
    names = [file.key.removeprefix(folder.folder) for file in files]
    kinds = {name: kind_of(name) for name in names}
    if not names:
        return None
    if not without_junk(folder.folder, files):
        empty = [name for name in names if kinds[name] in (FileKind.DATA, FileKind.UNKNOWN)]
        return finding("nothing-to-start/empty", names=_some(empty), folder=folder.folder) if empty else None
    if wrong := next(name_problems(folder.path), None):
        return wrong
    try:
        recipe_among(names)
    except RecipeError as error:
        return finding("two-recipes", reason=error.problems[0].message, folder=folder.folder)
    if starts_a_run(kinds.values()):
        return None
    for kind, code in _NOTHING.items():
        some = [name for name in names if kinds[name] == kind]
        if some:
            return finding(code, names=_some(some), count=f"{len(some):,}", folder=folder.folder)
    return finding("nothing-to-start", names=_some(names), folder=folder.folder)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN:,} more" if len(names) > SHOWN else shown
