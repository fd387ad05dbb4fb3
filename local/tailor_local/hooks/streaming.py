"""Run functions that stream: a Runtime API for each environment, and a gateway that forwards pieces as they come.

A function with ``AWS_LAMBDA_EXEC_WRAPPER`` is started by that script, as on AWS, and speaks the Runtime API. The
emulator has neither this nor integrations for streaming.
"""

import asyncio
import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import Any

from tailor_local.hooks.needed import inside

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
STREAMING, BUFFERED = "/response-streaming-invocations", "/invocations"
END_OF_HEAD = b"\0" * 8
START_SECONDS = 60.0  # that a process may take until it asks for its event; the function's time begins then
HEAD_BYTES = 16 * 1024  # within which API Gateway looks for the end of the head
FAILED = 502, {"Content-Type": "application/json"}, b'{"message":"Internal server error"}'

# What the emulator's worker runs: it reports for duty, and becomes what Lambda would have started.
START = """
import json, os, sys
if "AWS_LAMBDA_EXEC_WRAPPER" in os.environ:
    init = json.loads(sys.stdin.readline())
    sys.stdout.write('{"status": "ready"}\\n')
    sys.stdout.flush()
    os.dup2(2, 1)
    layers = filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep))
    os.environ["PYTHONPATH"] = os.pathsep.join(os.path.join(layer, "python") for layer in layers)
    os.environ["LAMBDA_TASK_ROOT"] = init["code_dir"]
    os.environ["_HANDLER"] = init["module"] + "." + init["handler"]
    wrapper = os.environ["AWS_LAMBDA_EXEC_WRAPPER"].replace("/var/task", init["code_dir"], 1)
    os.execv(wrapper, [wrapper, sys.executable, "/var/runtime/bootstrap.py"])
"""

type Sink = Callable[[bytes], None]
_sink: ContextVar[Sink | None] = ContextVar("sink", default=None)


def stream_answers() -> None:
    """Call it before hooks that look at requests to the gateway."""
    runtime, gateway = inside("core.lambda_runtime"), inside("services.apigateway_v1")
    detect, kind_of, invoke = runtime._detect_runtime_binary, runtime._worker_class_for, gateway._invoke_lambda_proxy_v1

    def _detect_runtime_binary(name: str) -> tuple[str, str]:
        binary, worker = detect(name)
        return binary, START + worker if name.startswith("python") else worker

    def _worker_class_for(config: dict[str, Any]) -> Any:
        wrapped = WRAPPER in (config.get("Environment") or {}).get("Variables", {})
        return _environment if wrapped else kind_of(config)

    @wraps(invoke)  # others look at its parameters
    async def _invoke_lambda_proxy_v1(integration: Mapping[str, Any], *arguments: Any, **named: Any) -> Any:
        uri = str(integration.get("uri", ""))
        if not uri.endswith(STREAMING):
            return await invoke(integration, *arguments, **named)
        called = {**integration, "uri": uri.removesuffix(STREAMING) + BUFFERED}
        return await _streamed(lambda: invoke(called, *arguments, **named))

    runtime._detect_runtime_binary, runtime._worker_class_for = _detect_runtime_binary, _worker_class_for
    gateway._invoke_lambda_proxy_v1 = _invoke_lambda_proxy_v1


async def _streamed(invoke: Callable[[], Any]) -> Any:
    """Answer as soon as the head is there. A function that ends before has failed, or does not stream."""
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue[bytes | None]()

    def arrived(piece: bytes | None) -> None:
        loop.call_soon_threadsafe(pieces.put_nowait, piece)

    before = _sink.set(arrived)
    call = asyncio.create_task(invoke())  # it continues even if nobody listens any more
    _sink.reset(before)
    call.add_done_callback(lambda _: arrived(None))
    begun = b""
    while END_OF_HEAD not in begun and len(begun) <= HEAD_BYTES:
        piece = await pieces.get()
        if piece is None:
            answer = await call
            return answer if answer[0] >= 500 else FAILED
        begun += piece
    head, end, rest = begun.partition(END_OF_HEAD)
    try:
        told: dict[str, Any] = json.loads(head) if end else {}
        status, headers = int(told["statusCode"]), {**told.get("headers", {}), **told.get("multiValueHeaders", {})}
    except (ValueError, TypeError, KeyError):
        return FAILED

    async def hand_on(send: Any, _: object) -> None:
        piece: bytes | None = rest
        while piece is not None:
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await pieces.get()
        if (await call)[0] < 500:  # else the client sees that the answer broke off
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return status, headers, inside("core.responses").StreamingResponse(hand_on)


