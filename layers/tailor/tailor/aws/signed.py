"""Call AWS's JSON services with the standard library alone: signed requests over connections that are kept.

Importing botocore and making its first client takes several times as long as all else that a function needs to check a
key or to count an answer, and people wait for it at each cold start. This speaks Signature Version 4 for requests
without a query and without blanks in their headers, with the credentials that Lambda puts into the environment.
Wherever anything else is asked for, :func:`from_environment` returns None, and the caller uses botocore.
"""

import hashlib
import hmac
import json
import os
import random
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from tailor.aws.refusals import RefusalError
from tailor.errors import RetryableError

ATTEMPTS = 5
CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_TRANSIENT = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_PARTITIONS = {"cn": "amazonaws.com.cn"}
_PLAIN = frozenset({"af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"})
SPECIAL = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_CA_BUNDLE", "HTTPS_PROXY", "https_proxy")


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key as Lambda gives it to a function."""

    key: str
    secret: str
    token: str = ""


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    scope: tuple[str, str],
    now: datetime,
) -> dict[str, str]:
    """Return the headers of a request with its signature (AWS Signature Version 4).

    Args:
        scope: Region and service.
    """
    address, moment = urlsplit(url), f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    given = {name.lower(): value for name, value in headers.items()} | {"host": address.netloc, "x-amz-date": moment}
    if credentials.token:
        given["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(given))
    lines = [f"{name}:{given[name].strip()}" for name in sorted(given)]
    # The path is encoded once more than it is sent, as for every service but S3.
    canonical = [method, quote(address.path or "/", safe="/-_.~"), "", *lines, "", names, _sha256(body)]
    date, within = moment[:8], f"{moment[:8]}/{'/'.join(scope)}/aws4_request"
    to_sign = ["AWS4-HMAC-SHA256", moment, within, _sha256("\n".join(canonical).encode())]
    key = f"AWS4{credentials.secret}".encode()
    for part in (date, *scope, "aws4_request", "\n".join(to_sign)):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = f"Credential={credentials.key}/{within}, SignedHeaders={names}, Signature={key.hex()}"
    return {**given, "authorization": f"AWS4-HMAC-SHA256 {signature}"}


class SignedCalls:
    """Operations of DynamoDB by name; safe to use from several threads. Retries as botocore's standard mode does."""

    def __init__(
        self, url: str, region: str, credentials: Credentials, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.url = url
        self._region, self._credentials, self._pause = region, credentials, pause
        self._idle: deque[HTTPConnection] = deque()
        self._context = ssl.create_default_context() if url.startswith("https:") else None

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return an operation's answer. Raises RefusalError; RetryableError without an answer."""
        body = json.dumps(parameters, separators=(",", ":")).encode()
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{operation}"}
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                status, answer = self._send(headers, body)
            except (OSError, HTTPException) as error:
                if last:
                    raise RetryableError(f"DynamoDB gave no answer: {type(error).__name__}") from error
            else:
                if status == 200:
                    return answer
                refusal = _refusal(status, answer)
                if last or (status < 500 and refusal.code not in _TRANSIENT):
                    raise refusal
            self._pause(random.uniform(0, min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)))  # noqa: S311  (a pause)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    def _send(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        scope, now = (self._region, "dynamodb"), datetime.now(UTC)
        signed = signed_headers("POST", self.url, headers, body, credentials=self._credentials, scope=scope, now=now)
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            connection.request("POST", "/", body, signed)
            answer = connection.getresponse()
            data = answer.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        try:
            return answer.status, json.loads(data or b"{}")
        except ValueError:
            return answer.status if answer.status >= 400 else 502, {}

    def _connect(self) -> HTTPConnection:
        host = urlsplit(self.url).netloc
        if self._context is None:
            connection = HTTPConnection(host, timeout=CONNECT_TIMEOUT)
        else:
            connection = HTTPSConnection(host, timeout=CONNECT_TIMEOUT, context=self._context)
        connection.connect()
        connection.sock.settimeout(READ_TIMEOUT)
        return connection


def from_environment(given: Mapping[str, str] = os.environ) -> SignedCalls | None:
    """Return calls of DynamoDB as this Lambda function; None where botocore is needed to find out how.

    So it is outside of Lambda, with credentials of a container (SnapStart), and with an endpoint, a proxy or a
    certificate of one's own that only botocore knows to find.
    """
    if not given.get("AWS_LAMBDA_FUNCTION_NAME") or any(given.get(name) for name in SPECIAL):
        return None
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION", "")
    area, rest = region.partition("-")[0], region.partition("-")[2]
    suffix = "amazonaws.com" if area in _PLAIN and not rest.startswith("iso") else _PARTITIONS.get(area)
    key, secret = given.get("AWS_ACCESS_KEY_ID"), given.get("AWS_SECRET_ACCESS_KEY")
    url = (
        given.get("AWS_ENDPOINT_URL_DYNAMODB")
        or given.get("AWS_ENDPOINT_URL")
        or (f"https://dynamodb.{region}.{suffix}" if suffix else "")
    )
    if not (key and secret and region and url):
        return None
    return SignedCalls(url.rstrip("/"), region, Credentials(key, secret, given.get("AWS_SESSION_TOKEN", "")))


def _refusal(status: int, answer: Mapping[str, Any]) -> RefusalError:
    code = str(answer.get("__type", "")).rpartition("#")[2].partition(":")[0]
    return RefusalError(code or str(status), str(answer.get("message") or answer.get("Message") or ""))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
