"""Whatever becomes of the messages about an upload: one run, or a dead letter that somebody is told of."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest

from tailor.errors import RetryableError
from tailor.runs import Run, State
from tests.unit.chaos.test_chaos import LIVE, PATHS, check
from tests.unit.chaos.uploads import DELAY, TRIES, VISIBILITY, Treatment
from tests.unit.chaos.world import LATENCY, TREATMENTS, Trouble, World
from tests.unit.contracts.cloudwatch import ALARM, OK, evaluate
from tests.unit.contracts.test_alarms import alarms_on
from tests.unit.steps.uploads import message

ARRIVING = tuple(treatment for treatment in TREATMENTS if treatment != "lost")
GOES_LIVE = PATHS[0]


def settled(world: World) -> World:
    world.run_until_settled()
    return world


def histories(world: World) -> list[tuple[State, ...]]:
    return [tuple(change.state for change in run.history) for run in world.runs.items.values()]


@pytest.mark.parametrize("treatments", [*product(ARRIVING, repeat=2), *(("lost", each) for each in ARRIVING)])
def test_messages_that_arrive_anyhow_make_one_run(treatments: tuple[Treatment, Treatment]) -> None:
    """That about the data file is not needed where a recipe came."""
    world = World()
    world.upload(recipe=GOES_LIVE.recipe, treatments=treatments)
    check(GOES_LIVE, settled(world), note=str(treatments))
    assert world.uploads.dead == []


def test_an_upload_whose_message_was_lost_is_taken_in_when_it_comes_again() -> None:
    world = World()
    world.upload(recipe=GOES_LIVE.recipe, treatments=("delivered", "lost"))
    world.at(world.now + timedelta(hours=1), lambda: world.upload(recipe=GOES_LIVE.recipe))
    check(GOES_LIVE, settled(world))


@pytest.mark.parametrize("kind", ["killed", "overtaken"])
def test_a_function_cut_short_at_each_of_its_calls_is_called_again(kind: str) -> None:
    """The queue delivers again what was not finished, and asks nobody whether to."""
    calls = [number for number, call in enumerate(GOES_LIVE.run().calls, 1) if call.startswith("receive:")]
    assert len(calls) >= 3, "one message each, and one run"
    for at in calls:
        world = GOES_LIVE.run(trouble=Trouble("killed" if kind == "killed" else "overtaken", at, retried=False))
        assert world.met is not None
        assert world.met.startswith("receive:")
        check(GOES_LIVE, world)
        assert world.uploads.dead == []


def test_a_table_that_says_not_now_holds_up_only_the_folder_that_it_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    batch = []
    for dataset in ("first", "second", "third"):
        file = world.bucket.put(f"uploads/colours-{dataset}/d/tailor.yaml", GOES_LIVE.recipe.encode())
        batch.append(message(file.key, file.etag, world.now))
    refusals = iter([False, True, False, True, False])
    create, started = world.runs.create, dict[str, timedelta]()

    def sometimes(run: Run) -> bool:
        if next(refusals):
            raise RetryableError("throttled")
        started[run.project] = world.now - world.started
        return create(run)

    monkeypatch.setattr(world.runs, "create", sometimes)
    world.uploads.send(batch)
    assert histories(settled(world)) == [LIVE] * 3
    assert list(started) == ["colours-first", "colours-third", "colours-second"]
    assert started["colours-third"] == started["colours-first"]
    assert started["colours-second"] >= started["colours-first"] + 2 * VISIBILITY
    assert world.uploads.batches == [3, 1, 1]
    assert world.uploads.dead == []


def test_a_poisoned_message_becomes_a_dead_letter_and_an_alarm_and_the_rest_of_its_batch_goes_on() -> None:
    world = World()
    poisoned = message("uploads/p/d/a.csv", "e", world.now) | {"body": "\N{SKULL AND CROSSBONES}"}
    file = world.bucket.put("uploads/colours/scenes/tailor.yaml", GOES_LIVE.recipe.encode())
    world.uploads.send([poisoned, message(file.key, file.etag, world.now)])
    depths: list[int] = []
    for minute in range(90):
        world.at(world.now + timedelta(minutes=minute), lambda: depths.append(len(world.uploads.dead)))
    assert histories(settled(world)) == [LIVE]
    assert world.uploads.batches == [2, *[1] * (TRIES - 1)]
    assert world.uploads.dead == [poisoned["messageId"]]
    alarm = alarms_on("QueueName", {"Fn::GetAtt": "UploadsDeadLetters.QueueName"})["ApproximateNumberOfMessagesVisible"]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    periods, missing = alarm["EvaluationPeriods"], alarm["TreatMissingData"]
    assert evaluate([depths[0] > alarm["Threshold"]] * periods, periods, missing) == OK
    assert evaluate([depths[-1] > alarm["Threshold"]] * periods, periods, missing) == ALARM


@pytest.mark.parametrize("media", [4000])
def test_thousands_of_media_around_the_data_are_one_call_and_one_run(media: int) -> None:
    world = World()
    pictures = [message(f"uploads/colours/scenes/images/{n}.jpg", "e", world.now) for n in range(media)]
    file = world.bucket.put("uploads/colours/scenes/tailor.yaml", GOES_LIVE.recipe.encode())
    told = message(file.key, file.etag, world.now)
    world.uploads.send([*pictures[: media // 2], told, *pictures[media // 2 :]])
    assert histories(settled(world)) == [LIVE]
    assert world.uploads.batches == [media + 1]
    calls = [call.removeprefix("receive: ") for call in world.calls if call.startswith("receive:")]
    assert calls == ["begin", "bucket.write", "runs.create"]


def test_what_a_person_sends_again_from_the_dead_letters_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    file = world.bucket.put("uploads/colours/scenes/tailor.yaml", GOES_LIVE.recipe.encode())
    told = message(file.key, file.etag, world.now)
    mended: list[bool] = []
    listing: Callable[..., object] = world.bucket.list

    def forbidden(prefix: str = "") -> object:
        if not mended and prefix.startswith("uploads/colours/"):
            raise RetryableError("not allowed")
        return listing(prefix)

    monkeypatch.setattr(world.bucket, "list", forbidden)
    world.uploads.send([told])

    def mend() -> None:
        assert world.uploads.dead == [told["messageId"]]
        mended.append(True)
        world.uploads.send([told | {"messageId": "sent-again"}])

    world.at(world.now + (TRIES + 1) * VISIBILITY, mend)
    check(GOES_LIVE, settled(world))


def test_a_new_run_is_prepared_at_once_and_not_when_somebody_looks_after_it() -> None:
    world = settled(GOES_LIVE.run())
    [run] = world.runs.items.values()
    received, preparing = run.history[:2]
    assert (received.state, preparing.state) == (State.RECEIVED, State.PREPARING)
    assert received.at - world.started == DELAY
    assert preparing.at - received.at == 2 * LATENCY, "the table's stream, and the bus"
