"""Uploads into an S3 bucket in parts, and addresses from which browsers upload."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tailor.aws.failures import code_of, translated
from tailor.aws.s3 import S3Storage
from tailor.storage import Link, Part

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_GONE = "NoSuchUpload"


class S3Uploads(S3Storage):
    """Implements :class:`tailor.storage.LinkStorage` for a bucket."""

    def begin_parts(self, key: str, content_type: str) -> str:
        with translated(f"beginning an upload of {self.uri(key)}"):
            found = self._s3.create_multipart_upload(
                Bucket=self.bucket, Key=key, ContentType=content_type, ChecksumAlgorithm="SHA256"
            )
        return found["UploadId"]

    def parts(self, key: str, upload: str) -> list[Part] | None:
        found: list[Part] = []
        pages = self._s3.get_paginator("list_parts")
        with translated(f"listing the parts of {self.uri(key)}"):
            try:
                for page in pages.paginate(Bucket=self.bucket, Key=key, UploadId=upload):
                    found += (
                        Part(part["PartNumber"], part["Size"], part["ETag"], part.get("ChecksumSHA256", ""))
                        for part in page.get("Parts", [])
                    )
            except ClientError as error:
                if code_of(error) == _GONE:
                    return None
                raise
        return found

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        with translated(f"writing {self.uri(key)}"):
            self._s3.upload_part(
                Bucket=self.bucket, Key=key, UploadId=upload, PartNumber=number, Body=data, ChecksumAlgorithm="SHA256"
            )

    def finish_parts(self, key: str, upload: str, parts: Iterable[Part]) -> None:
        with translated(f"completing {self.uri(key)}"):
            try:
                self._s3.complete_multipart_upload(
                    Bucket=self.bucket,
                    Key=key,
                    UploadId=upload,
                    MultipartUpload={"Parts": [_completed(part) for part in parts]},
                )
            except ClientError as error:
                if code_of(error) != _GONE:  # another request was first
                    raise

    def drop_parts(self, key: str, upload: str) -> None:
        with translated(f"aborting an upload of {self.uri(key)}"):
            try:
                self._s3.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload)
            except ClientError as error:
                if code_of(error) != _GONE:
                    raise

    def put_link(self, key: str, size: int, sha256: str, content_type: str, seconds: int) -> Link:
        # What is signed must be sent: S3 refuses other bytes, another length, another key, and a later time.
        asked = {"ContentLength": size, "ChecksumSHA256": sha256, "ContentType": content_type}
        where = {"Bucket": self.bucket, "Key": key}
        url = self._s3.generate_presigned_url("put_object", Params=where | asked, ExpiresIn=seconds)
        return Link(url, {"content-type": content_type, "x-amz-checksum-sha256": sha256})

    def part_link(self, key: str, upload: str, number: int, size: int, sha256: str, seconds: int) -> Link:
        where = {"Bucket": self.bucket, "Key": key, "UploadId": upload, "PartNumber": number}
        asked = {"ContentLength": size, "ChecksumSHA256": sha256}
        url = self._s3.generate_presigned_url("upload_part", Params=where | asked, ExpiresIn=seconds)
        return Link(url, {"x-amz-checksum-sha256": sha256})


def _completed(part: Part) -> "CompletedPartTypeDef":
    found: CompletedPartTypeDef = {"PartNumber": part.number, "ETag": part.etag}
    if part.sha256:
        found["ChecksumSHA256"] = part.sha256
    return found
