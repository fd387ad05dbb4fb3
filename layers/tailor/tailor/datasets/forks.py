"""Functions that run in a process of their own, on another core.

The process is forked and leaves its result in a file: that works in AWS Lambda too, where there is no shared memory for
queues.
"""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

from tailor.errors import TailorError


class WorkerError(TailorError):
    """A worker ended without a result: it was killed, most likely for want of memory."""

    code = "worker-lost"


class Fork[Result]:
    """``call`` begins at once; ``path`` is for its result, which must be one that can be pickled."""

    def __init__(self, call: Callable[[], Result], path: Path) -> None:
        self._path = path
        self._status: int | None = None
        self._process = os.fork()
        if self._process == 0:
            self._work(call)

    def _work(self, call: Callable[[], Result]) -> None:
        status = 1
        try:
            try:
                outcome: tuple[bool, object] = True, call()
            except TailorError as error:
                outcome = False, (type(error), error.message, error.hint)
            self._path.write_bytes(pickle.dumps(outcome))
            status = 0
        finally:
            os._exit(status)  # the parent's files and threads are not the child's to close

    def result(self) -> Result:
        """Waits for it. Raises what the function raised, if it is one of Tailor's errors, and WorkerError."""
        status = self.wait()
        if status:
            raise WorkerError(f"a worker ended with status {status}")
        sound, found = pickle.loads(self._path.read_bytes())  # noqa: S301 our own file, written a moment ago
        if not sound:
            kind, message, hint = found
            raise kind(message, hint=hint)
        result: Result = found
        return result

    def wait(self) -> int:
        """Until it has ended; gives its status."""
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])
        return self._status
