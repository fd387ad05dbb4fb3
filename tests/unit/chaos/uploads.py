"""The queues of uploads and of wake-ups, as SQS and Lambda work them off: at least once, in batches, with failures one
by one."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from tailor.events import UploadAnswered
from tailor.steps.filling import Folder, Quiet
from tailor.steps.receive import receive_messages
from tailor.steps.settle import SettleServices, settle
from tailor.storage import StoredFile
from tests.unit.chaos.snapshots import Work
from tests.unit.contracts.template import template
from tests.unit.steps.fakes import MemoryAnswers, MemoryFolders
from tests.unit.steps.uploads import message

if TYPE_CHECKING:
    from tests.unit.chaos.world import World

QUEUE = template()["Resources"]["UploadsQueue"]["Properties"]
DELAY = timedelta(seconds=template()["Resources"]["ReceiveUploads"]["Properties"]["MaximumBatchingWindowInSeconds"])
QUIET = template()["Parameters"]["QuietSeconds"]["Default"]
VISIBILITY = timedelta(seconds=QUEUE["VisibilityTimeout"])
TRIES = QUEUE["RedrivePolicy"]["maxReceiveCount"]
WAKE_UP_AGAIN = timedelta(seconds=template()["Resources"]["WakeUpsQueue"]["Properties"]["VisibilityTimeout"])

Treatment = Literal["delivered", "lost", "repeated", "delayed", "reordered"]
ARRIVALS: dict[Treatment, tuple[timedelta, ...]] = {
    "delivered": (DELAY,),
    "lost": (),
    "repeated": (DELAY, DELAY, DELAY + timedelta(minutes=1)),
    "delayed": (DELAY + timedelta(minutes=20),),
    "reordered": (DELAY + timedelta(seconds=3),),
}


class CalledFolders(MemoryFolders):
    """Each write is a call of the step."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def save(self, folder: Folder) -> Folder:
        return self._world.call("folders.save", partial(super().save, folder))


class CalledAnswers(MemoryAnswers):
    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def send(self, detail_type: str, changes: Sequence[UploadAnswered]) -> None:
        self._world.call("answers.send", partial(super().send, detail_type, changes))


class WakeUpsQueue:
    def __init__(self, world: "World") -> None:
        self._world = world

    def send(self, folder: str, after: timedelta) -> None:
        self._world.call("wake_ups.send", partial(self._world.at, self._world.now + after, _wake_up, folder))


def _wake_up(world: "World", folder: str) -> None:
    world.invoke("settle", Work(_settle, (folder,)), (), again=WAKE_UP_AGAIN)


def _settle(world: "World", folder: str) -> None:
    to = world.uploads
    services = SettleServices(
        to.folders, to.wake_ups, world.bucket, world.runs, to.answers, Quiet(QUIET), stack="tailor"
    )
    settle(folder, services, now=world.now)


class UploadsQueue:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._received: Counter[str] = Counter()
        self._deleted: set[str] = set()
        self.folders, self.wake_ups, self.answers = CalledFolders(world), WakeUpsQueue(world), CalledAnswers(world)
        self.dead: list[str] = []
        self.batches: list[int] = []

    def announce(self, file: StoredFile, treatment: Treatment = "delivered") -> None:
        """Tell of an object that was uploaded."""
        record = message(file.key, self._world.now, file.size)
        record["messageId"] = f"{file.key} at {self._world.now}"  # the same in each world
        for wait in ARRIVALS[treatment]:
            self.send([record], wait)

    def send(self, records: Sequence[dict[str, Any]], wait: timedelta = DELAY) -> None:
        """Deliver messages as one batch, ``wait`` from now."""
        self._world.at(self._world.now + wait, _deliver, records)

    def deliver(self, records: Sequence[dict[str, Any]]) -> None:
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
        self._world.invoke("receive", Work(_take, (batch,)), ())
        if left := [record for record in batch if record["messageId"] not in self._deleted]:
            self.send(left, VISIBILITY)

    def take(self, batch: Sequence[dict[str, Any]]) -> None:
        received = receive_messages(
            batch, folders=self.folders, wake_ups=self.wake_ups, quiet=Quiet(QUIET), now=self._world.now
        )
        self._deleted |= {record["messageId"] for record in batch} - set(received.failed)


def _deliver(world: "World", records: Sequence[dict[str, Any]]) -> None:
    world.uploads.deliver(records)


def _take(world: "World", batch: Sequence[dict[str, Any]]) -> None:
    world.uploads.take(batch)