def _environment(name: str, config: dict[str, Any], code: bytes) -> Any:
    """One environment of a function: a worker of the emulator's pool, invoked by a Runtime API of its own."""
    door = Door()
    variables = {**config["Environment"]["Variables"], "AWS_LAMBDA_RUNTIME_API": door.address}
    worker = inside("core.lambda_runtime").Worker(name, {**config, "Environment": {"Variables": variables}}, code)
    spawn, discard = worker._spawn, worker._discard_tmpdir

    def _spawn() -> None:
        door.begin()
        spawn()
        threading.Thread(target=door.watch, args=(worker._proc,), daemon=True).start()

    def _discard_tmpdir() -> None:
        door.close()
        discard()

    worker.invoke = lambda event, request_id, **named: _invoke(worker, door, event, request_id, named.get("trace_id"))
    worker._spawn, worker._discard_tmpdir = _spawn, _discard_tmpdir
    return worker


def _invoke(worker: Any, door: "Door", event: Any, request_id: str, trace: str | None) -> dict[str, Any]:
    """Return the emulator's result of an invocation. Pieces of a streamed answer go to the sink, if there is one."""
    with worker._lock:
        cold = worker._proc is None or worker._proc.poll() is not None
        if cold:
            worker._spawn()
        timeout = float(worker.config.get("Timeout", 30))
        door.events.put((request_id, event, timeout, trace))
        result, usable = _collected(door, timeout)
        if not usable:
            process, worker._proc = worker._proc, None
            runtime = inside("core.lambda_runtime")
            runtime._signal(process)
            runtime._collect(process, time.monotonic() + 2)
        return {**result, "cold_start": cold, "log": worker._drain_stderr_bounded()}


def _collected(door: "Door", timeout: float) -> tuple[dict[str, Any], bool]:
    """Return the result, and whether the environment can be used again."""
    sink, whole = _sink.get(), b""
    ends = time.monotonic() + max(timeout, START_SECONDS)
    while True:
        try:
            kind, content = door.arrived.get(timeout=max(0.0, ends - time.monotonic()))
        except Empty:
            return {"status": "error", "error": f"Task timed out after {timeout:.2f} seconds"}, False
        if kind == "begun":
            ends = time.monotonic() + timeout
        elif kind == "piece" and sink:
            sink(content)
        elif kind == "piece":
            whole += content
        elif kind == "answer":
            return {"status": "ok", "result": json.loads(content) if content else _text(whole, sink)}, True
        else:
            return {"status": "error", "error": content.decode(errors="replace")}, kind == "error"


def _text(whole: bytes, sink: Sink | None) -> Any:
    return {"statusCode": 200} if sink else whole.decode(errors="replace")


class Door:
    """The Runtime API of one environment. ``arrived`` tells what its process says, in order."""

    def __init__(self) -> None:
        self.events: SimpleQueue[Any] = SimpleQueue()
        self.arrived: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
        door = self

        class Handler(_Handler):
            def setup(self) -> None:
                super().setup()
                self.events, self.arrived = door.events, door.arrived

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, name="runtime-api", daemon=True).start()

    def begin(self) -> None:
        """Take a new process in; what the last one still says is heard no more."""
        self.events.put(None)
        self.events, self.arrived = SimpleQueue(), SimpleQueue()

    def watch(self, process: "subprocess.Popen[bytes]") -> None:
        """Tell when the process ends."""
        arrived = self.arrived
        process.wait()
        arrived.put(("died", b"Runtime exited before its answer was whole"))

    def close(self) -> None:
        """Stop listening."""
        self.events.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    events: SimpleQueue[Any]
    arrived: SimpleQueue[tuple[str, bytes]]

    def do_GET(self) -> None:
        given = self.events.get()
        if given is None:
            self._answer(500, b"", {})
            return
        request_id, event, timeout, trace = given
        headers = {"Aws-Request-Id": request_id, "Deadline-Ms": str(int((time.time() + timeout) * 1000))}
        self.arrived.put(("begun", b""))
        self._answer(200, json.dumps(event).encode(), headers | ({"Trace-Id": trace} if trace else {}))

    def do_POST(self) -> None:
        streams = self.headers.get("Lambda-Runtime-Function-Response-Mode") == "streaming"
        kind = "answer" if self.path.endswith("/response") else "error"
        kind = "init" if self.path.endswith("/init/error") else kind
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline() or b"0", 16):
                self.arrived.put(("piece", self.rfile.read(size)))
                self.rfile.readline()
            trailers = dict(line.split(": ", 1) for line in iter(lambda: self.rfile.readline().decode().strip(), ""))
            failure = trailers.get("Lambda-Runtime-Function-Error-Type")
            content = failure.encode() if failure else b""
            kind = "error" if failure or not streams else kind
        else:
            content = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(202, b"", {})
        self.arrived.put((kind, content))

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(f"Lambda-Runtime-{name}", value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
