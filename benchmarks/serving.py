"""Measure what the API adds to a model call. Run: python -m benchmarks.serving [--before COMMIT] [--wait 5]

Each contender is a Lambda handler in a process of its own that sees nothing but its packages: ``authorize`` and
``inference`` as deployed, the same of an earlier commit, and a gateway of a common shape (:mod:`benchmarks.gateway`).
DynamoDB and Bedrock are one local server that answers at once, so what is measured is the handlers' own. Prints
medians over the rounds, which take turns: processor seconds of import and of the first call, processor milliseconds of
each warm call, milliseconds of warm calls by the clock (median and 99th percentile), and the largest resident memory.
The chat event's key has a limit of requests and of tokens, so inference reads and writes DynamoDB more than usual.
With ``--wait`` each call of DynamoDB takes that many milliseconds, which shows how many follow each other.

The last two rows are streams: milliseconds until the first token is handed over, by inference and by a direct call of
ConverseStream with boto3 (:mod:`benchmarks.gateway.direct`).

Needs the package index once, for the packages of layers/runtime and benchmarks/gateway.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from tailor_local.bedrock.eventstream import message

ROOT = Path(__file__).resolve().parents[1]
SECRET = f"tailor-colours-{'a' * 40}"
WAIT = [0.0]
FIRST_TOKEN, DIRECT = "inference, stream", "converse_stream"
NUMBERS = ("import", "first", "each", "p50", "p99", "memory")
CONTENDER = """
import json, resource, sys, time
given = json.load(sys.stdin)
sys.path[:0] = given["paths"]
def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
began = spent()
module = __import__(given["module"], fromlist=["handler"])
imported = spent()
class Context:
    function_name, memory_limit_in_mb, invoked_function_arn, aws_request_id = "f", 128, "arn:f", "1"
def call():
    start = time.perf_counter()
    answer = module.handler(json.loads(given["event"]), Context())
    assert answer.get("statusCode", 200) == 200, answer
    took = time.perf_counter() - start
    if given["streams"]:
        for piece in (pieces := iter(answer["body"])):
            if given["token"] in piece:
                took = time.perf_counter() - start
                break
        else:
            raise AssertionError("no token came")
        for piece in pieces:
            pass
    return took * 1000
call()
first = spent()
times, began_warm = [], spent()
for _ in range(given["calls"]):
    times.append(call())
each = (spent() - began_warm) / given["calls"] * 1000
times.sort()
with open("/proc/self/status") as status:  # ru_maxrss would count what the process that started this one held
    memory = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
