"""Whatever becomes of the messages about an upload: one run, or a dead letter that somebody is told of."""

from datetime import timedelta
from itertools import product

import pytest

from tailor.errors import RetryableError
from tailor.runs import State
from tailor.steps.filling import Folder
from tests.unit.chaos.test_chaos import LIVE, PATHS, check
from tests.unit.chaos.uploads import DELAY, QUIET, TRIES, VISIBILITY, Treatment
from tests.unit.chaos.world import LATENCY, TREATMENTS, Trouble, World
from tests.unit.contracts.cloudwatch import ALARM, OK, evaluate
from tests.unit.contracts.test_alarms import alarms_on
from tests.unit.steps.uploads import message

STEPS = ("receive:", "settle:")
GOES_LIVE = PATHS[0]


def settled(world: World) -> World:
    world.run_until_settled()
    return world


def histories(world: World) -> list[tuple[State, ...]]:
    return [tuple(change.state for change in run.history) for run in world.runs.items.values()]


@pytest.mark.parametrize("treatments", [each for each in product(TREATMENTS, repeat=2) if set(each) != {"lost"}])
def test_messages_that_arrive_anyhow_make_one_run(treatments: tuple[Treatment, Treatment]) -> None:
    """One of them is enough."""
    world = World()
    world.upload(recipe=GOES_LIVE.recipe, treatments=treatments)
    check(GOES_LIVE, settled(world), note=str(treatments))
    assert world.uploads.dead == []


def test_an_upload_whose_message_was_lost_is_taken_in_when_it_comes_again() -> None:
    world = World()
    world.upload(recipe=GOES_LIVE.recipe, treatments=("lost", "lost"))
    world.at(world.now + timedelta(hours=1), World.upload, recipe=GOES_LIVE.recipe)
    check(GOES_LIVE, settled(world))


@pytest.mark.parametrize("kind", ["killed", "overtaken"])
def test_a_function_cut_short_at_each_of_its_calls_is_called_again(kind: str) -> None:
    """The queue delivers again what was not finished, and asks nobody whether to."""
    calls = [number for number, call in enumerate(GOES_LIVE.run().calls, 1) if call.startswith(STEPS)]
    assert len(calls) >= 7, "one message each, a look and one run"
    for at in calls:
        world = GOES_LIVE.run(trouble=Trouble("killed" if kind == "killed" else "overtaken", at, retried=False))
        assert world.met is not None
        assert world.met.startswith(STEPS)
        check(GOES_LIVE, world)
        assert world.uploads.dead == []


def test_a_table_that_says_not_now_holds_up_only_the_folder_that_it_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    batch = []
    for dataset in ("first", "second", "third"):
        file = world.bucket.put(f"uploads/colours-{dataset}/d/tailor.yaml", GOES_LIVE.recipe.encode())
        world.bucket.put(f"uploads/colours-{dataset}/d/a.csv", b"a")
        batch.append(message(file.key, world.now))
    refusals = 2
    save = world.uploads.folders.save

    def sometimes(folder: Folder) -> Folder:
        nonlocal refusals
        if "second" in folder.folder and refusals:
            refusals -= 1
            raise RetryableError("throttled")
        return save(folder)

    monkeypatch.setattr(world.uploads.folders, "save", sometimes)
    world.uploads.send(batch)
    assert histories(settled(world)) == [LIVE] * 3
    first, third, second = world.runs.items.values()
    assert [run.project for run in (first, third, second)] == ["colours-first", "colours-third", "colours-second"]
    assert first.created_at == third.created_at
    assert second.created_at >= first.created_at + 2 * VISIBILITY
    assert world.uploads.batches == [3, 1, 1]
    assert world.uploads.dead == []


def test_a_poisoned_message_becomes_a_dead_letter_and_an_alarm_and_the_rest_of_its_batch_goes_on() -> None:
    world = World()
    poisoned = message("uploads/p/d/a.csv", world.now) | {"body": "\N{SKULL AND CROSSBONES}"}
    file = world.bucket.put("uploads/colours/scenes/tailor.yaml", GOES_LIVE.recipe.encode())
    world.bucket.put("uploads/colours/scenes/a.csv", b"a")
    world.uploads.send([poisoned, message(file.key, world.now)])
    depths: list[int] = []
    for minute in range(90):
        world.at(world.now + timedelta(minutes=minute), lambda world: depths.append(len(world.uploads.dead)))
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
    pictures = [message(f"uploads/colours/scenes/images/{n}.jpg", world.now) for n in range(media)]
    file = world.bucket.put("uploads/colours/scenes/tailor.yaml", GOES_LIVE.recipe.encode())
    world.bucket.put("uploads/colours/scenes/a.csv", b"a")
    told = message(file.key, world.now)
    world.uploads.send([*pictures[: media // 2], told, *pictures[media // 2 :]])
    assert histories(settled(world)) == [LIVE]
    assert world.uploads.batches == [media + 1]
    assert [call for call in world.calls if call.startswith(STEPS)] == [
        "receive: begin",
        "receive: wake_ups.send",
        "receive: folders.save",
        "settle: begin",
        "settle: bucket.write",
        "settle: runs.create",
        "settle: folders.save",
    ]


def test_what_a_person_sends_again_from_the_dead_letters_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    file = world.bucket.put("uploads/colours/scenes/tailor.yaml", GOES_LIVE.recipe.encode())
    world.bucket.put("uploads/colours/scenes/a.csv", b"a")
    told = message(file.key, world.now)
    mended: list[bool] = []
    save = world.uploads.folders.save

    def forbidden(folder: Folder) -> Folder:
        if not mended:
            raise RetryableError("not allowed")
        return save(folder)

    monkeypatch.setattr(world.uploads.folders, "save", forbidden)
    world.uploads.send([told])

    def mend(world: World) -> None:
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
    assert received.at - world.started == DELAY + timedelta(seconds=QUIET)
    assert preparing.at - received.at == 2 * LATENCY, "the table's stream, and the bus"
