"""More runs than the account may have jobs: everybody's turn comes, and about as soon as everybody else's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from statistics import mean

import pytest

from tailor.runs import Run, State
from tests.unit.chaos.world import DUE_AFTER, MINUTE, World

QUOTA, PROJECTS, RUNS = 10, 10, 50
LENGTH = timedelta(minutes=30)
# A place that becomes free is taken when reconcile asks the waiting runs again.
HANDOVER = DUE_AFTER + 2 * MINUTE
EVENLY = (5,) * PROJECTS
ONE_BULK = (32, *(2,) * (PROJECTS - 1))  # everything of the first project is there before the others'


def simulate(sizes: Sequence[int], between: timedelta = timedelta(), *, in_turns: bool = True) -> World:
    """Uploads ``between`` apart: of each project one in turns, or all of one project's before the next project's."""
    world = World(quota=QUOTA, length=LENGTH, notices=False)
    world.leave_unchecked()
    uploads = [(f"team-{project}", f"part-{number}") for project, size in enumerate(sizes) for number in range(size)]
    assert (len(sizes), len(uploads)) == (PROJECTS, RUNS)
    if in_turns:
        uploads.sort(key=lambda upload: upload[1])
    for place, (project, dataset) in enumerate(uploads):
        recipe = "model: nova-micro\ndescription: failed"  # each makes room for its project's next one
        world.at(world.now + place * between, World.upload, project, dataset, recipe)
    world.run_until_settled()
    return world


def waits(world: World) -> dict[str, list[timedelta]]:
    """From prepared to training, by project, in the order of training."""
    found: dict[str, list[timedelta]] = {}
    for run in sorted(world.runs.items.values(), key=partial(moment, state=State.TRAINING)):
        wait = moment(run, State.TRAINING) - moment(run, State.PREPARED)
        found.setdefault(run.project, []).append(wait)
    return found


def moment(run: Run, state: State) -> datetime:
    return next(change.at for change in run.history if change.state == state)


def check_all_ended(world: World) -> None:
    assert len(world.runs.items) == len(world.bedrock.jobs) == RUNS, "one job a run"
    assert {run.state for run in world.runs.items.values()} == {State.RETIRED}
    assert world.bedrock.most_at_once == QUOTA, "never more than the account may have, and no place left empty for long"
    assert not world.bedrock.deployments
    assert not world.unlooked


@pytest.mark.parametrize("between", [timedelta(), timedelta(seconds=2)], ids=["at-once", "one-after-another"])
def test_equal_projects_wait_equally_long(between: timedelta) -> None:
    world = simulate(EVENLY, between)
    check_all_ended(world)
    averages = [mean(wait.total_seconds() for wait in each) for each in waits(world).values()]
    assert max(averages) - min(averages) <= HANDOVER.total_seconds()
    turns = zip(*waits(world).values(), strict=True)
    for round_number, turn in enumerate(turns):
        assert max(turn) <= round_number * (LENGTH + HANDOVER) + HANDOVER, "a project was passed over"


def test_a_project_with_many_runs_does_not_push_the_others_back() -> None:
    """The bulk takes all places before anybody else comes; from then on the others are served first."""
    world = simulate(ONE_BULK, timedelta(seconds=2), in_turns=False)
    check_all_ended(world)
    by_project = waits(world)
    others = [max(each) for project, each in by_project.items() if project != "team-0"]
    assert max(others) <= 2 * (LENGTH + HANDOVER)
    assert max(others) - min(others) <= LENGTH + HANDOVER
    assert max(by_project["team-0"]) > max(others), "who brings most waits longest"
    total = max(moment(run, State.TRAINING) for run in world.runs.items.values()) - world.started
    assert total <= (RUNS / QUOTA) * (LENGTH + HANDOVER), "places stay empty while runs wait"
