"""From messages about objects to what is known of their folders."""

import random
from datetime import timedelta

import pytest

from tailor.errors import RetryableError
from tailor.steps.filling import LONGEST, Folder
from tailor.steps.receive import Received
from tests.unit.steps.fakes import NOW, MemoryRuns
from tests.unit.steps.uploads import QUIET, Uploads, message
from tests.unit.versions import VersionedFolder

PREFIX = "uploads/colours/scenes/"
SECOND = timedelta(seconds=1)


class NoBucket(VersionedFolder):
    """A bucket that nobody may look into."""

    def __init__(self) -> None: ...


@pytest.fixture
def uploads() -> Uploads:
    return Uploads(NoBucket(), MemoryRuns())


def filling(uploads: Uploads, prefix: str = PREFIX) -> Folder:
    folder = uploads.folders.get(prefix)
    assert folder is not None
    assert folder.quiet_at is not None
    return folder


def test_thousands_of_objects_are_one_write_for_each_folder_and_no_look_at_the_bucket(uploads: Uploads) -> None:
    """In any order, with media, and some of them told twice."""
    batch = [message(f"uploads/p/d{n % 7}/images/{n}.jpg", NOW, 10) for n in range(3500)]
    batch += batch[:50]
    random.Random(1).shuffle(batch)
    assert uploads.receive(batch, NOW) == Received(folders=7)
    assert uploads.folders.writes == 7
    assert {folder.objects for folder in uploads.folders.filling()} == {500}
    assert {folder.bytes for folder in uploads.folders.filling()} == {5000}
    assert sorted(name for name, _ in uploads.wake_ups.sent) == [f"uploads/p/d{n}/" for n in range(7)]


def test_each_object_begins_the_quiet_period_anew_and_only_the_first_sends_a_wake_up(uploads: Uploads) -> None:
    for after in (0, 10, 20):
        uploads.receive([message(f"{PREFIX}{after}.csv", NOW + after * SECOND)], NOW + after * SECOND)
    folder = filling(uploads)
    assert folder.quiet_at == NOW + (20 + QUIET) * SECOND
    assert (folder.first_at, folder.last_at, folder.objects) == (NOW, NOW + 20 * SECOND, 3)
    assert uploads.wake_ups.sent == [(PREFIX, QUIET * SECOND)]


@pytest.mark.parametrize(
    ("objects", "pause", "period"), [(1, 0, 30), (3000, 0, 60), (10**6, 0, 300), (1, 26, 52), (1, 600, 900)]
)
def test_the_quiet_period_grows_with_what_arrives(uploads: Uploads, objects: int, pause: float, period: float) -> None:
    folder = Folder(folder=PREFIX, first_at=NOW, last_at=NOW, objects=objects - 1, quiet_at=NOW)
    uploads.folders.items[PREFIX] = folder
    later = NOW + pause * SECOND
    uploads.receive([message(f"{PREFIX}a.csv", later)], later)
    quiet_at = filling(uploads).quiet_at
    assert quiet_at is not None
    assert round((quiet_at - later).total_seconds()) == min(period, LONGEST.total_seconds())


@pytest.mark.parametrize("name", ["_DONE", "_SUCCESS", "_done"])
def test_an_empty_mark_says_that_all_is_there(uploads: Uploads, name: str) -> None:
    uploads.receive([message(f"{PREFIX}a.csv", NOW)], NOW)
    uploads.receive([message(f"{PREFIX}{name}", NOW, size=0)], NOW + SECOND)
    folder = filling(uploads)
    assert folder.done
    assert folder.quiet_at == NOW + SECOND
    assert folder.objects == 1
    assert uploads.wake_ups.sent[-1] == (PREFIX, timedelta())


