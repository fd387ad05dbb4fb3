"""Run the emulator's process, which ends with the process that started it and leaves nothing running.

Standard input is a pipe from the starting process, or nothing where it is to run on by itself (TAILOR_BACKGROUND=1).
"""

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

GRACE = 2.0  # seconds that functions have to end in
BLAS_SETTING = "OPENBLAS_NUM_THREADS"


def main() -> None:
    # The threads of numpy's library wait for each other in loops, which costs more than such small matrices take. It
    # reads the setting when it is loaded; functions must not see it.
    os.environ[BLAS_SETTING] = "1"
    import numpy  # noqa: F401

    del os.environ[BLAS_SETTING]
    from tailor_local import hooks
    from tailor_local.bedrock import faults
    from tailor_local.bedrock.service import Bedrock

    logging.getLogger("tailor").setLevel(logging.INFO)
    if os.environ.get("TAILOR_BACKGROUND") != "1":
        threading.Thread(target=_end_with_parent, daemon=True).start()
    platform = hooks.Emulator(os.environ["AWS_ENDPOINT_URL"])
    directory = Path(os.environ["STATE_DIR"]) / "bedrock"
    hooks.install(Bedrock(platform, directory, faults.read_file(os.environ.get("TAILOR_FAULTS"))))
    try:
        hooks.run()
    finally:
        _end_children()


def _end_with_parent() -> None:
    """End this process when its parent does, however that ended: their pipe is then closed."""
    while sys.stdin.buffer.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _end_children() -> None:
    """End the functions' processes, which are in this process's own group."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        time.sleep(0.05)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
