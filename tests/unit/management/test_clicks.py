"""Clicks in Slack at the real function: whose they are, who may, what they act on, and what people are told."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import pytest

from tailor.aws import clients
from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.costs import Approval, Quote
from tailor.management.clicks import signed
from tailor.notices import slack
from tailor.notices.cards import buttons_of, card_of, quote_digest
from tailor.notices.hooks import SlackApp
from tailor.notices.messages import Reader
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import Run, State
from tailor.steps import steer
from tests.unit.management.test_approvals import QUOTE
from tests.unit.notices.slack_stand_in import CHANNEL, TOKEN, SlackStandIn, slack_stand_in, wrong_with
from tests.unit.serving.gateway import CONTEXT, proxy_event
from tests.unit.steps.fakes import a_run

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ANN, BOB = "U012ANN", "U012BOB"
APP: dict[str, Any] = {
    "token": TOKEN,
    "channel": CHANNEL,
    "signing_secret": SECRET,
    "approve": [ANN],
    "operate": "channel",
}
RUN = "colours-scenes-0123456789ab"
NOW = datetime.now(UTC)


@pytest.fixture
def hooks(aws: None, monkeypatch: pytest.MonkeyPatch) -> str:
    own = {"projects": {"secret": {"slack": APP | {"channel": "C0SECRET", "approve": "channel"}}}}
    text = json.dumps({"slack": APP} | own)
    arn: str = clients.client("secretsmanager").create_secret(Name="webhooks", SecretString=text)["ARN"]
    monkeypatch.setenv("WEBHOOKS_SECRET_ARN", arn)
    monkeypatch.setenv("ALLOW_INSECURE_WEBHOOK", "true")
    clients.client("dynamodb").create_table(
        TableName="sent",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    return arn


@pytest.fixture
def people() -> Iterator[SlackStandIn]:
    with slack_stand_in() as found:
        yield found


class Channel:
    """People who press the buttons of messages in a channel."""

    def __init__(self, function: ModuleType, people: SlackStandIn, runs: DynamoRunStore) -> None:
        self.function, self.people, self.runs = function, people, runs

    def waiting(self, **more: Any) -> Run:
        run = a_run(State.AWAITING_APPROVAL, id=RUN, at=NOW, **{"quote": QUOTE} | more)
        self.runs.create(run)
        return run

    def payload(self, run: Run, action: str = "approve", user: str = ANN, **more: Any) -> dict[str, Any]:
        app = SlackApp.model_validate(APP)
        shown = slack.card(card_of(run, Reader(), app))
        [button] = [each for each in buttons_of(run, app) if each.action == action]
        return {
            "type": "block_actions",
            "user": {"id": user, "username": "ann", "team_id": "T1"},
            "team": {"id": "T1", "domain": "tailor"},
            "channel": {"id": CHANNEL, "name": "models"},
            "actions": [{"action_id": action, "value": button.value, "type": "button", "block_id": "decide"}],
            "message": {"ts": "1", **shown},
            "response_url": f"{self.people.url}/response/1",
        } | more

    def press(self, payload: Any, secret: str = SECRET, at: int | None = None) -> int:
        return self.send(self.request(payload, secret, at))

    def request(self, payload: Any, secret: str = SECRET, at: int | None = None) -> dict[str, Any]:
        body = f"payload={quote_plus(payload if isinstance(payload, str) else json.dumps(payload))}"
        stamp = str(int(time.time()) if at is None else at)
        own = {
            "content-type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signed(secret, stamp, body.encode()).decode(),
        }
        return proxy_event("POST", "/slack/interactions", body, {}, own)

    def send(self, request: dict[str, Any]) -> int:
        status: int = self.function.handler(request, CONTEXT)["statusCode"]
        return status

    @property
    def told(self) -> str:
        """What the last person was told, and nobody else."""
        last = self.people.responses[-1]
        assert last["response_type"] == "ephemeral"
        return str(last["text"])


@pytest.fixture
def channel(hooks: str, function: ModuleType, people: SlackStandIn, runs: DynamoRunStore) -> Channel:
    return Channel(function, people, runs)


@pytest.mark.parametrize(("action", "state"), [("approve", State.APPROVED), ("decline", State.DECLINED)])
def test_a_decision_is_made_and_its_message_says_by_whom(channel: Channel, action: str, state: State) -> None:
    payload = channel.payload(channel.waiting(), action)
    assert channel.press(payload) == 200
    run = channel.runs.get(RUN)
    assert (run.state, run.history[-1].by) == (state, "slack:U012ANN (ann)")
    [shown] = channel.people.responses
    assert shown["replace_original"] is True
    assert not wrong_with(shown["blocks"])
    assert [each for each in shown["blocks"] if each["type"] == "actions" and "value" in each["elements"][0]] == []
    assert shown["blocks"][-1]["elements"][0]["text"] == f"<@{ANN}> {action}d it"


def test_a_second_click_is_told_who_decided(channel: Channel) -> None:
    payload = channel.payload(channel.waiting())
    channel.press(payload)
    assert channel.press(payload, at=int(time.time()) - 10) == 200
    assert channel.told == "This was already decided: slack:U012ANN (ann) approved the run."
    assert channel.runs.get(RUN).state == State.APPROVED


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"user": {"id": BOB, "username": "bob", "team_id": "T1"}}, "You may not approve runs of colours in Slack"),
        ({"channel": {"id": "C0OTHER", "name": "other"}}, "Runs of colours can't be decided in this channel"),
        ({"channel": None}, "Runs of colours can't be decided in this channel"),
    ],
)
def test_who_and_where_are_checked(channel: Channel, changes: dict[str, Any], words: str) -> None:
    run = channel.waiting()
    assert channel.press(channel.payload(run) | changes) == 200
    assert channel.told.startswith(words)
    assert channel.runs.get(RUN).state == State.AWAITING_APPROVAL


def test_a_whole_channel_does_not_include_guests_of_other_workspaces(channel: Channel) -> None:
    run = a_run(State.TRAINED, id=RUN, at=NOW, quote=QUOTE)
    channel.runs.create(run)
    guest = {"user": {"id": BOB, "username": "bob", "team_id": "T2"}}
    channel.press(channel.payload(run, "stop") | guest)
    assert channel.told.startswith("You may not stop runs of colours")
    channel.press(channel.payload(run, "stop", BOB))
    assert channel.runs.get(RUN).state != State.TRAINED


def test_a_button_approves_nothing_but_what_it_was_shown_for(channel: Channel) -> None:
    run = channel.waiting()
    old = channel.payload(run)
    dearer = Quote.model_validate(QUOTE | {"lines": [QUOTE["lines"][0] | {"high": "480"}]})
    channel.runs.save(run.updated(quote=dearer))
    channel.press(old)
    assert channel.told == (
        "The quote has changed since this message: it is $3.20 to $480.00 now. Nothing was decided."
    )
    again = steer.decline(run, channel.runs, by="bob", reason="", now=NOW)
    channel.runs.save(again.moved(State.PREPARED, by="bob").moved(State.AWAITING_APPROVAL, by="train"))
    channel.press(old, at=int(time.time()) - 10)
    assert "has moved on since this message: it is “awaits approval” now" in channel.told
    assert channel.runs.get(RUN).state == State.AWAITING_APPROVAL


def test_what_the_core_refuses_is_said_in_words(channel: Channel) -> None:
    late = QUOTE | {"approval": {"reason": "", "until": "2026-01-01T00:00:00+00:00"}}
    channel.press(channel.payload(channel.waiting(quote=late)))
    assert channel.told.startswith(f"run {RUN} waited for approval until 2026-01-01")
    assert channel.runs.get(RUN).state == State.AWAITING_APPROVAL


def test_a_version_that_passed_is_promoted(channel: Channel, store: ServingTable) -> None:
    by_hand = Recipe(deployment=Deployment(promote=False))
    job = {"arn": "arn:job", "model_arn": "arn:aws:bedrock:us-east-1:123456789012:custom-model/m"}
    deployment = {"arn": "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghij12"}
    run = a_run(State.PASSED, id=RUN, at=NOW, recipe=by_hand, job=job, deployment=deployment)
    channel.runs.create(run)
    assert channel.press(channel.payload(run, "promote", BOB)) == 200
    live = store.alias("colours").live
    assert live is not None
    assert live.run == RUN
    assert channel.runs.get(RUN).history[-1].reason == "promoted by a button in Slack, after it passed"


# ------------------------------------------------------------------------------------------------- forgeries
def test_a_request_is_taken_once(channel: Channel) -> None:
    request = channel.request(channel.payload(channel.waiting()))
    assert [channel.send(request), channel.send(request)] == [200, 409]


@pytest.mark.parametrize("age", [-301, -3600, 301])
def test_an_old_request_is_refused_however_well_it_is_signed(
    channel: Channel, age: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload, now = channel.payload(channel.waiting()), datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr(channel.function.clicks, "_clock", lambda: now)  # on a busy machine 301 s ahead soon are 300
    assert channel.press(payload, at=int(now.timestamp()) + age) == 401
    assert channel.runs.get(RUN).state == State.AWAITING_APPROVAL


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0="},
        {"X-Slack-Signature": "v0=é"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "²"},
        {"X-Slack-Request-Timestamp": "9" * 400},
    ],
)
def test_odd_headers_are_refused(channel: Channel, headers: dict[str, str]) -> None:
    request = channel.request(channel.payload(channel.waiting()))
    assert channel.send(request | {"headers": request["headers"] | headers}) == 401


def test_another_secret_or_another_body_is_refused(channel: Channel) -> None:
    payload = channel.payload(channel.waiting())
    assert channel.press(payload, secret="0" * 32) == 401
    request = channel.request(payload)
    assert channel.send(request | {"body": request["body"] + "&x=1"}) == 401
    assert channel.runs.get(RUN).state == State.AWAITING_APPROVAL


def test_without_an_app_nothing_is_taken_not_even_signed_by_nothing(
    channel: Channel, hooks: str, function: ModuleType
) -> None:
    clients.client("secretsmanager").put_secret_value(SecretId=hooks, SecretString="{}")
    function.secret._provider.clear_cache()
    payload = channel.payload(channel.waiting())
    assert [channel.press(payload, secret=each) for each in (SECRET, "")] == [401, 401]


@pytest.mark.parametrize("payload", ["", "{}", "[]", "nonsense", '{"type": "view_submission"}'])
def test_a_signed_request_that_is_no_click_is_refused(channel: Channel, payload: str) -> None:
    assert channel.press(payload) == 400


@pytest.mark.parametrize("value", ["", "{}", '{"run": 1}', "null"])
def test_a_value_that_is_not_ours_is_refused(channel: Channel, value: str) -> None:
    payload = channel.payload(channel.waiting())
    payload["actions"][0]["value"] = value
    assert channel.press(payload) == 400


def test_a_link_is_acknowledged_and_does_nothing(channel: Channel) -> None:
    payload = channel.payload(channel.waiting())
    payload["actions"] = [{"action_id": "open-0", "type": "button"}]
    assert channel.press(payload) == 200
    assert channel.people.responses == []


def test_a_person_is_not_told_at_an_address_that_is_not_slacks(
    channel: Channel, function: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function.slack, "_insecure", False)
    assert channel.press(channel.payload(channel.waiting())) == 200
    assert channel.people.responses == []
    assert channel.runs.get(RUN).state == State.APPROVED


def test_the_signature_is_slacks_own() -> None:
    """The worked example of Slack's documentation."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    found = signed(SECRET, "1531420618", body)
    assert found == b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_amounts_are_compared_not_only_their_sum() -> None:
    quote = Quote.model_validate(QUOTE)
    other = quote.model_copy(update={"lines": tuple(reversed(quote.lines))})
    run = a_run(State.AWAITING_APPROVAL, id=RUN, at=NOW, quote=QUOTE)
    assert quote_digest(run) != quote_digest(run.updated(quote=other))
    later = Approval(until=NOW)
    assert quote_digest(run) == quote_digest(run.updated(quote=quote.model_copy(update={"approval": later})))
