"""Report that the disk is too small for preparing a dataset, wherever that shows."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from tailor.errors import DatasetError
from tailor.findings import finding


class NoRoomError(DatasetError):
    code = "no-room"


@contextmanager
def disk_full_as_error() -> Iterator[None]:
    """Raise NoRoomError if a file or a table can't be written because the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise no_room() from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise no_room() from error


def no_room() -> NoRoomError:
    found = finding("no-room")
    return NoRoomError(found.message, hint=found.fix)
