"""The queue of uploads, as SQS and Lambda work it off: at least once, in batches, with failures one by one."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from tailor.steps.receive import receive_messages
from tailor.storage import StoredFile
from tests.unit.contracts.template import template
from tests.unit.steps.uploads import message

if TYPE_CHECKING:
    from tests.unit.chaos.world import World

QUEUE = template()["Resources"]["UploadsQueue"]["Properties"]
DELAY = timedelta(seconds=template()["Parameters"]["SettleSeconds"]["Default"])
VISIBILITY = timedelta(seconds=QUEUE["VisibilityTimeout"])
TRIES = QUEUE["RedrivePolicy"]["maxReceiveCount"]

Treatment = Literal["delivered", "lost", "repeated", "delayed", "reordered"]
ARRIVALS: dict[Treatment, tuple[timedelta, ...]] = {
    "delivered": (DELAY,),
    "lost": (),
    "repeated": (DELAY, DELAY, DELAY + timedelta(minutes=1)),
    "delayed": (DELAY + timedelta(minutes=20),),
    "reordered": (DELAY + timedelta(seconds=3),),
}


class UploadsQueue:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._received: Counter[str] = Counter()
        self._deleted: set[str] = set()
        self.dead: list[str] = []
        self.batches: list[int] = []

    def announce(self, file: StoredFile, treatment: Treatment = "delivered") -> None:
        """Tell of an object that was uploaded."""
        record = message(file.key, file.etag, self._world.now)
        for wait in ARRIVALS[treatment]:
            self.send([record], wait)

    def send(self, records: Sequence[dict[str, Any]], wait: timedelta = DELAY) -> None:
        """Deliver messages as one batch, ``wait`` from now."""
        self._world.at(self._world.now + wait, partial(self._deliver, records))

    def _deliver(self, records: Sequence[dict[str, Any]]) -> None:
        batch = []
        for record in records:
            self._received[record["messageId"]] += record["messageId"] not in self._deleted
            if self._received[record["messageId"]] > TRIES:
                self.dead.append(record["messageId"])
            elif record["messageId"] not in self._deleted:
                batch.append(record)
        if not batch:
            return
        self.batches.append(len(batch))
        self._world.invoke("receive", partial(self._take, batch), ())
        if left := [record for record in batch if record["messageId"] not in self._deleted]:
            self.send(left, VISIBILITY)

    def _take(self, batch: Sequence[dict[str, Any]]) -> None:
        received = receive_messages(
            batch, stack="tailor", bucket=self._world.bucket, runs=self._world.runs, now=self._world.now
        )
        self._deleted |= {record["messageId"] for record in batch} - set(received.failed)
