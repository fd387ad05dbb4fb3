"""`tailor chat` against an API of its own, with keys in memory."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tailor.serving.aliases import Alias, Version
from tailor_cli import api_client, chat
from tailor_cli.context import Session
from tailor_cli.main import app
from tests.unit.datasets.support import PIXEL

WORDS = ("màu ", "vàng", "\x1b[31m")


class Api(BaseHTTPRequestHandler):
    """Answers in three pieces; the model name ``busy`` is over its limit."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({**body, "key": self.headers["Authorization"]})
        busy = body["messages"][-1]["content"] == "busy"
        self.send_response(429 if busy else 200)
        self.end_headers()
        if busy:
            self.wfile.write(b'{"error": {"message": "too many requests", "code": "rate_limit_exceeded"}}')
            return
        chunks: list[dict[str, Any]] = [{"choices": [{"delta": {"content": word}}]} for word in WORDS]
        for chunk in [*chunks, {"choices": [], "usage": {"total_tokens": 9}, "system_fingerprint": "colours-run"}]:
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""


class Keys:
    """Keeps a table's keys."""

    def __init__(self) -> None:
        self.made, self.revoked = list[Any](), list[str]()

    def alias(self, project: str) -> Alias:
        version = Version(run="colours-run", deployment="arn:deployment", model="nova-lite")
        return Alias(project=project, live=version if project == "colours" else None)

    def add_key(self, key: Any) -> None:
        self.made.append(key)

    def revoke_key(self, key: str, now: Any) -> None:
        self.revoked.append(key)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Api,), {"asked": found}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(api_client, "base_url", lambda: f"http://127.0.0.1:{server.server_port}/v1")
    yield found
    server.shutdown()
    server.server_close()


def invoke(*words: str, stdin: str | None = None) -> Result:
    return CliRunner(mix_stderr=False).invoke(app, ["chat", *words], input=stdin)


def test_a_message_with_a_picture_is_asked_and_the_answer_is_printed(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TAILOR_API_KEY", "tailor-key")
    (tmp_path / "a.png").write_bytes(PIXEL)
    result = invoke("colours", "-m", "Màu gì?", "--image", str(tmp_path / "a.png"))
    assert (result.exit_code, result.stdout) == (0, "màu vàng\\x1b[31m\n"), result.stderr
    [request] = asked
    picture, text = request["messages"][0]["content"]
    assert text == {"type": "text", "text": "Màu gì?"}
    assert picture["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    assert (request["model"], request["key"]) == ("colours", "Bearer tailor-key")


def test_json_has_the_answer_the_version_and_the_usage(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAILOR_API_KEY", "tailor-key")
    found = json.loads(invoke("colours", "--json", stdin="Màu gì?\n").stdout)
    assert found == {
        "project": "colours",
        "run": "colours-run",
        "answer": "".join(WORDS),
        "usage": {"total_tokens": 9},
    }
    result = invoke("colours", "--json", "-m", "busy")
    assert json.loads(result.stderr)["error"]["code"] == "throttled"


def test_a_conversation_goes_on_after_what_fails(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TAILOR_API_KEY", "tailor-key")
    monkeypatch.setattr(chat, "_message", lambda given, as_json: None)
    (tmp_path / "a.txt").write_text("no picture")
    lines = ("hi", "busy", f"/image {tmp_path}/a.txt", "and?", "/new", "again", "/quit", "never")
    result = invoke("colours", stdin="\n".join(lines))
    assert result.exit_code == 0
    assert "too many requests" in result.stderr
    assert "is not a picture" in result.stderr
    said = [[each["content"] for each in request["messages"]] for request in asked]
    assert said == [["hi"], ["hi", "".join(WORDS), "busy"], ["hi", "".join(WORDS), "and?"], ["again"]]


def test_without_a_key_one_is_made_for_the_chat_and_revoked(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAILOR_API_KEY", raising=False)
    kept = Keys()
    monkeypatch.setattr(Session, "serving", kept)
    monkeypatch.setattr(Session, "runs", SimpleNamespace(open_runs=list))
    monkeypatch.setattr(Session, "bucket", SimpleNamespace(folders=lambda prefix: ["colours", "manuals"]))
    assert invoke("colours", "-m", "busy").exit_code == 1
    [key] = kept.made
    assert kept.revoked == [key.id]
    assert (key.projects, key.scopes) == (("colours",), ("chat",))
    result = invoke("manuals", "-m", "hi")
    assert "manuals has no live model" in result.stderr
    assert len(kept.made) == 1
