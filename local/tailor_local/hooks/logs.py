"""Read an invocation's log to its end. The emulator waits 50 ms for a line, which silent functions never write."""

import time
from queue import Empty
from typing import Any

from tailor_local.hooks.needed import inside

END = "\0end of the log"
# After the answer, while a log may still arrive or the process has died. The next invocation gets the rest.
LATE_SECONDS = 1.0

# Before a worker of the emulator answers, it ends what the invocation has written.
START = f"""
import sys
class Answers:
    def __init__(self, stream):
        self.stream, self.flush = stream, stream.flush
    def write(self, text):
        if not text.startswith('{{"status": "ready"'):
            sys.__stderr__.write({END + chr(10)!r})
            sys.__stderr__.flush()
        return self.stream.write(text)
sys.stdout = Answers(sys.stdout)
"""


def end_logs() -> None:
    """Call it before the hook of functions that stream: those have workers of their own."""
    runtime = inside("core.lambda_runtime")
    detect, kind_of = runtime._detect_runtime_binary, runtime._worker_class_for

    class Worker(runtime.Worker):  # type: ignore[misc, name-defined]
        def _drain_stderr_bounded(self) -> str:
            return read(self._stderr_queue)

    def _detect_runtime_binary(name: str) -> tuple[str, str]:
        binary, worker = detect(name)
        return binary, START + worker if name.startswith("python") else worker

    def _worker_class_for(config: dict[str, Any]) -> Any:
        kind = kind_of(config)
        return Worker if kind is runtime.Worker and config["Runtime"].startswith("python") else kind

    runtime._detect_runtime_binary, runtime._worker_class_for = _detect_runtime_binary, _worker_class_for


def read(lines: Any) -> str:
    """Return what an invocation wrote, from the queue that its process's stderr is read into."""
    found: list[str] = []
    ends = time.monotonic() + LATE_SECONDS
    while True:
        try:
            line = str(lines.get(timeout=max(0.0, ends - time.monotonic())))
        except Empty:
            return "\n".join(found)
        if line != END:
            found.append(line.removesuffix(END))
        if line.endswith(END):
            return "\n".join(found)
