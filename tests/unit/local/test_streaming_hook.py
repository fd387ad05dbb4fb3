"""Functions that stream on the local cloud: started by their wrapper, heard piece by piece."""

import asyncio
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailor_local.hooks import functions, streaming
from tailor_local.hooks.needed import inside

ROOT = Path(__file__).parents[3]
# The emulator leaves the pipes of processes that ended to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CODE = """
import os, pathlib, time
if os.environ.get("FAILS"): raise ValueError("no start")
def handler(event, context):
    if event == "fail": raise ValueError("x")
    if event == "plain": return {"plain": True}
    if event == "exit": os._exit(3)
    return {"statusCode": 200, "headers": {"a": "b"}, "multiValueHeaders": {"c": ["d", "e"]}, "body": pieces(event)}
def pieces(event):
    yield "first"
    print("a line of the log", flush=True)
    while event == "wait" and not pathlib.Path(os.environ["READ"]).exists(): time.sleep(0.01)
    if event == "break": raise ValueError("x")
    if event == "hang": time.sleep(1000)
    yield "last"
"""


def packed() -> bytes:
    """A function with Tailor's own loop and wrapper in its code."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", CODE)
        archive.write(ROOT / "functions" / "inference" / "streaming", "streaming")
        for name in ("tailor/__init__.py", "tailor/aws/__init__.py", "tailor/aws/streaming.py"):
            archive.write(ROOT / "layers" / "tailor" / name, name)
    return content.getvalue()


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    runtime = inside("core.lambda_runtime")
    for name in ("_detect_runtime_binary", "_worker_class_for", "zipfile"):
        monkeypatch.setattr(runtime, name, getattr(runtime, name))
    services = inside("services.lambda_svc")
    for name in ("_resolve_layer_zip", "_layer_unzipped_size"):
        monkeypatch.setattr(services, name, getattr(services, name))
    gateway = inside("services.apigateway_v1")
    monkeypatch.setattr(gateway, "_invoke_lambda_proxy_v1", gateway._invoke_lambda_proxy_v1)
    monkeypatch.setenv("TAILOR_LAYERS", str(tmp_path / "layers"))
    functions.share_layers()
    streaming.stream_answers()
    variables = {streaming.WRAPPER: "/var/task/streaming", "READ": str(tmp_path / "read")}
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    config = {
        "FunctionName": "f",
        "FunctionArn": arn,
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Timeout": 60,
        "Environment": {"Variables": variables},
    }
    made: list[Any] = []

    def make(**changed: Any) -> Any:
        given = config | changed
        worker = runtime._worker_class_for(given)("f", given, packed())
        made.append(worker)
        return worker

    yield make
    runtime.kill_workers(made)


async def asked(worker: Any, event: str, on_first: Any = None) -> tuple[int, dict[str, Any], str, bool]:
    """The gateway's answer as its client reads it, and whether it is whole."""

    async def invoke() -> tuple[int, dict[str, Any], bytes]:
        result = await asyncio.to_thread(worker.invoke, event, "request-1", trace_id=None)
        return (200, {}, b"") if result["status"] == "ok" else (502, {}, str(result["error"]).encode())

    status, headers, body = await streaming._streamed(invoke)
    if isinstance(body, bytes):
        return status, headers, body.decode(), True
    read: list[str] = []
    ended: list[bool] = []

    async def send(message: dict[str, Any]) -> None:
        read.append(message["body"].decode())
        ended.append(not message["more_body"])
        if on_first and len(read) == 1:
            on_first()

    await body.runner(send, None)
    return status, headers, "".join(read), ended[-1]


def test_pieces_are_handed_on_as_they_come_and_what_breaks_off_is_seen(environment: Any, tmp_path: Path) -> None:
    worker = environment()
    headers = {"a": "b", "c": ["d", "e"]}
    read = tmp_path / "read"
    assert asyncio.run(asked(worker, "wait", read.touch)) == (200, headers, "firstlast", True)
    assert worker._proc.poll() is None
    before = worker._proc.pid
    assert asyncio.run(asked(worker, "break")) == (200, headers, "first", False)
    assert asyncio.run(asked(worker, "fail"))[0] == 502
    assert asyncio.run(asked(worker, "plain"))[0] == 502  # no answer for an integration that streams
    assert worker._proc.pid == before  # failures of a handler leave its environment
    assert asyncio.run(asked(worker, "exit"))[0] == 502
    assert asyncio.run(asked(worker, "x"))[2:] == ("firstlast", True)
    assert worker._proc.pid != before
    assert worker.invoke("x", "request-2")["log"].count("a line of the log") == 1


def test_what_hangs_or_does_not_start_fails(environment: Any) -> None:
    hangs = environment(Timeout=3)
    assert asyncio.run(asked(hangs, "hang"))[2:] == ("first", False)
    variables = {streaming.WRAPPER: "/var/task/streaming", "FAILS": "1"}
    answer = environment(Environment={"Variables": variables}).invoke("x", "request-1")
    assert (answer["status"], "no start" in answer["error"]) == ("error", True)
    missing = environment(Environment={"Variables": {streaming.WRAPPER: "/var/task/gone"}}).invoke("x", "request-1")
    assert missing["status"] == "error"


def test_an_environment_takes_its_door_with_it(environment: Any) -> None:
    worker = environment()
    worker.invoke("x", "request-1")
    threads = {thread for thread in threading.enumerate() if thread.name == "runtime-api"}
    inside("core.lambda_runtime").kill_workers([worker])
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
