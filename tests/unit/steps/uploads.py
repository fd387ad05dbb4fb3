"""Messages about uploads, as the queue hands them to the function."""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import count
from typing import Any

from tailor.runs import Run, RunStore
from tailor.steps.receive import receive_messages
from tailor.storage import Storage, VersionedStorage
from tests.unit.contracts.template import ROOT

SHAPE: dict[str, Any] = json.loads((ROOT / "events" / "receive_objects_created.json").read_text())["Records"][0]
_numbers = count(1)


def message(key: str, etag: str, at: datetime) -> dict[str, Any]:
    """Return a record with an id of its own that announces one object."""
    event = json.loads(SHAPE["body"])
    event["time"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    event["detail"]["object"] |= {"key": key, "etag": etag}
    return SHAPE | {"messageId": f"message-{next(_numbers)}", "body": json.dumps(event)}


def messages(bucket: Storage, keys: Iterable[str]) -> list[dict[str, Any]]:
    """Return what S3 announces of objects as they lie there now."""
    files = {file.key: file for file in bucket.list()}
    return [message(key, files[key].etag, files[key].modified) for key in keys]


def receive(key: str, *, bucket: VersionedStorage, runs: RunStore, now: datetime) -> Run | None:
    """Take in the upload of one object; return the run that it started."""
    received = receive_messages(messages(bucket, [key]), stack="tailor", bucket=bucket, runs=runs, now=now)
    assert not received.failed, received.problems
    return runs.get(received.runs[0]) if received.runs else None
