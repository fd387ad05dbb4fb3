"""One contract for both storages: what holds in a folder holds in a bucket."""

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tailor.aws import clients
from tailor.aws.s3 import S3Storage
from tailor.errors import InvalidInputError, NotAllowedError, NotFoundError, RetryableError
from tailor.storage import FolderStorage, ReadAhead, Storage, StoredVersion, buffered
from tests.unit.emulated import mock_aws
from tests.waiting import PATIENCE

DATA = bytes(range(256)) * 100


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Storage]:
    """A bucket that keeps versions."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.client.cache_clear()
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="tailor-bucket")
        s3.put_bucket_versioning(Bucket="tailor-bucket", VersioningConfiguration={"Status": "Enabled"})
        yield S3Storage("tailor-bucket")
    clients.client.cache_clear()


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return FolderStorage(tmp_path) if request.param == "folder" else request.getfixturevalue("bucket")


def test_what_is_written_is_read_whole_and_in_parts(storage: Storage) -> None:
    storage.write("a/b.bin", DATA)
    assert storage.read("a/b.bin") == DATA
    assert storage.read("a/b.bin", 10, 20) == DATA[10:30]
    assert storage.read("a/b.bin", len(DATA) - 5, 20) == DATA[-5:]
    assert storage.read("a/b.bin", 100) == DATA[100:]


def test_there_is_nothing_behind_the_end_and_in_an_empty_file(storage: Storage) -> None:
    storage.write("empty", b"")
    storage.write("full", DATA)
    assert storage.read("empty", 0, 10) == storage.read("empty") == b""
    assert storage.read("full", len(DATA), 10) == b""
    with storage.open("empty") as file:
        assert file.read() == b""


def test_a_reader_can_be_sought_like_a_file(storage: Storage) -> None:
    storage.write("a.bin", DATA)
    with storage.open("a.bin") as file:
        assert file.seek(-10, io.SEEK_END) == len(DATA) - 10
        assert file.read() == DATA[-10:]
        file.seek(5)
        assert file.read(3) == DATA[5:8]
        assert file.tell() == 8


def test_a_part_of_a_file_is_a_file_of_its_own_and_fetches_no_more_than_it_holds(storage: Storage) -> None:
    storage.write("a.bin", DATA)
    fetched: list[tuple[int, int]] = []

    def fetch(start: int, length: int) -> bytes:
        fetched.append((start, length))
        return storage.read("a.bin", start, length)

    with buffered(fetch, 300, 1000) as file:
        assert file.read(7) == DATA[1000:1007]
        assert file.seek(-10, io.SEEK_END) == 290
        assert file.read() == DATA[1290:1300]
        assert file.read() == b""
        file.seek(0)
        assert file.read() == DATA[1000:1300]
    assert fetched[0] == (1000, 300)
    assert all(start >= 1000 and start + length <= 1300 for start, length in fetched)


class Ranges:
    """Gives ranges of DATA; says which were begun."""

    def __init__(self, broken: int | None = None) -> None:
        self.begun: Queue[tuple[int, int]] = Queue()
        self._broken = broken

    def __call__(self, start: int, length: int) -> bytes:
        self.begun.put((start, length))
        if start == self._broken:
            raise RetryableError("slow down")
        return DATA[start : start + length]

    def next(self) -> tuple[int, int]:
        return self.begun.get(timeout=PATIENCE)


def test_ranges_that_follow_each_other_are_fetched_ahead_and_others_are_not() -> None:
    ranges = Ranges()
    ahead = ReadAhead(ranges, len(DATA))
    assert ahead(0, 100) == DATA[:100]
    assert ahead(500, 100) == DATA[500:600]
    assert [ranges.next(), ranges.next()] == [(0, 100), (500, 100)]
    assert ahead(600, 100) == DATA[600:700]
    assert [ranges.next(), ranges.next()] == [(600, 100), (700, 100)], "the last one was not asked for yet"
    assert ahead(700, 100) == DATA[700:800]
    assert ranges.next() == (800, 100)
    assert ahead(50, 10) == DATA[50:60]
    assert ranges.next() == (50, 10)
    assert ranges.begun.empty()


def test_what_is_read_ahead_is_what_is_there_to_the_end() -> None:
    ranges = Ranges()
    with buffered(ReadAhead(ranges, len(DATA)), len(DATA), block=1000) as file:
        assert b"".join(iter(partial(file.read, 700), b"")) == DATA
    fetched = [ranges.next() for _ in range(ranges.begun.qsize())]
    assert sorted(fetched) == [(start, min(1000, len(DATA) - start)) for start in range(0, len(DATA), 1000)]


def test_more_or_less_than_was_fetched_ahead_may_be_asked_for() -> None:
    ahead = ReadAhead(Ranges(), len(DATA))
    assert ahead(0, 100) == DATA[:100]
    assert ahead(100, 100) == DATA[100:200]
    assert ahead(200, 250) == DATA[200:450]
    assert ahead(450, 30) == DATA[450:480]
    assert ahead(480, len(DATA) - 480) == DATA[480:]


def test_trouble_ahead_is_raised_where_it_is_met() -> None:
    ahead = ReadAhead(Ranges(broken=200), len(DATA))
    assert ahead(0, 100) == DATA[:100]
    assert ahead(100, 100) == DATA[100:200]
    with pytest.raises(RetryableError):
        ahead(200, 100)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the test runner itself has threads
def test_a_forked_process_has_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.client.cache_clear()
    before = clients.s3()
    child = os.fork()
    if not child:
        os._exit(0 if clients.s3() is not before else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert clients.s3() is before


def test_what_is_deleted_is_gone_and_what_is_not_there_harms_nobody(storage: Storage) -> None:
    for number in range(3):
        storage.write(f"work/{number}", b"x")
    storage.delete(["work/0", "work/2", "work/7"])
    assert [file.key for file in storage.list("work/")] == ["work/1"]


def test_files_are_listed_in_order_by_prefix_without_folders(storage: Storage) -> None:
    for key in ("b/2", "a/1", "b/1", "ba/1"):
        storage.write(key, b"x")
    assert [file.key for file in storage.list("b/")] == ["b/1", "b/2"]
    assert next((file.key, file.size) for file in storage.list()) == ("a/1", 1)


def test_an_etag_changes_with_the_content(storage: Storage) -> None:
    storage.write("a", b"1")
    before = next(iter(storage.list()))
    storage.write("a", b"22")
    assert next(iter(storage.list())).etag != before.etag


def test_a_local_file_is_uploaded(storage: Storage, tmp_path: Path) -> None:
    file = tmp_path / "outside.bin"
    file.write_bytes(DATA)
    storage.upload("up/loaded.bin", file)
    assert storage.read("up/loaded.bin") == DATA


def test_a_file_that_is_missing_is_named(storage: Storage) -> None:
    with pytest.raises(NotFoundError, match="missing"):
        storage.read("missing")
    with pytest.raises(NotFoundError, match="missing"):
        storage.open("missing")


def test_no_key_leads_out_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        FolderStorage(tmp_path / "inside").read("../outside")


@pytest.mark.parametrize(
    "prefix", ["a", "a/", "a/b", "a/b/", "a/b/c/", "none/", "a.txt/", "link/", "../", "/", "a//b", "./a"]
)
def test_a_folder_lists_what_begins_with_a_prefix_in_the_order_of_all(tmp_path: Path, prefix: str) -> None:
    folder = FolderStorage(tmp_path / "inside")
    for key in ("a.txt", "a/b/c/d", "a/b/e", "a/b-f", "a b/g", ".h/i"):
        folder.write(key, b"")
    FolderStorage(tmp_path / "outside").write("j", b"")
    (tmp_path / "inside/link").symlink_to(tmp_path / "outside")
    (tmp_path / "inside/a/k").symlink_to(tmp_path / "outside/j")
    (tmp_path / "inside/a/gone").symlink_to(tmp_path / "nowhere")
    everything = [file.key for file in folder.list()]
    assert everything == [".h/i", "a/b/c/d", "a/b/e", "a/b-f", "a/k", "a b/g", "a.txt"]
    assert [file.key for file in folder.list(prefix)] == [key for key in everything if key.startswith(prefix)]


def test_a_frozen_bucket_reads_each_file_as_it_was(bucket: S3Storage) -> None:
    for name in ("a.csv", "b/c.png", "gone.csv"):
        bucket.write(f"uploads/{name}", name.encode() * 3)
    bucket.write("uploads/folder/", b"")
    files = list(bucket.current("uploads/"))
    assert [replace(file, version="") for file in files] == [
        StoredVersion(file.key, file.size, file.etag, file.modified, "") for file in bucket.list("uploads/")
    ]
    frozen = bucket.frozen(files)
    bucket.write("uploads/a.csv", b"another one")
    bucket.write("uploads/new.csv", b"new")
    bucket.delete(["uploads/b/c.png"])
    client = boto3.client("s3")
    [gone] = [file for file in files if file.key == "uploads/gone.csv"]
    client.delete_object(Bucket="tailor-bucket", Key=gone.key, VersionId=gone.version)

    assert [file.key for file in frozen.list("uploads/")] == [file.key for file in files]
    assert [file.key for file in bucket.current("uploads/")] == ["uploads/a.csv", "uploads/new.csv"]
    assert frozen.read("uploads/a.csv") == b"a.csv" * 3
    assert frozen.read("uploads/a.csv", 2, 3) == b"csv"
    with frozen.open("uploads/b/c.png") as file:
        assert file.read() == b"b/c.png" * 3
    with pytest.raises(NotFoundError):
        frozen.read("uploads/gone.csv")
    frozen.keep("uploads/b/c.png", "runs/kept.png", "image/png")
    assert bucket.read("runs/kept.png") == b"b/c.png" * 3
    assert client.head_object(Bucket="tailor-bucket", Key="runs/kept.png")["ContentType"] == "image/png"


def test_a_file_beside_the_frozen_ones_is_read_in_the_version_that_was_opened_first(bucket: S3Storage) -> None:
    bucket.write("uploads/other/a.png", b"one")
    frozen = bucket.frozen([])
    with frozen.open("uploads/other/a.png") as file:
        bucket.write("uploads/other/a.png", b"another")
        assert file.read() == b"one"
    assert frozen.read("uploads/other/a.png") == b"one"
    frozen.keep("uploads/other/a.png", "runs/kept.png", "image/png")
    assert bucket.read("runs/kept.png") == b"one"


def test_a_no_of_s3_may_mean_that_the_object_is_gone(bucket: S3Storage) -> None:
    """Who may list some prefixes only is refused what is not there as what it may not see."""
    with Stubber(clients.s3()) as stub:
        stub.add_client_error("get_object", "AccessDenied", "Access Denied", 403)
        with pytest.raises(NotAllowedError, match=r"uploads/a\.png: Access Denied, .* whether it is still there"):
            bucket.read("uploads/a.png")


def test_uploads_in_parts_are_known_until_they_are_complete_or_given_up(bucket: S3Storage) -> None:
    s3: Any = boto3.client("s3")
    where = {"Bucket": bucket.bucket}
    begun = {key: s3.create_multipart_upload(**where, Key=key)["UploadId"] for key in ("a/1.csv", "a/2.csv", "b/1.csv")}
    assert len(list(bucket.coming("a/"))) == 2
    for key, upload in begun.items():
        s3.abort_multipart_upload(**where, Key=key, UploadId=upload)
    assert list(bucket.coming("a/")) == []
