"""Where many runs move, routine notices come as one digest, and what matters comes by itself."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tailor.aws import clients
from tailor.notices.digest import GRACE, MOST_RUNS, Moved, Window, message_for_digest
from tailor.notices.messages import PLAIN
from tailor.recipe import Notifications, Recipe
from tailor.runs import Run, State
from tests.unit.notices.conftest import Receiver, Stack, context, path_to, run_through
from tests.unit.notices.test_notify import hooks

NOW = datetime(2026, 11, 22, 10, 7, 30, tzinfo=UTC)
IMPORTANT = (
    State.REJECTED,
    State.AWAITING_APPROVAL,
    State.TRAINING_FAILED,
    State.LIVE,
    State.FAILED,
    State.DEPLOY_FAILED,
)


@pytest.fixture
def busy(stack: Stack, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack whose clock stands within a window."""
    monkeypatch.setattr(stack.app, "datetime", SimpleNamespace(now=lambda _: NOW))
    clients.client("sqs").create_queue(QueueName="notices")
    stack.write_secret(hooks(receiver))
    return stack


def a_run(number: int, state: State = State.PREPARED, **more: Any) -> Run:
    run = run_through(*path_to(state), **more)
    return run.model_copy(update={"id": f"colours-set-{number}-0f3a00000000", "dataset": f"set-{number}"})


def tell(stack: Stack, *runs: Run) -> list[dict[str, bool]]:
    for run in runs:
        stack.put(run)
    return [stack.tell(run) for run in runs]


def asked_for(stack: Stack) -> int:
    """How many messages the function has sent to its own queue, which holds them back until the window's end."""
    name: Any = "ApproximateNumberOfMessagesDelayed"
    found = clients.client("sqs").get_queue_attributes(QueueUrl=stack.app.settings.queue_url, AttributeNames=[name])
    return int(found["Attributes"][name])


def test_after_five_runs_the_routine_is_collected_and_sent_as_one(busy: Stack, receiver: Receiver) -> None:
    answers = tell(busy, *(a_run(number) for number in range(8)))
    assert [bool(answer) for answer in answers] == [True] * MOST_RUNS + [False] * 3
    assert len(busy.mails()) == MOST_RUNS
    assert asked_for(busy) == 1
    event = Window.at(NOW, "colours", "en", slack=True).event()
    receiver.requests.clear()
    told_by = [busy.app.handler(event, context()) for _ in range(2)]
    assert told_by == [{"sns": True, "slack": True, "webhook": True}, {}]
    [mail] = busy.mails()
    assert mail["Subject"] == "colours: 3 runs changed"
    told = json.loads(mail["Message"])
    assert told["fields"] == [{"label": "Data ready", "value": "set-5, set-6, set-7"}]
    assert (told["event"], told["run"], told["state"]) == ("digest", "", "none")
    assert len(receiver.requests) == 2


def test_a_repeated_event_is_neither_sent_nor_collected_again(busy: Stack) -> None:
    runs = [a_run(number) for number in range(7)]
    tell(busy, *runs)
    busy.mails()
    assert [bool(answer) for answer in tell(busy, *runs)] == [True] * MOST_RUNS + [False] * 2
    assert busy.mails() == []
    window = Window.at(NOW, "colours", "en", slack=True)
    assert len(busy.app.moved.lines(window)) == 2


def test_what_matters_is_never_collected(busy: Stack) -> None:
    tell(busy, *(a_run(number) for number in range(7)))
    busy.mails()
    for number, state in enumerate(IMPORTANT, 8):
        assert tell(busy, a_run(number, state))[0]["sns"], state
        assert len(busy.mails()) == 1, state


def test_those_who_get_other_notices_have_other_digests(busy: Stack) -> None:
    vi = Recipe(notifications=Notifications(language="vi"))
    quiet = Recipe(notifications=Notifications(slack=False))
    tell(busy, *(a_run(number) for number in range(MOST_RUNS)))
    answers = tell(busy, a_run(10, recipe=vi), a_run(11, recipe=quiet))
    assert answers == [{"sns": True, "slack": True, "webhook": True}, {"sns": True, "webhook": True}]


def test_a_digest_that_was_asked_for_in_vain_is_nothing(busy: Stack) -> None:
    window = Window.at(NOW, "colours", "en", slack=True)
    assert busy.app.handler(window.event(), context()) == {}


def test_nothing_that_is_remembered_names_a_project_once_its_digest_is_sent(busy: Stack) -> None:
    """A project that is erased leaves no trace in a table that its erasure does not look into."""
    tell(busy, *(a_run(number) for number in range(7)))
    busy.app.handler(Window.at(NOW, "colours", "en", slack=True).event(), context())
    assert "colours" not in json.dumps(clients.client("dynamodb").scan(TableName="sent")["Items"])


def test_a_window_ends_within_what_a_queue_can_delay() -> None:
    for seconds in (0, 1, 299, 599):
        moment = NOW.replace(minute=0, second=0) + timedelta(seconds=seconds)
        left = Window.at(moment, "colours", "en", slack=True).seconds_left(moment)
        assert left == 600 - seconds + GRACE.total_seconds()
        assert left <= 900


def test_a_run_that_moved_twice_is_counted_where_it_is_now() -> None:
    lines = [Moved("r-1", 4, "one", "training").line(), Moved("r-1", 5, "one", "trained").line()]
    notice = message_for_digest(Window.at(NOW, "colours", "en", slack=True), reversed(lines), PLAIN)
    assert notice is not None
    assert notice.text == "1 runs changed in the 10 minutes from 10:00 UTC: 1 trained."


def test_a_digest_of_thousands_is_kept_small() -> None:
    lines = [Moved(f"r-{number}", 3, f"set-{number:04}", "prepared").line() for number in range(3000)]
    notice = message_for_digest(Window.at(NOW, "colours", "en", slack=True), lines, PLAIN)
    assert notice is not None
    assert notice.fields[0].value.endswith("set-0009 + 2990")
