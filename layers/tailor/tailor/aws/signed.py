"""Call AWS's JSON services with the standard library alone: signed requests over connections that are kept.

Importing botocore and making its first client takes several times as long as all else that a function needs to check a
key or to answer a request, and people wait for it at each cold start. This speaks Signature Version 4 for requests
without a query and without blanks in their headers, with the credentials that Lambda puts into the environment.
Wherever anything else is asked for, :func:`from_environment` returns None, and the caller uses botocore.
"""

import hashlib
import hmac
import os
import select
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 30.0
SPECIAL = (
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_CA_BUNDLE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "HTTPS_PROXY",
    "https_proxy",
)
"""Variables whose meaning only botocore knows."""
_PARTITIONS = {"cn": "amazonaws.com.cn"}
_PLAIN = frozenset({"af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"})


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


def trusting() -> ssl.SSLContext:
    """Return a TLS context that trusts the system's authorities, or botocore's list where the system has none."""
    context, known = ssl.create_default_context(), ssl.get_default_verify_paths()
    if not (known.cafile or known.capath):
        import botocore  # this module alone is small

        context.load_verify_locations(Path(botocore.__file__).with_name("cacert.pem"))
    return context


class Exchange:
    """An answer that has begun: its status and headers, and what follows. Its connection is kept once all is read."""

    def __init__(self, connection: HTTPConnection, response: HTTPResponse, idle: deque[HTTPConnection]) -> None:
        self.status, self.headers = response.status, response.headers
        self._connection, self._response, self._idle = connection, response, idle
        self._over = False

    def read(self, size: int | None = None) -> bytes:
        """Return all bytes that follow, or the next ``size``, fewer at the end. Raises what a socket raises."""
        try:
            data = self._response.read(size)
        except BaseException:
            self.close()
            raise
        if self._response.isclosed() and not self._over:
            self._over = True
            self._idle.append(self._connection)
        return data

    def close(self) -> None:
        """Close the answer's connection, unless all of it was read."""
        if self._over:
            return
        self._over = True
        self._response.close()
        self._connection.close()


class SignedService:
    """Signed POST requests to one service; safe to use from several threads.

    ``seconds``: the most that a read may wait.
    """

    def __init__(
        self, url: str, scope: tuple[str, str], credentials: Credentials, seconds: float = READ_TIMEOUT
    ) -> None:
        self.url, self.region = url, scope[0]
        self._scope, self._credentials, self._seconds = scope, credentials, seconds
        self._idle: deque[HTTPConnection] = deque()
        self._context = trusting() if url.startswith("https:") else None

    def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Exchange:
        """Send a request and return its answer as it begins. Raises OSError and HTTPException."""
        url, now = self.url + path, datetime.now(UTC)
        signed = signed_headers("POST", url, headers, body, credentials=self._credentials, scope=self._scope, now=now)
        connection = self._kept() or self._connect()
        try:
            connection.request("POST", urlsplit(url).path, body, signed)
            return Exchange(connection, connection.getresponse(), self._idle)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> HTTPConnection | None:
        """Return a connection that is still open: the other side closes it after a while, or while we are frozen."""
        while self._idle:
            connection = self._idle.pop()
            if connection.sock is not None and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()
        return None

    def _connect(self) -> HTTPConnection:
        host = urlsplit(self.url).netloc
        if self._context is None:
            connection = HTTPConnection(host, timeout=CONNECT_TIMEOUT)
        else:
            connection = HTTPSConnection(host, timeout=CONNECT_TIMEOUT, context=self._context)
        try:
            connection.connect()
        except TimeoutError as error:
            raise ConnectionError("no connection in time") from error
        connection.sock.settimeout(self._seconds)
        return connection


def from_environment(
    service: str, given: Mapping[str, str] = os.environ, *, signed_as: str = "", seconds: float = READ_TIMEOUT
) -> SignedService | None:
    """Return a client of a service with this Lambda function's credentials; None if botocore must find them.

    So it is outside of Lambda, with credentials of a container (SnapStart), and with an endpoint, a proxy or a
    certificate of one's own that only botocore knows to find.

    Args:
        service: as in the name of its endpoint.
        signed_as: its name in signatures, where that differs.
    """
    if not given.get("AWS_LAMBDA_FUNCTION_NAME") or any(given.get(name) for name in SPECIAL):
        return None
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION", "")
    area, _, rest = region.partition("-")
    suffix = "amazonaws.com" if area in _PLAIN and not rest.startswith("iso") else _PARTITIONS.get(area)
    key, secret = given.get("AWS_ACCESS_KEY_ID"), given.get("AWS_SECRET_ACCESS_KEY")
    own = given.get(f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}") or given.get("AWS_ENDPOINT_URL")
    url = own or (f"https://{service}.{region}.{suffix}" if suffix else "")
    if not (key and secret and region and url):
        return None
    credentials = Credentials(key, secret, given.get("AWS_SESSION_TOKEN", ""))
    return SignedService(url.rstrip("/"), (region, signed_as or service), credentials, seconds)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