@pytest.mark.parametrize(
    "record",
    [
        message(f"{PREFIX}~$lock.csv", NOW),
        message(f"{PREFIX}.DS_Store", NOW),
        message(f"{PREFIX}images/Thumbs.db", NOW),
        message(f"{PREFIX}a.csv.part", NOW),
        message(f"{PREFIX}a.csv.filepart", NOW),
        message(f"{PREFIX}__MACOSX/a.csv", NOW),
        message(f"{PREFIX}.hidden/a.csv", NOW),
        message(f"{PREFIX}part/_SUCCESS", NOW, size=0),
        message(PREFIX, NOW, size=0),
        message(f"{PREFIX}_DONE", NOW, kind="Object Deleted"),
        message(f"{PREFIX}a.csv", NOW, kind="Object Deleted", reason="Lifecycle Expiration"),
    ],
    ids=lambda record: str(record["messageId"]),
)
def test_what_tools_leave_behind_touches_nothing(uploads: Uploads, record: dict[str, str]) -> None:
    assert uploads.receive([record], NOW) == Received(ignored=1)
    assert not uploads.folders.items


def test_a_deleted_object_touches_its_folder_and_is_not_counted(uploads: Uploads) -> None:
    uploads.receive([message(f"{PREFIX}a.csv", NOW, kind="Object Deleted")], NOW)
    folder = filling(uploads)
    assert (folder.objects, folder.uploaded_at) == (0, None)


def test_a_file_outside_of_any_dataset_is_known_by_its_place_and_name(uploads: Uploads) -> None:
    keys = ["uploads/a.csv", "uploads/p/b.csv", "uploads/p//c.csv", "uploads//d.csv"]
    uploads.receive([message(key, NOW) for key in keys], NOW)
    assert {name: folder.loose for name, folder in uploads.folders.items.items()} == {
        "uploads/": ("a.csv", "/d.csv"),
        "uploads/p/": ("b.csv", "/c.csv"),
    }
    uploads.receive([message("uploads/p/b.csv", NOW, kind="Object Deleted")], NOW)
    assert filling(uploads, "uploads/p/").loose == ("/c.csv",)


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", "{}", '{"source": "aws.s3", "detail-type": "Object Created", "detail": {}}']
)
def test_a_message_that_can_not_be_read_is_left_and_holds_up_no_other(uploads: Uploads, body: str) -> None:
    poisoned = message(f"{PREFIX}a.csv", NOW) | {"body": body, "messageId": "poisoned"}
    found = uploads.receive([poisoned, message(f"{PREFIX}a.csv", NOW)], NOW)
    assert found.failed == ["poisoned"]
    assert "message poisoned is no S3 event" in found.problems[0]
    assert filling(uploads).objects == 1


@pytest.mark.parametrize("error", [RetryableError("slow down"), KeyError("a bug")])
def test_only_the_messages_of_the_folder_that_failed_come_again(
    uploads: Uploads, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ["uploads/p/bad/a.csv", "uploads/p/good/a.csv", "uploads/p/bad/b.csv", "uploads/p/bad/.DS_Store"]
    batch = [message(key, NOW) for key in keys]
    save, broken = uploads.folders.save, ["uploads/p/bad/"]

    def sometimes(folder: Folder) -> Folder:
        if folder.folder in broken:
            raise error
        return save(folder)

    monkeypatch.setattr(uploads.folders, "save", sometimes)
    found = uploads.receive(batch, NOW)
    assert found.failed == [batch[0]["messageId"], batch[2]["messageId"]]
    assert [problem.partition(":")[0] for problem in found.problems] == ["uploads/p/bad/"]
    broken.clear()
    assert not uploads.receive([record for record in batch if record["messageId"] in found.failed], NOW).failed
    assert filling(uploads, "uploads/p/bad/").objects == 2


def test_two_functions_that_note_the_same_folder_lose_nothing(uploads: Uploads) -> None:
    other = message(f"{PREFIX}b.csv", NOW)
    uploads.folders.meanwhile.append(lambda: uploads.receive([other], NOW))
    assert not uploads.receive([message(f"{PREFIX}a.csv", NOW)], NOW).failed
    assert filling(uploads).objects == 2
