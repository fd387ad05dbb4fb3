"""The function: each change once on each channel, whatever is repeated, reordered, late or broken."""

import json
import threading
import time
from typing import Any

import pytest
import urllib3

from tailor.aws import clients, notices
from tailor.errors import RetryableError
from tailor.events import RunChanged
from tailor.notices.channels import SlackChannel
from tailor.recipe import Notifications, Recipe
from tailor.runs import State
from tests.unit.contracts.template import event_of
from tests.unit.notices.conftest import MEASURED, Receiver, Stack, context, path_to, run_through
from tests.waiting import PATIENCE

SECRET = "shared with the receiver"
REJECTED = run_through(*path_to(State.REJECTED), reason="2 rows name images that are not there")


def hooks(receiver: Receiver) -> dict[str, Any]:
    return {
        "slack": f"{receiver.url}/services/T/B/hush",
        "webhook": {"url": f"{receiver.url}/hook", "secret": SECRET},
    }


@pytest.fixture
def wired(stack: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setattr(notices, "_http", urllib3.PoolManager(timeout=PATIENCE, retries=False))
    stack.write_secret(hooks(receiver))
    stack.put(REJECTED)
    return stack


def test_one_change_reaches_every_channel(wired: Stack, receiver: Receiver) -> None:
    assert wired.tell(REJECTED) == {"sns": True, "slack": True, "webhook": True}
    [mail] = wired.mails()
    assert mail["Subject"] == "colours: data can't be used"
    assert mail["MessageAttributes"]["project"]["Value"] == "colours"
    slack, hook = receiver.requests
    assert slack.path == "/services/T/B/hush"
    assert slack.json["blocks"][0]["text"]["text"].endswith("colours: data can't be used")
    assert hook.path == "/hook"
    assert hook.json["data"]["state"] == "rejected"
    assert hook.headers["webhook-signature"].startswith("v1,")
    assert "https://reports.example/runs/" in slack.body.decode()


def test_the_same_event_five_times_is_told_once(wired: Stack, receiver: Receiver) -> None:
    answers = [wired.tell(REJECTED) for _ in range(5)]
    assert answers == [{"sns": True, "slack": True, "webhook": True}] * 5
    assert len(receiver.requests) == 2
    assert len(wired.mails()) == 1


def test_the_same_event_at_the_same_moment_is_told_once(
    wired: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, sleep = threading.Event(), time.sleep

    def pause(seconds: float) -> None:
        waits.set()
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", pause)
    receiver.hold.clear()
    first = threading.Thread(target=wired.tell, args=(REJECTED,))
    first.start()
    assert receiver.arrived.wait(PATIENCE)
    answers: list[dict[str, bool]] = []
    second = threading.Thread(target=lambda: answers.append(wired.tell(REJECTED)))
    second.start()
    assert waits.wait(PATIENCE)
    receiver.hold.set()
    first.join()
    second.join()
    assert answers == [{"sns": True, "slack": True, "webhook": True}]
    assert len(receiver.requests) == 2
    assert len(wired.mails()) == 1


def test_a_notice_that_another_invocation_sends_for_too_long_is_asked_for_again(
    wired: Stack, receiver: Receiver
) -> None:
    receiver.hold.clear()
    first = threading.Thread(target=wired.tell, args=(REJECTED,))
    first.start()
    assert receiver.arrived.wait(PATIENCE)
    with pytest.raises(RetryableError, match="slack"):
        wired.tell(REJECTED, seconds_left=20)
    receiver.hold.set()
    first.join()


def test_changes_in_any_order_and_late_are_each_told_with_their_own_words(wired: Stack, receiver: Receiver) -> None:
    run = run_through(*MEASURED, "passed", "live")
    wired.put(run)
    order = [10, 3, 9, 3, 5, 10, 9, 4, 1, 2, 8]
    for sequence in order:
        wired.tell(run, sequence)
    subjects = [mail["Subject"].removeprefix("colours: ") for mail in wired.mails()]
    assert sorted(subjects) == sorted(
        [
            "the custom model is live",
            "data is ready",
            "the new model is better",
            "training has finished",
            "training has started",
        ]
    )
    told = [request.json["data"] for request in receiver.requests if request.path == "/hook"]
    assert [(entry["sequence"], entry["state"]) for entry in told] == [
        (10, "live"),
        (3, "prepared"),
        (9, "passed"),
        (5, "trained"),
        (4, "training"),
    ]


def test_a_state_on_the_way_is_not_told(wired: Stack, receiver: Receiver) -> None:
    assert wired.tell(REJECTED, 2) == {}
    assert receiver.requests == []
    assert wired.mails() == []


@pytest.mark.parametrize("broken", [0, 1])
def test_a_channel_that_fails_does_not_keep_or_repeat_the_others(wired: Stack, receiver: Receiver, broken: int) -> None:
    receiver.answers = [*[(200, {}, "ok")][:broken], (503, {}, "later")]
    name = ["slack", "webhook"][broken]
    with pytest.raises(RetryableError, match=name):
        wired.tell(REJECTED)
    assert len(receiver.requests) == 2
    assert wired.tell(REJECTED) == {"sns": True, "slack": True, "webhook": True}
    paths = [request.path for request in receiver.requests]
    assert sorted(paths) == sorted(["/hook", "/services/T/B/hush", ["/services/T/B/hush", "/hook"][broken]])
    assert len(wired.mails()) == 1


def test_a_bug_in_one_channel_does_not_keep_the_others(
    wired: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(SlackChannel, "send", broken)
        with pytest.raises(RetryableError, match="slack"):
            wired.tell(REJECTED)
    assert [request.path for request in receiver.requests] == ["/hook"]
    assert "a bug" in wired.log.getvalue()
    assert wired.tell(REJECTED)["slack"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "invalid_blocks"), (403, "invalid_token"), (404, "no_service"), (410, "channel_is_archived")],
)
def test_what_slack_refuses_for_good_is_recorded_and_not_tried_again(
    wired: Stack, receiver: Receiver, status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.answers = [(status, {}, code)]
    assert wired.tell(REJECTED) == {"sns": True, "slack": False, "webhook": True}
    assert wired.tell(REJECTED) == {"sns": True, "slack": False, "webhook": True}
    assert [request.path for request in receiver.requests] == ["/services/T/B/hush", "/hook"]
    assert f"{status} {code}" in wired.log.getvalue()
    assert '"NoticesRefused"' in capsys.readouterr().out


def test_slack_is_given_the_time_it_asks_for(wired: Stack, receiver: Receiver) -> None:
    receiver.answers = [(429, {"Retry-After": "1"}, "")]
    began = time.monotonic()
    assert wired.tell(REJECTED)["slack"]
    assert time.monotonic() - began >= 1
    assert len(receiver.requests) == 3


def test_slack_asking_for_more_time_than_is_left_is_tried_by_another_invocation(
    wired: Stack, receiver: Receiver
) -> None:
    receiver.answers = [(429, {"Retry-After": "40"}, "")]
    with pytest.raises(RetryableError, match="slack"):
        wired.tell(REJECTED)
    assert wired.tell(REJECTED)["slack"]
    assert len(receiver.requests) == 3


def test_nobody_there_is_worth_another_try_and_keeps_the_address_secret(wired: Stack, receiver: Receiver) -> None:
    wired.write_secret({"slack": "http://127.0.0.1:9/services/T/B/hush"})
    with pytest.raises(RetryableError) as raised:
        wired.tell(REJECTED)
    assert "hush" not in str(raised.value)
    assert "hush" not in wired.log.getvalue()
    assert len(wired.mails()) == 1


def test_a_server_that_does_not_answer_in_time_is_given_up(
    wired: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = urllib3.PoolManager(timeout=urllib3.Timeout(connect=0.2, read=0.2), retries=False)
    monkeypatch.setattr(notices, "_http", quick)
    receiver.hold.clear()
    with pytest.raises(RetryableError, match="slack"):
        wired.tell(REJECTED)


def test_redirects_are_not_followed(wired: Stack, receiver: Receiver) -> None:
    receiver.answers = [(307, {"Location": f"{receiver.url}/elsewhere"}, "")]
    assert wired.tell(REJECTED) == {"sns": True, "slack": False, "webhook": True}
    assert "/elsewhere" not in [request.path for request in receiver.requests]


@pytest.mark.parametrize("secret", ["{}", "null-value", '{"slack": null}'])
def test_channels_without_a_hook_are_off(stack: Stack, receiver: Receiver, secret: str) -> None:
    if secret == "null-value":
        clients.client("secretsmanager").delete_secret(SecretId=stack.secret, ForceDeleteWithoutRecovery=True)
    else:
        stack.write_secret(secret)
    stack.put(REJECTED)
    assert stack.tell(REJECTED) == {"sns": True}
    assert receiver.requests == []


def test_without_a_secret_there_is_only_sns(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack.app, "secret", None)
    stack.put(REJECTED)
    assert stack.tell(REJECTED) == {"sns": True}


@pytest.mark.parametrize(
    "secret",
    [
        "https://hooks.example/T/B/hush",
        {"slak": "https://hooks.example/T/B/hush"},
        {"slack": "ftp://hooks.example/T/B/hush"},
        {"webhook": {"url": "https://team.example/hush", "secret": "short"}},
        ["https://hooks.example/T/B/hush"],
    ],
)
def test_a_wrong_secret_turns_webhooks_off_and_says_where_it_is_wrong(
    stack: Stack, secret: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.write_secret(secret)
    stack.put(REJECTED)
    assert stack.tell(REJECTED) == {"sns": True}
    assert "the webhooks secret is wrong" in stack.log.getvalue()
    assert "hush" not in stack.log.getvalue()
    assert '"NoticesRefused"' in capsys.readouterr().out


def test_plain_http_is_refused_outside_the_local_cloud(
    wired: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wired.app, "settings", wired.app.settings.model_copy(update={"allow_insecure_webhook": False}))
    assert wired.tell(REJECTED) == {"sns": True}
    assert receiver.requests == []


def test_a_project_can_have_hooks_of_its_own(stack: Stack, receiver: Receiver) -> None:
    own = {"slack": f"{receiver.url}/services/colours"}
    stack.write_secret(hooks(receiver) | {"projects": {"colours": own}})
    stack.put(REJECTED)
    assert stack.tell(REJECTED) == {"sns": True, "slack": True}
    assert [request.path for request in receiver.requests] == ["/services/colours"]


def test_a_recipe_can_switch_slack_off(stack: Stack, receiver: Receiver) -> None:
    stack.write_secret(hooks(receiver))
    quiet = run_through(*path_to(State.REJECTED), recipe=Recipe(notifications=Notifications(slack=False)))
    stack.put(quiet)
    assert stack.tell(quiet) == {"sns": True, "webhook": True}


def test_the_secret_is_read_once_for_many_notices(wired: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Any] = []
    provider = wired.app.secret._provider
    fetch = provider._get

    def counted(*args: Any, **options: Any) -> Any:
        reads.append(args)
        return fetch(*args, **options)

    monkeypatch.setattr(provider, "_get", counted)
    run = run_through(*MEASURED, "passed", "live")
    wired.put(run)
    for sequence in (3, 4, 9, 10):
        wired.tell(run, sequence)
    assert len(reads) == 1


def test_sns_in_trouble_does_not_keep_slack_waiting(
    wired: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(wired.app.topic, "_arn", "arn:aws:sns:us-east-1:123456789012:gone")
        with pytest.raises(RetryableError, match="sns"):
            wired.tell(REJECTED)
    assert len(receiver.requests) == 2
    assert wired.tell(REJECTED) == {"sns": True, "slack": True, "webhook": True}
    assert len(receiver.requests) == 2


def test_a_run_that_is_gone_and_a_change_that_never_was_are_no_reason_to_try_again(wired: Stack) -> None:
    gone = REJECTED.model_copy(update={"id": "colours-gone-0f3a00000000"})
    assert wired.tell(gone) == {}
    event = {"detail": {**_detail(), "sequence": 99}}
    assert wired.app.handler(event, context()) == {}


def test_logs_hold_ids_and_no_words_of_the_data(wired: Stack) -> None:
    wired.tell(REJECTED)
    log = wired.log.getvalue()
    assert f"{REJECTED.id}-3" in log
    assert "images that are not there" not in log
    assert "hush" not in log


def test_what_was_sent_is_forgotten_after_a_month(wired: Stack) -> None:
    wired.tell(REJECTED)
    items = clients.client("dynamodb").scan(TableName="sent")["Items"]
    assert len(items) == 3
    for item in items:
        assert item["status"]["S"] == "COMPLETED"
        assert 29 * 86400 < int(item["expiration"]["N"]) - time.time() < 31 * 86400


def test_a_killed_invocation_does_not_silence_a_channel(wired: Stack, receiver: Receiver) -> None:
    """What was in progress when the function was killed is free when that invocation's time has run out."""

    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    once = wired.app.sent.within(context(seconds_left=0.5))
    with pytest.raises(SystemExit):
        once(f"{REJECTED.id}-3-slack", killed)
    time.sleep(0.7)
    assert wired.tell(REJECTED)["slack"]
    assert len(receiver.requests) == 2


def _detail() -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(RunChanged.of(REJECTED).model_dump_json())
    return detail


def test_an_upload_that_starts_nothing_is_told_once_on_every_channel(wired: Stack, receiver: Receiver) -> None:
    event = event_of("notify_upload_answered")
    told = {"sns": True, "slack": True, "webhook": True}
    assert [wired.app.handler(event, context()) for _ in range(2)] == [told, told]
    [mail] = wired.mails()
    assert mail["Subject"] == "colours: an upload started no run"
    assert json.loads(mail["Message"])["next_step"].startswith("Save what is in them as JSON Lines")
    assert mail["MessageAttributes"]["event"]["Value"] == "upload"
    slack, hook = receiver.requests
    assert slack.json["blocks"][-1]["elements"][0]["text"] == "An upload · dataset sheets"
    assert hook.json["type"] == "upload"
    assert hook.json["data"]["id"] == event["detail"]["id"]
    assert (hook.json["data"]["run"], hook.json["data"]["state"]) == ("", "none")
