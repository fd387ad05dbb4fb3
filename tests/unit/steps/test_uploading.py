"""An upload that is cut short anywhere is continued: each byte is sent once, and the end is told after all of them."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.s3 import models as moto_s3

from tailor.aws import clients
from tailor.aws.s3_uploads import S3Uploads
from tailor.errors import ConflictError
from tailor.steps import uploading
from tailor.steps.uploading import IncompleteError, LocalFile, Piece, PlannedFile, Upload
from tests.unit.emulated import mock_aws

PREFIX = "uploads/colours/scenes/"
FILES = {"data.csv": b"question,answer\n", "img/a.png": b"a", "img/é.png": b"e" * 7, "big.jsonl": bytes(range(99))}
NOW = datetime.now(UTC)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Uploads]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(uploading, "PART_BYTES", 16)
    monkeypatch.setattr(moto_s3, "S3_UPLOAD_PART_MIN_SIZE", 16)
    clients.client.cache_clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="data")
        yield S3Uploads("data")
    clients.client.cache_clear()


def begin(bucket: S3Uploads, files: dict[str, bytes], modified: int = 1, *, replace: bool = False) -> Upload:
    given = [LocalFile(name, len(data), modified) for name, data in files.items()]
    return uploading.begin(given, bucket, PREFIX, by="person:linh", now=NOW, replace=replace)


def send(bucket: S3Uploads, upload: Upload, piece: Piece, files: dict[str, bytes]) -> None:
    data = files[piece.name][piece.offset : piece.offset + piece.size]
    if piece.part:
        [file] = [file for file in upload.plan.files if file.name == piece.name]
        bucket.put_part(PREFIX + piece.name, file.upload, piece.part, data)
    else:
        bucket.write(PREFIX + piece.name, data)


def contents(bucket: S3Uploads) -> dict[str, bytes]:
    return {file.key.removeprefix(PREFIX): bucket.read(file.key) for file in bucket.list(PREFIX)}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 6), max_size=6), order=st.randoms(use_true_random=False))
def test_whatever_cuts_it_short_each_byte_is_sent_once_and_the_end_is_told_last(
    bucket: S3Uploads,
    cuts: list[int],
    order: Random,
) -> None:
    bucket.delete([file.key for file in bucket.list(PREFIX)])
    sent: list[Piece] = []
    for cut in [*cuts, len(FILES) + 99]:
        upload = begin(bucket, FILES)
        pieces = list(upload.remaining)
        order.shuffle(pieces)
        for piece in pieces[:cut]:
            assert not list(bucket.list(f"{PREFIX}_DONE"))
            send(bucket, upload, piece, FILES)
            sent.append(piece)
        if len(pieces) > cut:
            with pytest.raises(IncompleteError):
                uploading.finish(bucket, PREFIX)
    uploading.finish(bucket, PREFIX)
    assert len(sent) == len(set(sent))
    assert sum(piece.size for piece in sent) == sum(map(len, FILES.values()))
    assert contents(bucket) == FILES | {"_UPLOADING": b"", "_DONE": b""}


def test_a_file_that_changed_meanwhile_is_sent_anew_and_one_that_lay_there_before_is_replaced(
    bucket: S3Uploads,
) -> None:
    bucket.write(f"{PREFIX}img/a.png", b"b")  # of the same size, by an earlier upload
    first = begin(bucket, FILES)
    assert {piece.name for piece in first.remaining} == FILES.keys()
    for piece in first.remaining:
        if piece.name in ("data.csv", "big.jsonl"):
            send(bucket, first, piece, FILES)
    again = begin(bucket, FILES, modified=2)
    assert len(again.remaining) == len(first.remaining)
    open_uploads = boto3.client("s3").list_multipart_uploads(Bucket="data")["Uploads"]
    assert sorted(found["Key"] for found in open_uploads) == [f"{PREFIX}big.jsonl", f"{PREFIX}data.csv"], (
        "old parts are gone"
    )


def test_an_unfinished_upload_of_other_files_is_replaced_by_request_alone_and_what_both_have_is_kept(
    bucket: S3Uploads,
) -> None:
    first = begin(bucket, FILES)
    for piece in first.remaining[:2]:
        send(bucket, first, piece, FILES)
    others = {name: data for name, data in FILES.items() if name != "img/a.png"} | {"more.csv": b"q,a\n"}
    with pytest.raises(ConflictError, match="person:linh"):
        begin(bucket, others)
    kept = [file.name for file in first.plan.files[:2]]
    assert not set(kept) & {piece.name for piece in begin(bucket, others, replace=True).remaining}


def test_the_same_upload_once_more_sends_all_of_it_again(bucket: S3Uploads) -> None:
    for _ in range(2):
        upload = begin(bucket, FILES)
        assert not upload.resumed
        for piece in upload.remaining:
            send(bucket, upload, piece, FILES)
        uploading.finish(bucket, PREFIX)


def test_parts_are_those_of_boto3_so_that_equal_files_have_equal_entity_tags(
    bucket: S3Uploads, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    data = hashlib.sha256().digest() * (17 * 2**15)
    (tmp_path / "a").write_bytes(data)
    bucket.upload("a", tmp_path / "a")
    upload = begin(bucket, {"b": data})
    for piece in upload.remaining:
        send(bucket, upload, piece, {"b": data})
    uploading.finish(bucket, PREFIX)
    tags = {file.key.rpartition("/")[2]: file.etag for file in bucket.list()}
    assert tags["a"] == tags["b"]
    huge = PlannedFile(name="a", size=2**40, modified=0)
    assert huge.part_bytes == 2**27  # 16 MiB doubled until 10,000 parts are enough
