"""A Slack that refuses what Slack refuses: a server on loopback for chat.postMessage, chat.update, auth.test and
response URLs.

Limits: docs.slack.dev/reference/block-kit (blocks, block elements, composition objects); errors:
docs.slack.dev/reference/methods/chat.postMessage. The total of a message is not documented; 13,200 characters were
observed.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "xoxb-123456789012-abcdefghijkl"
CHANNEL = "C0123456789"
STRANGE = "C0000000000"  # a channel that the app is not in


def length(text: str) -> int:
    """UTF-16 units, as JavaScript counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def wrong_with(blocks: Any) -> str:
    """What Slack would refuse of a message's blocks; empty if nothing."""
    try:
        _check(blocks)
    except AssertionError as error:
        return str(error) or "a limit"
    return ""


def _check(blocks: Any) -> None:
    assert isinstance(blocks, list)
    assert 1 <= len(blocks) <= 50, "number of blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    assert len(ids) == len(set(ids)), "block_id twice"
    assert sum(map(_block, blocks)) <= 12_000, "the whole"


def _block(block: dict[str, Any]) -> int:
    """The length of a block's texts."""
    kind = block["type"]
    known = {"type", "block_id", "text", "fields", "elements"}
    assert set(block) <= known, f"unknown {set(block) - known}"
    if kind == "header":
        return _text(block["text"], 150, "plain_text")
    if kind == "section":
        assert "text" in block or 1 <= len(block["fields"]) <= 10, "a section without text"
        found = _text(block["text"], 3000) if "text" in block else 0
        return found + sum(_text(each, 2000) for each in block.get("fields", []))
    if kind == "actions":
        assert 1 <= len(block["elements"]) <= 25, "number of elements"
        names = [element["action_id"] for element in block["elements"]]
        assert len(names) == len(set(names)), "action_id twice"
        return sum(map(_button, block["elements"]))
    assert kind == "context", f"type {kind}"
    assert 1 <= len(block["elements"]) <= 10, "number of elements"
    return sum(_text(each, 2000) for each in block["elements"])


def _button(button: dict[str, Any]) -> int:
    assert button["type"] == "button"
    assert 1 <= len(button["action_id"]) <= 255
    assert 1 <= len(button.get("url", "u")) <= 3000, "url"
    assert 1 <= len(button.get("value", "v")) <= 2000, "value"
    assert button.get("style", "primary") in ("primary", "danger"), "style"
    if confirm := button.get("confirm"):
        for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            _text(confirm[name], limit, "plain_text")
        assert confirm.get("style", "primary") in ("primary", "danger"), "style"
    return _text(button["text"], 75, "plain_text") + len(button.get("url", ""))


def _text(text: dict[str, Any], limit: int, kind: str = "") -> int:
    assert text["type"] in ((kind,) if kind else ("plain_text", "mrkdwn")), f"type {text['type']}"
    assert 1 <= length(text["text"]) <= limit, f"{length(text['text'])} characters of at most {limit}"
    return length(text["text"])


@dataclass
class Posted:
    """A message in the channel. ``updates``: what it showed, the first one first."""

    ts: str
    thread: str | None
    broadcast: bool
    updates: list[dict[str, Any]]

    @property
    def body(self) -> dict[str, Any]:
        return self.updates[-1]

    @property
    def title(self) -> str:
        title: str = self.body["blocks"][0]["text"]["text"]
        return title

    @property
    def buttons(self) -> dict[str, dict[str, Any]]:
        """The buttons that act, by their action."""
        return {
            element["action_id"]: element
            for block in self.body["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
            if "value" in element
        }


@dataclass
class SlackStandIn:
    """``refuse``: codes with which the next calls are refused; ``busy``: seconds of Retry-After for the next calls."""

    url: str = ""
    scopes: str = "chat:write"
    messages: list[Posted] = field(default_factory=list)
    responses: list[dict[str, Any]] = field(default_factory=list)
    refuse: list[str] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def api(self) -> str:
        return f"{self.url}/api/"

    def secret(self, **more: Any) -> dict[str, Any]:
        return {"slack": {"token": TOKEN, "channel": CHANNEL} | more}

    def answer(self, method: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
        self.calls.append(method)
        if token != f"Bearer {TOKEN}":
            return {"ok": False, "error": "invalid_auth"}
        if self.refuse:
            return {"ok": False, "error": self.refuse.pop(0)}
        if method == "auth.test":
            return {"ok": True, "team": "Tailor", "user": "tailor", "bot_id": "B1"}
        if "chat:write" not in self.scopes:
            return {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": self.scopes}
        if body.get("channel") != CHANNEL:
            return {"ok": False, "error": "not_in_channel" if body.get("channel") == STRANGE else "channel_not_found"}
        if not body.get("text"):
            return {"ok": False, "error": "no_text"}
        if length(body["text"]) > 4000:
            return {"ok": False, "error": "msg_too_long"}
        if problem := wrong_with(body.get("blocks")):
            return {"ok": False, "error": "invalid_blocks", "errors": [problem]}
        return self._post(body) if method == "chat.postMessage" else self._update(body)

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        thread = body.get("thread_ts")
        if thread is not None and thread not in [message.ts for message in self.messages if message.thread is None]:
            return {"ok": False, "error": "thread_not_found"}
        if body.get("reply_broadcast") and thread is None:
            return {"ok": False, "error": "invalid_arguments"}
        ts = f"1764000000.{len(self.messages):06}"
        self.messages.append(Posted(ts, thread, bool(body.get("reply_broadcast")), [body]))
        return {"ok": True, "channel": CHANNEL, "ts": ts, "message": body}

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        found = next((message for message in self.messages if message.ts == body.get("ts")), None)
        if found is None:
            return {"ok": False, "error": "message_not_found"}
        found.updates.append(body)
        return {"ok": True, "channel": CHANNEL, "ts": found.ts, "text": body["text"]}


@contextmanager
def slack_stand_in() -> Iterator[SlackStandIn]:
    slack = SlackStandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if not self.headers["content-type"].startswith("application/json"):
                return self._send(200, {"ok": False, "error": "invalid_post_type"})
            with slack.lock:
                if self.path.startswith("/response/"):
                    slack.responses.append(json.loads(body))
                    return self._send(200, {"ok": True})
                if slack.busy:
                    return self._send(
                        429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(slack.busy.pop(0))}
                    )
                method = self.path.removeprefix("/api/")
                found = slack.answer(method, self.headers.get("authorization", ""), json.loads(body))
            return self._send(200, found, {"x-oauth-scopes": slack.scopes})

        def _send(self, status: int, found: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            text = json.dumps(found).encode()
            with contextlib.suppress(ConnectionError):
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    slack.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
