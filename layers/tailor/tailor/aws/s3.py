"""Files in an S3 bucket, as :class:`tailor.storage.Storage`."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tailor.aws.clients import s3
from tailor.aws.failures import code_of, translated
from tailor.storage import StoredFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MIB = 1024 * 1024
_BLOCK = 4 * MIB
_TRANSFER = TransferConfig(multipart_threshold=16 * MIB, multipart_chunksize=16 * MIB, max_concurrency=4)


class S3Storage:
    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self._s3 = s3()

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        with translated(f"listing s3://{self.bucket}/{prefix}"):
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    if not item["Key"].endswith("/"):
                        yield StoredFile(item["Key"], item["Size"], item["ETag"].strip('"'))

    def open(self, key: str) -> BinaryIO:
        with translated(f"reading {self.uri(key)}"):
            size = self._s3.head_object(Bucket=self.bucket, Key=key)["ContentLength"]
        return cast("BinaryIO", io.BufferedReader(_RangedReader(self, key, size), _BLOCK))

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

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


class _RangedReader(io.RawIOBase):
    """A seekable reader over ranged GETs: a zip's directory is read from its end without fetching the rest."""

    def __init__(self, storage: S3Storage, key: str, size: int) -> None:
        self._storage, self._key, self._size, self._position = storage, key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        length = min(len(view), self._size - self._position)
        if length <= 0:
            return 0
        data = self._storage.read(self._key, self._position, length)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
