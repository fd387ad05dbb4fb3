"""Uploads in memory: messages as the queue hands them to the functions, and the two steps from there to a run."""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import count
from typing import Any

from tailor.names import DatasetPath
from tailor.runs import Run, RunStore
from tailor.steps.filling import Quiet
from tailor.steps.folders import without_junk
from tailor.steps.opening import Opened, QuietFolder, open_run
from tailor.steps.receive import Received, receive_messages
from tailor.steps.settle import Settled, SettleServices, settle
from tailor.storage import Storage, VersionedStorage
from tests.unit.contracts.template import ROOT
from tests.unit.steps.fakes import MemoryAnswers, MemoryFolders, MemoryWakeUps

SHAPE: dict[str, Any] = json.loads((ROOT / "events" / "receive_objects_created.json").read_text())["Records"][0]
QUIET = 30.0
_numbers = count(1)


def message(key: str, at: datetime, size: int = 1, kind: str = "Object Created", **detail: str) -> dict[str, Any]:
    """Return a record with an id of its own that tells of one object."""
    event = json.loads(SHAPE["body"])
    event |= {"time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "detail-type": kind}
    event["detail"]["object"] |= {"key": key, "size": size}
    event["detail"] |= detail
    return SHAPE | {"messageId": f"message-{next(_numbers)}", "body": json.dumps(event)}


def messages(bucket: Storage, keys: Iterable[str]) -> list[dict[str, Any]]:
    """Return what S3 tells of objects as they lie there now."""
    files = {file.key: file for file in bucket.list()}
    return [message(key, files[key].modified, files[key].size) for key in keys]


def open_folder(prefix: str, bucket: VersionedStorage, runs: RunStore, now: datetime) -> Opened:
    """Return what becomes of a folder that is quiet."""
    path = DatasetPath.parse(f"{prefix}x")
    assert path is not None
    files = without_junk(prefix, bucket.current(prefix))
    return open_run(QuietFolder(path, files, now), stack="tailor", bucket=bucket, runs=runs, now=now)


def opened(prefix: str, bucket: VersionedStorage, runs: RunStore, now: datetime) -> Run:
    """Return the new run of a folder that is quiet."""
    found = open_folder(prefix, bucket, runs, now)
    assert found.begins
    return found.run


class Uploads:
    """What is known of folders, and the functions that keep it."""

    def __init__(self, bucket: VersionedStorage, runs: RunStore, seconds: float = QUIET) -> None:
        self.folders, self.wake_ups, self.answers = MemoryFolders(), MemoryWakeUps(), MemoryAnswers()
        self.bucket, self.runs, self.quiet = bucket, runs, Quiet(seconds)

    @property
    def services(self) -> SettleServices:
        return SettleServices(
            self.folders, self.wake_ups, self.bucket, self.runs, self.answers, self.quiet, stack="tailor"
        )

    def receive(self, records: Iterable[dict[str, Any]], now: datetime) -> Received:
        return receive_messages(records, folders=self.folders, wake_ups=self.wake_ups, quiet=self.quiet, now=now)

    def settle(self, folder: str, now: datetime) -> Settled:
        return settle(folder, self.services, now=now)
