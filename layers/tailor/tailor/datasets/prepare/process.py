"""Run functions in processes of their own, on other cores.

The process is forked and leaves its result in a file: that works in AWS Lambda too, where there is no shared memory for
queues.
"""

import errno
import os
import pickle
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tailor.datasets.prepare.disk_full import NoRoomError, disk_full_as_error, no_room
from tailor.errors import TailorError

_NO_ROOM: Final = errno.ENOSPC  # the status of a process that had none left, not even to say so


class WorkerError(TailorError):
    """Raised if a worker ended without a result: it was killed, probably for lack of memory, or met a bug."""

    code = "worker-lost"


class Fork[Result]:
    """Process that runs ``call`` at once; ``path`` is for its result, which must be picklable."""

    def __init__(self, call: Callable[[], Result], path: Path) -> None:
        self._path = path
        self._status: int | None = None
        self._process = os.fork()
        if self._process == 0:
            self._work(call)

    def _work(self, call: Callable[[], Result]) -> None:
        status = 1
        try:
            with disk_full_as_error():
                try:
                    outcome: tuple[bool, object] = True, call()
                except TailorError as error:
                    outcome = False, (type(error), error.message, error.hint)
                self._path.write_bytes(pickle.dumps(outcome))
            status = 0
        except NoRoomError:
            status = _NO_ROOM
        except Exception:  # nobody else would see it
            traceback.print_exc()
        finally:
            os._exit(status)  # the parent's files and threads are not the child's to close

    def result(self) -> Result:
        """Wait for it. Raises what the function raised, if it is one of Tailor's errors, NoRoomError where the disk is
        full, and WorkerError."""
        status = self._wait()
        if status == _NO_ROOM:
            raise no_room()
        if status < 0:
            fix = "most likely memory ran out: close other programs, or bring fewer rows, and try again"
            raise WorkerError(f"a process that shared the work was ended by {signal.Signals(-status).name}", hint=fix)
        if status:
            raise WorkerError(f"a process that shared the work ended with status {status}")
        sound, found = pickle.loads(self._path.read_bytes())  # noqa: S301 our own file, written a moment ago
        if not sound:
            kind, message, hint = found
            raise kind(message, hint=hint)
        result: Result = found
        return result

    def end(self) -> None:
        """Kill the process if its result was not awaited: it would go on writing where others clean up."""
        if self._status is None:
            os.kill(self._process, signal.SIGKILL)
            self._wait()

    def _wait(self) -> int:
        """Wait until the process has ended; return its status."""
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])
        return self._status
