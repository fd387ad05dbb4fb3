"""Slack by a bot token: one thread a run, which shows the run as it is, at a stand-in that refuses what Slack does."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tailor.aws import clients
from tailor.aws.notices import post
from tailor.errors import RetryableError
from tailor.notices.app_check import check_app
from tailor.notices.cards import STOPPABLE, buttons_of
from tailor.notices.hooks import SlackApp, Webhooks
from tailor.recipe import Notifications, Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import State
from tailor.settings import SettingsError
from tailor.steps import steer
from tests.unit.notices.conftest import MEASURED, TRAINED, Stack, path_to, run_through
from tests.unit.notices.slack_stand_in import CHANNEL, STRANGE, TOKEN, SlackStandIn

SIGNED: dict[str, Any] = {"signing_secret": "8f742231b10e8888abcd99yyyzzz85a5"}
DECIDED: dict[str, Any] = SIGNED | {"approve": "channel", "operate": ["U012ABCDEF"]}


@pytest.fixture
def app(stack: Stack, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setattr(stack.app, "settings", stack.app.settings.model_copy(update={"slack_api": slack.api}))
    stack.write_secret(slack.secret(**DECIDED))
    return stack


def tell_all(stack: Stack, *states: str, **more: Any) -> None:
    """Each change is told when the run is where the change left it, as it happens."""
    for sequence in range(1, len(states) + 1):
        run = run_through(*states[:sequence], **more)
        stack.put(run)
        stack.tell(run)


def test_a_run_is_one_thread_whose_first_message_follows_it(app: Stack, slack: SlackStandIn) -> None:
    tell_all(app, *MEASURED, "passed", "live")
    first, *replies = slack.messages
    assert first.thread is None
    assert {reply.thread for reply in replies} == {first.ts}
    assert [reply.title for reply in replies] == [
        "ℹ️ colours: training has started",
        "ℹ️ colours: training has finished",
        "✅ colours: the new model is better",
        "✅ colours: the custom model is live",
    ]
    assert [reply.broadcast for reply in replies] == [False, False, True, True]
    shown = [update["blocks"][0]["text"]["text"].partition(": ")[2] for update in first.updates]
    words = ["data ready", "training", "trained", "deploying", "deployed", "measuring", "passed", "live"]
    assert list(dict.fromkeys(shown)) == words


def test_repeated_events_post_once(app: Stack, slack: SlackStandIn) -> None:
    for _ in range(2):
        tell_all(app, *TRAINED)
    assert len(slack.messages) == 3
    assert "colours" not in str(clients.client("dynamodb").scan(TableName="sent")["Items"])  # it may be erased


def test_two_first_notices_at_the_same_moment_open_one_thread(app: Stack, slack: SlackStandIn) -> None:
    run = run_through(*TRAINED)
    app.put(run)
    answer = slack.answer

    def slowly(*request: Any) -> dict[str, Any]:
        time.sleep(0.05)
        return answer(*request)

    slack.answer = slowly  # type: ignore[assignment, method-assign]
    ready = threading.Barrier(2)

    def told(sequence: int) -> bool:
        ready.wait()
        try:
            app.tell(run, sequence)
        except RetryableError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        refused = [sequence for sequence, done in zip((3, 5), pool.map(told, (3, 5)), strict=True) if not done]
    for sequence in refused:
        app.tell(run, sequence)  # as its queue does a minute later, when the other notice is long sent
    assert [message.thread for message in slack.messages].count(None) == 1
    assert len(slack.messages) == 2


def test_late_notices_do_not_turn_the_first_message_back(app: Stack, slack: SlackStandIn) -> None:
    run = run_through(*TRAINED)
    app.put(run)
    for sequence in (5, 3, 4):
        app.tell(run, sequence)
    assert slack.messages[0].title == "ℹ️ colours / scenes: trained"
    assert [message.title for message in slack.messages[1:]] == [
        "ℹ️ colours: data is ready",
        "ℹ️ colours: training has started",
    ]


def test_a_failed_update_is_tried_again_and_repeats_no_message(app: Stack, slack: SlackStandIn) -> None:
    run = run_through(*TRAINED)
    app.put(run)
    app.tell(run, 3)
    answer = slack.answer

    def broken(method: str, *rest: Any) -> dict[str, Any]:
        return {"ok": False, "error": "internal_error"} if method == "chat.update" else answer(method, *rest)

    slack.answer = broken  # type: ignore[assignment, method-assign]
    with pytest.raises(RetryableError):
        app.tell(run, 5)
    slack.answer = answer  # type: ignore[method-assign]
    app.tell(run, 5)
    assert len(slack.messages) == 2  # the first one told of the fifth change already
    assert len(app.mails()) == 2


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "invalid_blocks", "missing_scope"])
def test_what_slack_refuses_is_recorded_and_not_tried_again(app: Stack, slack: SlackStandIn, code: str) -> None:
    places = {"channel_not_found": "C9999999999", "not_in_channel": STRANGE}
    app.write_secret(slack.secret(channel=places.get(code, CHANNEL)))
    slack.scopes = "" if code == "missing_scope" else slack.scopes
    slack.refuse = ["invalid_blocks"] if code == "invalid_blocks" else []
    run = run_through(*path_to(State.REJECTED))
    app.put(run)
    assert [app.tell(run)["slack"] for _ in range(2)] == [False, False]
    assert slack.calls == ["chat.postMessage"]
    assert code in app.log.getvalue()
    assert TOKEN not in app.log.getvalue()


def test_retry_after_is_respected_and_a_long_one_left_to_another_invocation(app: Stack, slack: SlackStandIn) -> None:
    run = run_through(*path_to(State.REJECTED))
    app.put(run)
    slack.busy = [1]
    began = time.monotonic()
    assert app.tell(run)["slack"]
    assert time.monotonic() - began >= 1
    live = run_through(*MEASURED, "passed", "live").model_copy(update={"id": "colours-scenes-0f3a00000001"})
    app.put(live)
    slack.busy = [120]
    with pytest.raises(RetryableError, match="slack"):
        app.tell(live)
    assert app.tell(live)["slack"]
    assert len(slack.messages) == 2


def test_uploads_stand_beside_the_threads(app: Stack, slack: SlackStandIn) -> None:
    from tests.unit.contracts.template import event_of
    from tests.unit.notices.conftest import context

    app.app.handler(event_of("notify_upload_answered"), context())
    assert [message.thread for message in slack.messages] == [None]


def test_a_recipe_keeps_its_runs_out_of_the_channel(app: Stack, slack: SlackStandIn) -> None:
    tell_all(app, *TRAINED, recipe=Recipe(notifications=Notifications(slack=False)))
    assert slack.calls == []


# ------------------------------------------------------------------------------------------------- buttons
def shown(*states: str, **more: Any) -> dict[str, str]:
    found = SlackApp(token=TOKEN, channel=CHANNEL, **DECIDED)
    return {button.action: button.question for button in buttons_of(run_through(*states, **more), found)}


def test_buttons_stand_where_they_apply_and_name_the_price() -> None:
    for state in State:
        run = run_through(*path_to(state))
        offered = {button.action for button in buttons_of(run, SlackApp(token=TOKEN, channel=CHANNEL, **DECIDED))}
        assert offered <= set(steer.actions(run))
        assert ("stop" in offered) == (state in STOPPABLE)
    waiting = shown(*path_to(State.AWAITING_APPROVAL))
    assert list(waiting) == ["approve", "decline"]
    assert waiting["approve"] == "Training costs $3.20 to $4.80. The run trains once you approve."
    assert list(shown(*path_to(State.PASSED))) == []
    by_hand = Recipe(deployment=Deployment(promote=False))
    assert list(shown(*path_to(State.PASSED), recipe=by_hand)) == ["promote"]


@pytest.mark.parametrize("rights", [{}, SIGNED, {"approve": "channel"}])
def test_without_a_signing_secret_or_rights_there_are_no_buttons(rights: dict[str, Any]) -> None:
    app = SlackApp(token=TOKEN, channel=CHANNEL, **rights)
    assert buttons_of(run_through(*path_to(State.AWAITING_APPROVAL)), app) == ()


def test_a_request_for_approval_has_buttons_until_it_is_answered(app: Stack, slack: SlackStandIn) -> None:
    path = path_to(State.AWAITING_APPROVAL)
    tell_all(app, *path)
    first, asked = slack.messages
    assert asked.broadcast
    assert list(asked.buttons) == list(first.buttons) == ["approve", "decline"]
    assert "$3.20 to $4.80" in asked.buttons["approve"]["confirm"]["text"]["text"]
    tell_all(app, *path, "approved")
    assert list(first.buttons) == ["stop"]


@pytest.mark.parametrize(
    "slack_secret",
    [
        {"token": "xoxp-123456789012-abc", "channel": CHANNEL},
        {"token": TOKEN, "channel": "#general"},
        {"token": TOKEN, "channel": CHANNEL, "approve": ["ann"]},
        {"token": TOKEN, "channel": CHANNEL, "approve": "everybody"},
        {"token": TOKEN},
    ],
)
def test_a_wrong_app_is_refused_without_its_token(slack_secret: dict[str, Any]) -> None:
    import json

    with pytest.raises(SettingsError) as refused:
        Webhooks.parse(json.dumps({"slack": slack_secret}))
    assert "slack" in refused.value.message
    assert "xox" not in refused.value.message


@pytest.mark.parametrize(
    ("scopes", "refused", "rights", "status", "words"),
    [
        ("chat:write,users:read", [], DECIDED, "ok", f"the app of channel {CHANNEL} may post in Tailor"),
        ("users:read", [], DECIDED, "warning", f"the app of channel {CHANNEL} lacks the scope chat:write"),
        ("chat:write", ["token_revoked"], DECIDED, "warning", "Slack refuses the token: token_revoked"),
        (
            "chat:write",
            [],
            {"approve": "channel"},
            "warning",
            "people may press buttons, and there is no signing secret",
        ),
    ],
)
def test_doctor_tells_what_an_app_lacks(
    slack: SlackStandIn, scopes: str, refused: list[str], rights: dict[str, Any], status: str, words: str
) -> None:
    slack.scopes, slack.refuse = scopes, refused
    check = check_app(SlackApp(token=TOKEN, channel=CHANNEL, **rights), post, slack.api)
    assert (check.status, check.message) == (status, words)
    assert bool(check.remedy) == (status != "ok")
