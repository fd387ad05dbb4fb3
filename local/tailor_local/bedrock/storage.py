"""A job's or a caller's view of S3: through the emulator's own S3, with that one's credentials."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tailor_local.bedrock.platform import Credentials

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

CONNECTIONS = 8


class StorageError(Exception):
    """S3 refused. ``code`` is S3's: AccessDenied, NoSuchKey, NoSuchBucket, …"""

    def __init__(self, code: str, bucket: str, key: str) -> None:
        super().__init__(f"{code} at s3://{bucket}/{key}")
        self.code = code
        self.bucket = bucket
        self.key = key


class Storage:
    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        self._session = boto3.Session(
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token or None,
            region_name=region,
        )
        self._endpoint = endpoint

    def _settings(self, read_timeout: float) -> dict[str, Any]:
        config = Config(
            retries={"total_max_attempts": 2},
            read_timeout=read_timeout,
            max_pool_connections=CONNECTIONS,
            s3={"addressing_style": "path"},
        )
        return {"endpoint_url": self._endpoint, "config": config}

    @cached_property
    def s3(self) -> "S3Client":
        return self._session.client("s3", **self._settings(30))

    @cached_property
    def models(self) -> "BedrockRuntimeClient":
        return self._session.client("bedrock-runtime", **self._settings(60))

    @cached_property
    def functions(self) -> "LambdaClient":
        return self._session.client("lambda", **self._settings(900))

    def read(self, uri: str) -> bytes:
        """Return the object at ``s3://bucket/key``. Raises StorageError."""
        bucket, key = split(uri)
        try:
            return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise StorageError(error.response["Error"]["Code"], bucket, key) from error

    def write(self, uri: str, body: bytes) -> None:
        bucket, key = split(uri)
        try:
            self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        except ClientError as error:
            raise StorageError(error.response["Error"]["Code"], bucket, key) from error

    def make_bucket(self, name: str) -> None:
        """Create a bucket. Idempotent."""
        try:
            self.s3.create_bucket(Bucket=name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise StorageError(error.response["Error"]["Code"], name, "") from error

    def listed(self, uri: str) -> list[str]:
        """URIs of the objects under a prefix."""
        bucket, prefix = split(uri)
        try:
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [f"s3://{bucket}/{item['Key']}" for page in pages for item in page.get("Contents", [])]
        except ClientError as error:
            raise StorageError(error.response["Error"]["Code"], bucket, prefix) from error


def split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
