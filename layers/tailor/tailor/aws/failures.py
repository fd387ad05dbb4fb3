"""Translate botocore's errors to Tailor's: by error code, never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from tailor.aws.refusals import class_of
from tailor.errors import NotAllowedError, RetryableError


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
        kind = class_of(code_of(error))
        if kind is NotAllowedError:
            raise NotAllowedError(f"{action}: {message}", refused=action) from error
        raise kind(f"{action}: {message}") from error
    except BotoCoreError as error:
        raise RetryableError(f"{action}: {error}") from error
