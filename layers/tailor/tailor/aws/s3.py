"""Files in an S3 bucket, as :class:`tailor.storage.Storage`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypedDict

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tailor.aws.clients import s3
from tailor.aws.failures import code_of, translated
from tailor.errors import NotAllowedError, RetryableError
from tailor.storage import ReadAhead, StoredFile, StoredVersion, buffered

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

MIB = 1024 * 1024
_DELETED_AT_ONCE = 1000
_TRANSFER = TransferConfig(multipart_threshold=16 * MIB, multipart_chunksize=16 * MIB, max_concurrency=4)


class _Version(TypedDict, total=False):
    """Arguments of a request that name an object's version."""

    VersionId: str


@contextmanager
def _reading(uri: str) -> Iterator[None]:
    """Translate S3's refusals; a "no" may mean that the object is gone, which only who may list everything is told."""
    try:
        with translated(f"reading {uri}"):
            yield
    except NotAllowedError as error:
        message = f"{error.message}, which S3 says of a deleted object too: look first whether it is still there"
        raise NotAllowedError(message, refused=error.refused) from error


class S3Storage:
    """Implements :class:`tailor.storage.VersionedStorage` for a bucket."""

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

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the names of the folders directly in ``prefix``, which ends with a slash."""
        pages = self._s3.get_paginator("list_objects_v2")
        with translated(f"listing the folders of s3://{self.bucket}/{prefix}"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/"):
                yield from (item["Prefix"][len(prefix) : -1] for item in page.get("CommonPrefixes", []))

    def current(self, prefix: str = "") -> Iterator[StoredVersion]:
        with translated(f"listing the versions of s3://{self.bucket}/{prefix}"):
            for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Versions", []):
                    if item["IsLatest"] and not item["Key"].endswith("/"):
                        etag, version = item["ETag"].strip('"'), item["VersionId"]
                        yield StoredVersion(item["Key"], item["Size"], etag, item["LastModified"], version)

    def coming(self, prefix: str) -> Iterator[datetime]:
        with translated(f"listing what is being uploaded to s3://{self.bucket}/{prefix}"):
            for page in self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix):
                yield from (upload["Initiated"] for upload in page.get("Uploads", []))

    def frozen(self, files: Iterable[StoredVersion]) -> "FrozenS3":
        return FrozenS3(self.bucket, files)

    def open(self, key: str) -> BinaryIO:
        size = self._size(key)
        return buffered(ReadAhead(partial(self.read, key), size), size)

    def _size(self, key: str) -> int:
        with _reading(self.uri(key)):
            return self._s3.head_object(Bucket=self.bucket, Key=key)["ContentLength"]

    def _version(self, key: str) -> _Version:
        """Return the arguments that name a version to read; empty for the current one."""
        return {}

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if length == 0:
            return b""
        end = "" if length is None else str(start + length - 1)
        which = self._version(key)
        with _reading(self.uri(key)):
            if start == 0 and length is None:
                return self._s3.get_object(Bucket=self.bucket, Key=key, **which)["Body"].read()
            try:
                asked = f"bytes={start}-{end}"
                return self._s3.get_object(Bucket=self.bucket, Key=key, Range=asked, **which)["Body"].read()
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

    def link(self, key: str, seconds: int) -> str:
        """Return an address from which anyone may read the file for ``seconds``, as long as the signer may."""
        where = {"Bucket": self.bucket, "Key": key}
        return self._s3.generate_presigned_url("get_object", Params=where, ExpiresIn=seconds)


class FrozenS3(S3Storage):
    """Implements :class:`tailor.storage.FrozenStorage`."""

    def __init__(self, bucket: str, files: Iterable[StoredVersion]) -> None:
        super().__init__(bucket)
        self._files = {file.key: file for file in files}
        self._opened: dict[str, tuple[int, _Version]] = {}

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        yield from (file for key, file in self._files.items() if key.startswith(prefix))

    def keep(self, key: str, to: str, content_type: str) -> None:
        source: CopySourceTypeDef = {"Bucket": self.bucket, "Key": key, **self._version(key)}
        with translated(f"copying {self.uri(key)}"):
            # Without the object's tags: copying them would need permissions of their own.
            self._s3.copy_object(
                Bucket=self.bucket,
                Key=to,
                CopySource=source,
                MetadataDirective="REPLACE",
                TaggingDirective="REPLACE",
                ContentType=content_type,
            )

    def _size(self, key: str) -> int:
        if key in self._files:
            return self._files[key].size
        if key not in self._opened:
            with _reading(self.uri(key)):
                found = self._s3.head_object(Bucket=self.bucket, Key=key)
            version = found.get("VersionId", "null")  # so S3 calls the one version of a bucket that keeps no others
            self._opened.setdefault(key, (found["ContentLength"], {"VersionId": version}))
        return self._opened[key][0]

    def _version(self, key: str) -> _Version:
        if key in self._files:
            return {"VersionId": self._files[key].version}
        return self._opened[key][1] if key in self._opened else {}
