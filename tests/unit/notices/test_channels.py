"""What SNS, Slack and a webhook get, within the limits of each."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import slack_ids
from tailor.errors import RetryableError, ThrottledError
from tailor.notices import slack
from tailor.notices.channels import (
    PostResponse,
    SendResult,
    SlackChannel,
    SnsChannel,
    WebhookChannel,
    document,
    plain_text,
    subject,
)
from tailor.notices.figures import Field
from tailor.notices.messages import Notice, NoticeLink, Reader, message_for
from tailor.notices.wordings import WORDINGS
from tailor.runs import State
from tests.unit.notices.conftest import path_to, run_through
from tests.unit.notices.slack_stand_in import length, wrong_with

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
LONG = st.builds(lambda text, times: text * times, st.text(min_size=1, max_size=8), st.integers(1, 700))
SIGNS = st.text('<&>*_`~@!|\n"🟥é', min_size=1, max_size=8)
MARKUP = st.builds(lambda text, times: text * times, SIGNS, st.integers(1, 700))
ANY_TEXT = LONG | MARKUP


def message(**changes: Any) -> Notice:
    fields: dict[str, Any] = {
        "run": "colours-scenes-0f3a00000000",
        "project": "colours",
        "dataset": "scenes",
        "state": State.PASSED,
        "sequence": 9,
        "at": AT,
        "severity": "success",
        "title": "colours: the new model is better",
        "text": "It is better.",
        "next_step": "It goes live.",
    }
    return Notice(**fields | changes)


messages = st.builds(
    message,
    title=ANY_TEXT,
    text=ANY_TEXT,
    next_step=ANY_TEXT,
    fields=st.lists(st.builds(Field, ANY_TEXT, ANY_TEXT), max_size=15).map(tuple),
    links=st.lists(st.builds(NoticeLink, ANY_TEXT, st.integers(1, 4000).map(lambda size: "u" * size)), max_size=8).map(
        tuple
    ),
    mention=st.none() | ANY_TEXT,
    severity=st.sampled_from(["info", "success", "warning", "error"]),
)


# ---------------------------------------------------------------------------------------------------- Slack
def check_slack(payload: dict[str, Any]) -> None:
    """The documented limits of Block Kit, and the observed one of the whole."""
    assert not wrong_with(payload["blocks"])
    assert length(payload["text"]) <= 3000


@settings(max_examples=60, deadline=None)
@given(messages)
def test_slack_payloads_keep_every_limit(any_message: Notice) -> None:
    payload = slack.payload(any_message)
    check_slack(payload)
    json.dumps(payload).encode()


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT, st.integers(5, 300))
def test_escaped_text_has_no_markup_and_ends_before_its_limit(text: str, limit: int) -> None:
    escaped = slack.escape(text, limit)
    assert length(escaped) <= limit
    assert "<" not in escaped
    assert ">" not in escaped
    unescaped = escaped.removesuffix("…").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert escaped.count("&") == escaped.count("&lt;") + escaped.count("&gt;") + escaped.count("&amp;")
    assert "".join(" " if (ord(c) < 32 and c != "\n") or c == "\x7f" else c for c in text).startswith(unescaped)


@pytest.mark.parametrize("state", WORDINGS)
def test_what_each_state_looks_like_in_slack(state: State) -> None:
    run = run_through(*path_to(state))
    told = message_for(run, run.change(run.sequence), Reader(reports_url="https://reports.example/"))
    assert told is not None
    payload = slack.payload(told)
    check_slack(payload)
    kinds = [block["type"] for block in payload["blocks"]]
    assert kinds[0] == "header"
    assert kinds[-1] == "context"
    assert told.title in payload["blocks"][0]["text"]["text"]
    assert payload["blocks"][1]["text"]["text"] == slack.escape(told.text, 3000)
    assert run.id in payload["blocks"][-1]["elements"][0]["text"]
    assert ("actions" in kinds) == bool(told.links)
    assert told.title in payload["text"]


def test_text_from_people_can_not_become_markup_in_slack() -> None:
    payload = slack.payload(
        message(text="<!channel> & <https://evil.example|click>", fields=(Field("<@U1>", "<#C1>"),))
    )
    sent = json.dumps(payload)
    assert "<" not in sent
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;" in sent
    assert all(
        text["verbatim"] is True
        for block in payload["blocks"]
        for text in [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
        if text and text["type"] == "mrkdwn"
    )


@pytest.mark.parametrize(
    ("mention", "shown"),
    [
        ("U012ABCDEF", "<@U012ABCDEF> "),
        ("S012ABCDEF", "<!subteam^S012ABCDEF> "),
        ("!channel", ""),
        ("@ann", ""),
        (None, ""),
    ],
)
def test_only_members_and_groups_can_be_mentioned(mention: str | None, shown: str) -> None:
    payload = slack.payload(message(mention=mention))
    assert payload["blocks"][1]["text"]["text"] == f"{shown}It is better."


@settings(max_examples=200, deadline=None)
@given(st.one_of(ANY_TEXT, st.from_regex(r"[<@!]{0,2}[a-zA-Z^]{0,9}[|^]?[USWusw][A-Za-z0-9]{2,12}>?", fullmatch=True)))
def test_a_mention_is_taken_or_says_what_to_write_instead(mention: str) -> None:
    fix = slack_ids.fix(mention)
    assert bool(fix) != bool(slack_ids.markup(mention))
    if near := re.search(r"did you mean '(\w+)'", fix):
        assert slack_ids.markup(near[1])


def test_a_button_only_where_there_is_a_url() -> None:
    assert "actions" not in [block["type"] for block in slack.payload(message())["blocks"]]
    too_long = (NoticeLink("Open", "https://reports.example/" + "x" * 3000),)
    assert "actions" not in [block["type"] for block in slack.payload(message(links=too_long))["blocks"]]


# ---------------------------------------------------------------------------------------------------- SNS
@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_subjects_are_short_ascii_on_one_line(title: str) -> None:
    line = subject(message(title=title))
    assert len(line) < 100
    assert line.isascii()
    assert line == "" or line.isprintable()


def test_a_long_subject_is_cut_with_dots() -> None:
    assert subject(message(title="word " * 40)) == ("word " * 40)[:96].rstrip() + "..."


def test_mail_begins_with_what_is_next() -> None:
    told = message(
        fields=(Field("Result", "78.3 %"),), links=(NoticeLink("Open the report", "https://reports.example/r"),)
    )
    assert plain_text(told) == (
        "Next: It goes live.\n\ncolours: the new model is better\nIt is better.\n\nResult: 78.3 %\n\n"
        "Open the report: https://reports.example/r\n\n"
        "Run colours-scenes-0f3a00000000, dataset scenes, 22 November 2026, 10:00 UTC\n"
    )


def test_sns_gives_text_to_people_and_json_to_machines() -> None:
    published: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = []
    channel = SnsChannel(lambda subject, bodies, attributes: published.append((subject, bodies, attributes)))
    assert channel.send(message()) == SendResult(sent=True)
    [(line, bodies, attributes)] = published
    assert line == "colours: the new model is better"
    assert bodies["default"] == plain_text(message())
    assert json.loads(bodies["sqs"]) == json.loads(bodies["https"]) == document(message())
    assert attributes == {"project": "colours", "event": "passed", "state": "passed", "severity": "success"}


def test_the_document_names_the_change() -> None:
    found = document(message(fields=(Field("Result", "78.3 %"),)))
    assert found["id"] == "colours-scenes-0f3a00000000-9"
    assert (found["state"], found["sequence"], found["at"]) == ("passed", 9, "2026-11-22T10:00:00Z")
    assert found["fields"] == [{"label": "Result", "value": "78.3 %"}]
    assert json.loads(json.dumps(found)) == found


# ---------------------------------------------------------------------------------------------------- HTTP
class Server:
    """Answers in turn; remembers what it got and how long it was waited for."""

    def __init__(self, *answers: PostResponse | Exception, patience: float = 100) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, bytes, dict[str, str]]] = []
        self.waits: list[float] = []
        self.patience = patience

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> PostResponse:
        self.got.append((url, body, dict(headers)))
        answer = self.answers.pop(0) if self.answers else PostResponse(200, {}, "ok")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(self, seconds: float) -> bool:
        if seconds > self.patience:
            return False
        self.patience -= seconds
        self.waits.append(seconds)
        return True

    @property
    def slack(self) -> SlackChannel:
        return SlackChannel("https://hooks.example/T/B/X", self.post, self.wait)


def test_slack_gets_one_post() -> None:
    server = Server()
    assert server.slack.send(message()) == SendResult(sent=True)
    [(url, body, headers)] = server.got
    assert url == "https://hooks.example/T/B/X"
    assert json.loads(body) == slack.payload(message())
    assert headers["content-type"].startswith("application/json")


def test_too_many_requests_waits_as_long_as_it_is_told() -> None:
    server = Server(PostResponse(429, {"retry-after": "7"}, ""), PostResponse(429, {"retry-after": "2"}, ""))
    assert server.slack.send(message()) == SendResult(sent=True)
    assert server.waits == [7, 2]
    assert len(server.got) == 3


@pytest.mark.parametrize("header", [{"retry-after": "3600"}, {"retry-after": "Sun, 22 Nov 2026 10:00:00 GMT"}, {}])
def test_a_wait_longer_than_the_time_left_is_left_to_another_try(header: dict[str, str]) -> None:
    server = Server(PostResponse(429, header, ""), patience=20)
    with pytest.raises(ThrottledError):
        server.slack.send(message())
    assert len(server.got) == 1


def test_too_many_requests_for_ever_are_not_answered_for_ever() -> None:
    server = Server(*[PostResponse(429, {"retry-after": "1"}, "")] * 50)
    with pytest.raises(ThrottledError):
        server.slack.send(message())
    assert len(server.got) == 3


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_server_in_trouble_is_worth_another_try(status: int) -> None:
    with pytest.raises(RetryableError):
        Server(PostResponse(status, {}, "oops")).slack.send(message())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (PostResponse(400, {}, "invalid_blocks"), "400 invalid_blocks"),
        (PostResponse(403, {}, "action_prohibited"), "403 action_prohibited"),
        (PostResponse(404, {}, "no_service\n"), "404 no_service"),
        (PostResponse(410, {}, "channel_is_archived"), "410 channel_is_archived"),
        (PostResponse(302, {"location": "https://elsewhere.example"}, ""), "302"),
        (PostResponse(404, {}, "<html>ann@example.com asked for /T/B/X</html>"), "404"),
    ],
)
def test_a_refusal_for_good_is_an_outcome_and_not_tried_again(answer: PostResponse, reason: str) -> None:
    server = Server(answer)
    assert server.slack.send(message()) == SendResult(sent=False, reason=reason)
    assert len(server.got) == 1


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("plain text secret", b"plain text secret"),
        ("whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode(), b"0123456789abcdef01234567"),
        ("whsec_not base64!", b"whsec_not base64!"),
    ],
)
def test_a_webhook_is_signed_as_standard_webhooks_describes(secret: str, key: bytes) -> None:
    server = Server()
    hook = WebhookChannel("https://team.example/hook", secret, server.post, server.wait, clock=lambda: AT)
    assert hook.send(message()) == SendResult(sent=True)
    [(url, body, headers)] = server.got
    assert url == "https://team.example/hook"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert headers["webhook-id"] == "colours-scenes-0f3a00000000-9"
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
    event = json.loads(body)
    assert (event["type"], event["timestamp"]) == ("run.passed", "2026-11-22T10:00:00Z")
    assert event["data"] == document(message())
