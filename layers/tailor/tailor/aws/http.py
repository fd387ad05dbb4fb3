"""Requests to the deployed API."""

from collections.abc import Mapping

import urllib3

from tailor.errors import RetryableError
from tailor.verify.deployed import HttpResponse

_TIMEOUT = urllib3.Timeout(connect=5, read=60)


class PooledHttpClient:
    """Implements :class:`tailor.verify.deployed.HttpClient`."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> HttpResponse:
        try:
            answer = self._pool.request(method, url, headers=dict(headers), body=body or None, preload_content=False)
            pieces = list(answer.stream())  # each as soon as it is there
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise RetryableError(f"the API gave no answer: {type(error).__name__}") from error
        return HttpResponse(answer.status, b"".join(pieces), len(pieces))
