"""Files in an S3 bucket, as :class:`tailor.storage.Storage`."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tailor.aws.clients import s3
from tailor.aws.failures import code_of, translated
from tailor.errors import RetryableError
from tailor.storage import ReadAhead, StoredFile, buffered

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1024 * 1024
_DELETED_AT_ONCE = 1000
_TRANSFER = TransferConfig(multipart_threshold=16 * MIB, multipart_chunksize=16 * MIB, max_concurrency=4)


class S3Storage:
    """Implements :class:`tailor.storage.Storage` for a bucket."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket

    @property
    def _s3(self) -> "S3Client":
        return s3()  # asked each time: a forked process has clients of its own

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        with translated(f"listing s3://{self.bucket}/{prefix}"):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    if not item["Key"].endswith("/"):
                        yield StoredFile(item["Key"], item["Size"], item["ETag"].strip('"'), item["LastModified"])

    def open(self, key: str) -> BinaryIO:
        with translated(f"reading {self.uri(key)}"):
            size = self._s3.head_object(Bucket=self.bucket, Key=key)["ContentLength"]
        return buffered(ReadAhead(partial(self.read, key), size), size)

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if length == 0:
            return b""
        end = "" if length is None else str(start + length - 1)
        with translated(f"reading {self.uri(key)}"):
            if start == 0 and length is None:
                return self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            try:
                return self._s3.get_object(Bucket=self.bucket, Key=key, Range=f"bytes={start}-{end}")["Body"].read()
            except ClientError as error:
                if code_of(error) == "InvalidRange":  # it starts at or behind the end: an empty file has no other range
                    return b""
                raise

    def write(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        with translated(f"writing {self.uri(key)}"):
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=content_type)

    def upload(self, key: str, path: Path, content_type: str = "application/octet-stream") -> None:
        extra = {"ContentType": content_type}
        with translated(f"writing {self.uri(key)}"):
            self._s3.upload_file(str(path), self.bucket, key, ExtraArgs=extra, Config=_TRANSFER)

    def delete(self, keys: Iterable[str]) -> None:
        for some in batched(keys, _DELETED_AT_ONCE, strict=False):
            with translated(f"deleting from s3://{self.bucket}"):
                answer = self._s3.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True}
                )
            for error in answer.get("Errors", []):
                raise RetryableError(f"deleting {self.uri(error['Key'])}: {error['Message']}")

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"
