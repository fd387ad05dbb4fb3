"""boto3 clients, made once for each function instance.

Timeouts are explicit: botocore's defaults (60 s to connect) outlast most functions.
Standard retries back off with jitter.
"""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError

from tailor.aws.tracing import trace_calls
from tailor.errors import InvalidInputError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
ATTEMPTS = 5


def config(
    read_timeout: float = READ_TIMEOUT,
    attempts: int = ATTEMPTS,
    connections: int = 32,
    connect_timeout: float = CONNECT_TIMEOUT,
) -> Config:
    """Return botocore's configuration with explicit timeouts and retries."""
    return Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
    )


@cache
def client(
    service: str,
    read_timeout: float = READ_TIMEOUT,
    attempts: int = ATTEMPTS,
    *,
    region: str | None = None,
    connect_timeout: float = CONNECT_TIMEOUT,
) -> Any:
    """Return a cached client, in ``region`` or the configured one. Raises InvalidInputError without a Region."""
    settings = config(read_timeout, attempts, connect_timeout=connect_timeout)
    if service == "s3":
        # Addresses for browsers too: botocore would sign these by version 2 in some Regions, which KMS refuses, and
        # send browsers to the global endpoint, which redirects them: they don't follow that when they ask about CORS.
        settings = settings.merge(
            Config(
                signature_version="s3v4",
                s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "virtual"},
            )
        )
    try:
        made = boto3.client(service, region_name=region, config=settings)  # type: ignore[call-overload]
    except NoRegionError as error:
        hint = "set AWS_REGION, or a Region in your AWS profile: aws configure"
        raise InvalidInputError("no AWS Region is set", hint=hint) from error
    if service.startswith("bedrock"):
        trace_calls(made)
    return made


# Two processes must not speak over one connection.
os.register_at_fork(after_in_child=client.cache_clear)


def s3() -> "S3Client":
    """Return the cached S3 client."""
    return client("s3")  # type: ignore[no-any-return]


@cache
def table(name: str) -> "Table":
    """Return a DynamoDB table."""
    return boto3.resource("dynamodb", config=config()).Table(name)
