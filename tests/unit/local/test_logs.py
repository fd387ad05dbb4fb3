"""A function's log on the local cloud: each invocation has what it wrote, and ends when that is read."""

import io
import zipfile
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from tailor_local.hooks import logs
from tailor_local.hooks.needed import inside

# The emulator leaves the pipes of processes that ended to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CODE = """
import sys
print("begins")
def handler(event, context):
    for line in event:
        print(line, end="")
    if not event: raise ValueError("nothing")
    return event
"""


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    runtime = inside("core.lambda_runtime")
    for name in ("_detect_runtime_binary", "_worker_class_for"):
        monkeypatch.setattr(runtime, name, getattr(runtime, name))
    monkeypatch.setattr(logs, "LATE_SECONDS", 60.0)
    logs.end_logs()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", CODE)
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    config = {"FunctionName": "f", "FunctionArn": arn, "Runtime": "python3.13", "Handler": "app.handler", "Timeout": 60}
    made = runtime._worker_class_for(config)("f", config, content.getvalue())
    yield made
    runtime.kill_workers([made])


def test_each_invocation_has_what_it_wrote_and_nothing_of_another(worker: Any) -> None:
    wrote: list[list[str]] = [["a\n", "b\n"], [" "], ["no end of line"], ["c\n"], []]
    answers = [worker.invoke(event, "request-1") for event in wrote]
    assert [answer["log"] for answer in answers] == ["begins\na\nb", " ", "no end of line", "c", ""]
    assert [answer["status"] for answer in answers] == ["ok"] * 4 + ["error"]
    assert answers[1]["result"] == [" "]


def test_a_silent_function_is_not_waited_for_and_one_that_died_is_no_more_than_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: SimpleQueue[str] = SimpleQueue()
    for line in (logs.END, "of the next"):
        lines.put(line)
    assert logs.read(lines) == ""
    monkeypatch.setattr(logs, "LATE_SECONDS", 0.0)
    assert logs.read(lines) == "of the next"
