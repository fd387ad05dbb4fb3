"""Translate botocore's errors to Tailor's: by error code, never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from tailor.aws.refusals import refused
from tailor.errors import RetryableError


def code_of(error: ClientError) -> str:
    """Return AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Raise AWS's refusals as tailor.errors; errors that are not known to be permanent are retryable."""
    try:
        yield
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message") or str(error)
        raise refused(code_of(error), action, message) from error
    except BotoCoreError as error:
        raise RetryableError(f"{action}: {error}") from error