print(json.dumps({"import": imported - began, "first": first - imported, "each": each, "p50": times[len(times) // 2],
                  "p99": times[int(len(times) * 0.99)], "memory": memory}), file=sys.stderr)
"""
ROWS: Mapping[str, Mapping[str, Any]] = {
    "KEYS": {
        "digest": {"S": "d" * 64},
        "name": {"S": "app"},
        "projects": {"L": [{"S": "colours"}]},
        "created_at": {"S": "2026-01-01T00:00:00+00:00"},
    },
    "PROJECT#colours": {
        "project": {"S": "colours"},
        "revision": {"N": "1"},
        "live": {
            "M": {
                "run": {"S": "colours-scenes-1"},
                "deployment": {"S": "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghij12"},
                "model": {"S": "nova-lite"},
            }
        },
    },
}
ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "đỏ"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 10, "outputTokens": 3, "totalTokens": 13},
    "metrics": {"latencyMs": 1},
}
TOKEN = "đỏ"
EVENTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"delta": {"text": TOKEN}, "contentBlockIndex": 0}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": ANSWER["usage"], "metrics": ANSWER["metrics"]}),
)


class Cloud(BaseHTTPRequestHandler):
    """DynamoDB and Bedrock, as far as one chat request needs them."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one piece: no client waits for a second one

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/converse-stream"):
            self._send(b"".join(_message(*event) for event in EVENTS), "application/vnd.amazon.eventstream")
            return
        operation = self.headers.get("x-amz-target", "Converse").rpartition(".")[2]
        if operation != "Converse":
            time.sleep(WAIT[0] / 1000)
        match operation:
            case "Converse":
                self._answer(ANSWER)
            case "GetItem":
                row = ROWS.get(body["Key"]["pk"]["S"])
                self._answer({"Item": row} if row else {})
            case "BatchGetItem":
                [(table, wanted)] = body["RequestItems"].items()
                found = ({**key, **row} for key in wanted["Keys"] if (row := ROWS.get(key["pk"]["S"])))
                self._answer({"Responses": {table: list(found)}, "UnprocessedKeys": {}})
            case _:
                self._answer({"Attributes": {"requests": {"N": "1"}, "tokens": {"N": "1"}}})

    def _answer(self, document: Mapping[str, Any]) -> None:
        self._send(json.dumps(document).encode(), "application/json")

    def _send(self, data: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _message(name: str, value: Mapping[str, Any]) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return message(headers, json.dumps(value).encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=500, help="warm calls in each round")
    parser.add_argument("--before", metavar="COMMIT", help="measure this commit's functions too")
    parser.add_argument("--wait", type=float, default=0, help="milliseconds that each call of DynamoDB takes")
    wanted = parser.parse_args()
    WAIT[0] = wanted.wait
    with tempfile.TemporaryDirectory() as folder, _cloud() as url:
        contenders = _contenders(Path(folder), wanted.before)
        found: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
        for number in range(wanted.rounds + 1):  # the first one fills the cache of byte code
            for name, given in contenders.items():
                told = {"streams": False, "token": TOKEN, **given, "calls": wanted.calls}
                figures = _run(told, url, Path(folder))
                if number:
                    found[name].append(figures)
    print(f"{'':20}{'import s':>10}{'first s':>10}{'each ms':>10}{'p50 ms':>10}{'p99 ms':>10}{'MiB':>10}")
    for name, rounds in found.items():
        figures = {number: median(each[number] for each in rounds) for number in NUMBERS}
        print(f"{name:20}" + "".join(f"{figures[number]:>10.{2 if number != 'memory' else 0}f}" for number in NUMBERS))
    ours, direct = (median(each["p50"] for each in found[name]) for name in (FIRST_TOKEN, DIRECT))
    print(f"first token: {ours - direct:+.2f} ms, {ours / direct:.2f} times the direct call's")


def _contenders(folder: Path, before: str | None) -> dict[str, dict[str, Any]]:
    """Return what each process is told, by the contender's name."""
    layer = _installed(ROOT / "layers/runtime/requirements.txt", folder / "layer")
    gateway = _installed(ROOT / "benchmarks/gateway/requirements.txt", folder / "gateway")
    events = _events()
    places = {"": ROOT}
    if before:
        places[f"{before[:7]} "] = _checked_out(before, folder / "before")
    found: dict[str, dict[str, Any]] = {}
    for name in ("authorize", "inference"):
        for label, place in places.items():
            paths = [str(place), str(place / "layers/tailor"), layer]
            found[f"{label}{name}"] = {"module": f"functions.{name}.app", "paths": paths, "event": events[name]}
    chat = json.loads(events["inference"]) | {"headers": {"Authorization": f"Bearer {SECRET}"}}
    chat["multiValueHeaders"] = {"Authorization": [f"Bearer {SECRET}"], "Content-Type": ["application/json"]}
    told = {"module": "benchmarks.gateway.app", "paths": [str(ROOT), gateway], "event": json.dumps(chat)}
    chat["headers"], chat["body"] = {}, json.dumps({**json.loads(chat["body"]), "stream": True})
    streamed = {"event": json.dumps(chat), "streams": True}
    direct = {"module": "benchmarks.gateway.direct", "paths": [str(ROOT), gateway]}
    return found | {"gateway, FastAPI": told, FIRST_TOKEN: found["inference"] | streamed, DIRECT: direct | streamed}


def _events() -> dict[str, str]:
    """Return an event of each function, as text."""
    authorize = json.loads((ROOT / "events/authorize_request.json").read_text())
    authorize["headers"] = {"Authorization": f"Bearer {SECRET}"}
    chat = json.loads((ROOT / "events/inference_chat.json").read_text())
    chat["requestContext"]["authorizer"]["tokens_per_day"] = "1000000000"
    chat["body"] = json.dumps({"model": "colours", "messages": [{"role": "user", "content": "Quả táo màu gì?"}]})
    return {"authorize": json.dumps(authorize), "inference": json.dumps(chat)}


def _installed(requirements: Path, folder: Path) -> str:
    command = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--target", str(folder)]
    subprocess.run([*command, "--python", sys.executable, "-r", str(requirements)], check=True)
    return str(folder)


def _checked_out(commit: str, folder: Path) -> Path:
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def _run(given: Mapping[str, Any], url: str, folder: Path) -> dict[str, float]:
    environment = {
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_ENDPOINT_URL": url,
        "SERVING_TABLE": "serving",
        "BUCKET": "data",
        "API_KEY": SECRET,
        "MODEL": "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghij12",
        "POWERTOOLS_TRACE_DISABLED": "1",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "PATH": os.environ["PATH"],
    }
    command = [sys.executable, "-I", "-S", "-X", f"pycache_prefix={folder / 'cache'}", "-c", CONTENDER]
    told = json.dumps(given)
    done = subprocess.run(command, input=told, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{given['module']} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    figures: dict[str, float] = json.loads(done.stderr.splitlines()[-1])
    return figures


@contextmanager
def _cloud() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
