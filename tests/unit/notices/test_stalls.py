"""A job that does not move is told once, on every channel, by way of the table's stream; and not told where it would be
noise."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

import pytest

from tailor.events import RUN_STALLED, RunStalled
from tailor.notices.channels import document
from tailor.notices.messages import message_for_stall
from tailor.recipe import Notifications, Patience, Recipe
from tailor.run_records import JobRecord
from tailor.runs import Run, State
from tailor.steps.publish import publish
from tailor.steps.track import watch
from tailor.steps.trainers import BedrockTrainer
from tests.unit.contracts.template import event_of
from tests.unit.notices.conftest import START, Receiver, Stack, context, run_through
from tests.unit.steps.fakes import MemoryBus, MemoryControl, MemoryRuns

ARN = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/abcdefghi123"
TRAINING = ("received", "preparing", "prepared", "training")


def stalled(
    phase: str = "waiting", level: Literal["wait", "warn", "stuck"] = "warn", *, run: Run | None = None, **patience: Any
) -> Run:
    recipe = Recipe(patience=Patience(**patience), notifications=Notifications(mention="U0LINH"))
    run = run or run_through(*TRAINING, recipe=recipe)
    run = run.updated(job=JobRecord(arn=ARN), stall=None)
    noted = run.held_up(level, phase, "The job has shown no progress", START)
    assert noted is not None
    return noted


def without(run: Run) -> Run:
    return run.updated(job=JobRecord(arn=ARN), stall=None)


class TestTheOutbox:
    def sent(self, old: Run | None, new: Run) -> list[tuple[str, str, str]]:
        bus = MemoryBus()
        publish(old, new, bus=bus)
        return [(kind, change.phase, change.level) for kind, change in bus.sent if isinstance(change, RunStalled)]

    def test_a_new_stall_goes_out_and_a_known_one_does_not(self) -> None:
        new = stalled()
        assert self.sent(without(new), new) == [(RUN_STALLED, "waiting", "warn")]
        assert self.sent(new, new) == []
        worse = stalled(level="stuck", run=new)
        assert self.sent(new, worse) == [(RUN_STALLED, "waiting", "stuck")]

    def test_a_run_that_moves_on_leaves_its_stall_behind(self) -> None:
        bus, moved = MemoryBus(), stalled().moved(State.STOPPED, by="track")
        publish(stalled(), moved, bus=bus)
        assert [kind for kind, _ in bus.sent] == ["Run Changed"]
        assert not moved.stall

    def test_waiting_for_ones_turn_is_no_news(self) -> None:
        waiting = stalled("turn", "wait")
        assert self.sent(without(waiting), waiting) == []
        assert message_for_stall(waiting) is None

    def test_reconcile_notes_what_the_stream_then_tells(self) -> None:
        runs, control, bus = MemoryRuns(), MemoryControl(), MemoryBus()
        run = without(run_through(*TRAINING))
        runs.create(run)
        validated = {"status": "Completed", "creationTime": START, "lastModifiedTime": START}
        job = {"jobArn": ARN, "status": "InProgress", "statusDetails": {"validationDetails": validated}}
        for minute in range(60 * 11):  # every round between 6 and 12 hours after the last sign of life
            before = runs.get(run.id)
            watch(before, job, runs=runs, trainer=BedrockTrainer(control), now=START + timedelta(minutes=minute + 1))
            publish(before, runs.get(run.id), bus=bus)
        assert [(kind, change.phase) for kind, change in bus.sent if isinstance(change, RunStalled)] == [
            (RUN_STALLED, "waiting")
        ]


class TestTheWords:
    def test_a_warning_says_what_happens_by_itself(self) -> None:
        message = message_for_stall(stalled())
        assert message is not None
        assert (message.severity, message.mention) == ("warning", None)
        assert message.title == "colours: the training job makes no progress"
        assert "stopped automatically" in message.next_step
        assert "tailor stop colours-scenes-0f3a00000000" in message.next_step

    def test_what_the_recipe_does_not_stop_is_told_again_when_it_is_stuck(self) -> None:
        message = message_for_stall(stalled(level="stuck", stop=False))
        assert message is not None
        assert (message.severity, message.mention) == ("error", "U0LINH")
        assert "as the recipe says" in message.next_step

    def test_what_is_stopped_is_told_by_the_stop(self) -> None:
        assert message_for_stall(stalled(level="stuck")) is None

    def test_a_job_that_does_not_stop_is_told_whatever_the_recipe_says(self) -> None:
        message = message_for_stall(stalled("stopping", "stuck"))
        assert message is not None
        assert "support case" in message.next_step
        assert ARN in [field.value for field in message.fields]

    def test_a_run_that_moved_on_meanwhile_is_no_news(self) -> None:
        assert message_for_stall(stalled().moved(State.TRAINED, by="track")) is None
        assert message_for_stall(without(stalled())) is None

    def test_machines_can_tell_it_from_the_change(self) -> None:
        message = message_for_stall(stalled())
        assert message is not None
        found = document(message)
        assert (found["event"], found["state"]) == ("stalled", "training")
        assert found["id"] == "colours-scenes-0f3a00000000-4-waiting-warn"


class TestTheFunction:
    @pytest.fixture
    def wired(self, stack: Stack, receiver: Receiver) -> Iterator[Stack]:
        hook = {"url": f"{receiver.url}/hook", "secret": "shared with the receiver"}
        stack.write_secret({"slack": f"{receiver.url}/services/T/B/hush", "webhook": hook})
        yield stack

    def tell(self, stack: Stack, run: Run) -> dict[str, bool]:
        event = event_of("notify_run_stalled")
        event["detail"]["run"] = run.id
        answer: dict[str, bool] = stack.app.handler(event, context())
        return answer

    def test_a_stall_told_five_times_reaches_each_channel_once(self, wired: Stack, receiver: Receiver) -> None:
        run = stalled()
        wired.put(run)
        assert [self.tell(wired, run) for _ in range(5)] == [{"sns": True, "slack": True, "webhook": True}] * 5
        [mail] = wired.mails()
        assert mail["Subject"] == "colours: the training job makes no progress"
        assert mail["MessageAttributes"]["event"]["Value"] == "stalled"
        assert [request.path for request in receiver.requests] == ["/services/T/B/hush", "/hook"]
        assert receiver.requests[1].json["type"] == "run.stalled"

    def test_it_does_not_take_the_place_of_the_change_itself(self, wired: Stack, receiver: Receiver) -> None:
        run = stalled()
        wired.put(run)
        self.tell(wired, run)
        wired.tell(run)
        assert {mail["Subject"] for mail in wired.mails()} == {
            "colours: the training job makes no progress",
            "colours: training has started",
        }

    def test_a_late_word_of_a_run_that_ended_is_not_told(self, wired: Stack, receiver: Receiver) -> None:
        run = stalled().moved(State.TRAINED, by="track")
        wired.put(run)
        assert self.tell(wired, run) == {}
        assert receiver.requests == []
