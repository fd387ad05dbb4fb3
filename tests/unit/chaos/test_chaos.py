"""Whatever is lost, repeated, late, out of order or killed: a run ends as it would have, and nothing happens twice."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import takewhile
from operator import itemgetter

import pytest

from tailor.errors import ConflictError
from tailor.notices.facts import Facts
from tailor.notices.wordings import wording_for
from tailor.runs import ACTORS, MOVES, Run, State
from tailor.steps.provision import take_down
from tailor.steps.steer import approve, promote_by_hand, retry, stop, take_offline
from tests.unit.chaos.bedrock import NEVER, Fate
from tests.unit.chaos.snapshots import Snapshot
from tests.unit.chaos.uploads import Treatment
from tests.unit.chaos.world import DEAR, MINUTE, NEIGHBOURS_JOB, OWNER, TREATMENTS, Trouble, World

# One window is known, and allowed for in ``check``: a function that is killed between a channel's answer and its own
# note of it sends that notice once more. SNS and Slack take no request token: the choice is between twice and never.
Count = Callable[[str], None]


def nothing(world: World, run: Run) -> None:
    """Nobody does anything by hand."""


def says_yes(world: World, run: Run) -> None:
    if run.state == State.AWAITING_APPROVAL:
        world.by_hand(2 * MINUTE, _approves, run.id)


def _approves(world: World, run_id: str) -> None:
    found = world.runs.get(run_id)
    if found.state == State.AWAITING_APPROVAL:
        approve(found, world.runs, by="person:linh", reason="fine", now=world.now)


def stops_training(world: World, run: Run) -> None:
    if run.state == State.TRAINING:
        world.by_hand(MINUTE, _stops, run.id, State.TRAINING)


def stops_deploying(world: World, run: Run) -> None:
    if run.state == State.DEPLOYING:
        world.by_hand(MINUTE / 2, _stops, run.id, State.DEPLOYING)


def _stops(world: World, run_id: str, state: State) -> None:
    found = world.runs.get(run_id)
    if found.state == state:
        stop(found, world.services, by="person:linh", reason="no", now=world.now)


def overrides(world: World, run: Run) -> None:
    if run.state == State.RETIRED and State.RESTORING not in run.states:
        world.by_hand(MINUTE, _promotes_what_is_retired, run.id)


def _promotes_what_is_retired(world: World, run_id: str) -> None:
    found = world.runs.get(run_id)
    if found.state == State.RETIRED:
        promote_by_hand(found, world.services, by="person:linh", reason="we looked", now=world.now)


def tries_again(world: World, run: Run) -> None:
    if run.state in (State.DEPLOY_FAILED, State.TRAINING_FAILED):
        world.by_hand(MINUTE, _retries, run.id)


def _retries(world: World, run_id: str) -> None:
    found = world.runs.get(run_id)
    if found.state in (State.DEPLOY_FAILED, State.TRAINING_FAILED):
        retry(found, world.runs, bucket=world.bucket, by="p", reason="the quota was raised", now=world.now)


def gives_up(world: World) -> None:
    """Stops or retires whatever can be."""
    for run in list(world.runs.items.values()):
        with suppress(ConflictError):
            if State.RETIRED in MOVES[run.state]:
                by, now = "person:linh", world.now
                take_down(run, world.services, by=by, reason="", now=now)
            else:
                stop(run, world.services, by="person:linh", reason="", now=world.now)


def says_yes_late(world: World) -> None:
    for run in list(world.runs.items.values()):
        with suppress(ConflictError):
            approve(run, world.runs, by="person:linh", reason="", now=world.now)


def writes_first(world: World) -> None:
    """Everything, without a change that means something: whoever has read before must read again."""
    for name, run in world.runs.items.items():
        world.runs.items[name] = run.model_copy(update={"revision": run.revision + 1})
    for name, alias in world.aliases.items.items():
        world.aliases.items[name] = alias.model_copy(update={"revision": alias.revision + 1})


def _uploads_more(world: World, recipe: str) -> None:
    world.upload(dataset="more", recipe=recipe)


def uploads_a_second_version(world: World, run: Run) -> None:
    if run.state == State.LIVE and len(world.runs.items) == 1:
        world.at(world.now + MINUTE, _uploads_more, RECIPE)


def promotes_the_first_when_the_second_has_passed(world: World, run: Run) -> None:
    first = next(iter(world.runs.items.values()))
    if run.state == State.PASSED and run.id == first.id:
        world.at(world.now + MINUTE, _uploads_more, RECIPE)
    elif run.state == State.PASSED and first.state == State.PASSED:
        world.at(world.now, _promotes, first.id)


def _promotes(world: World, run_id: str) -> None:
    promote_by_hand(world.runs.get(run_id), world.services, by="p", reason="mine", now=world.now)


def takes_the_second_version_offline(world: World, run: Run) -> None:
    if run.state == State.LIVE and len(world.runs.items) == 2:
        world.by_hand(MINUTE, _takes_offline)
    uploads_a_second_version(world, run)


def _takes_offline(world: World) -> None:
    take_offline("colours", world.services, by="p", reason="wrong", now=world.now)


def loses_the_live_one(world: World, run: Run) -> None:
    if run.state == State.LIVE and State.RESTORING not in run.states:
        world.at(world.now + MINUTE, _loses, run.deployment_arn)


def _loses(world: World, arn: str) -> None:
    world.bedrock.lose(arn)


def meets_another_stacks_deployment(world: World, run: Run) -> None:
    if run.state == State.TRAINING:
        world.another_serves(run.id)


def uploads_a_second_version_on_demand(world: World, run: Run) -> None:
    if run.state == State.RETIRED and len(world.runs.items) == 1:
        world.at(world.now + MINUTE, _uploads_more, RECIPE)


def uploads_a_successor(recipe: str) -> Callable[[World, Run], None]:
    def act(world: World, run: Run) -> None:
        if run.state == State.LIVE and len(world.runs.items) == 1:
            world.at(world.now + MINUTE, _uploads_more, recipe)

    return act


def calls_again(world: World, run: Run) -> None:
    """An app, once: what nobody calls after that is paused for good."""
    if run.state == State.PAUSED and State.RESTORING not in run.states:
        world.at(world.now + MINUTE, World.calls_what_is_paused, run.project)


def deletes_a_deployment(world: World) -> None:
    """By hand, outside of Tailor."""
    for arn in world.own_deployments[:1]:
        world.bedrock.lose(arn)


RECIPE = "model: nova-micro\ndeployment: {keep_previous_hours: 0.1}"
UNITS = "model: nova-micro\ndeployment: {kind: provisioned, hours: 0.2}"
TAKEN_OVER = "model: nova-micro\ndeployment: {kind: provisioned, hours: 0.2, take_over: true}"
IDLE = "model: nova-micro\ndeployment: {kind: provisioned, idle_hours: 0.2}"
HOURS = "days: [sat, sun], opens: 11:10, closes: 11:00"  # the simulation begins on a Sunday, 10:00
OPEN_HOURS = f"model: nova-micro\ndeployment: {{kind: provisioned, schedule: {{{HOURS}}}, hours: 1.5}}"
TRAINED = (State.RECEIVED, State.PREPARING, State.PREPARED, State.TRAINING, State.TRAINED)
EVALUATED = (*TRAINED, State.DEPLOYING, State.DEPLOYED, State.EVALUATING)
LIVE = (*EVALUATED, State.PASSED, State.LIVE)


@dataclass(frozen=True, eq=False)
class Path:
    """``histories``: the states of each run; ``calls``: at least so many calls where all goes well; ``jobs``:
    how many there are in the end; ``every_event``: a path that depends on what Bedrock says of its job; ``stalls``: the
    notices of a first run that are told besides its changes; ``adopts``: the model was made elsewhere."""

    name: str
    calls: int
    histories: Sequence[Sequence[State]]
    jobs: int = 1
    recipe: str = RECIPE
    fates: Sequence[Fate] = ("completes",)
    deployment_failures: Sequence[str] = ()
    models_take: timedelta = timedelta()
    on_state: Callable[[World, Run], None] = nothing
    cheap: bool = True
    every_event: bool = False
    stalls: Sequence[str] = ()
    model_units: int = 10
    adopts: bool = False

    def __str__(self) -> str:
        return self.name

    def run(self, treatments: Sequence[Treatment] = ("delivered",) * 3, trouble: Trouble | None = None) -> World:
        """Run to the end, or with a trouble until all goes as without it."""
        if trouble is not None:
            return recording(self, tuple(treatments)).run(trouble)
        world = self.begun(treatments)
        world.leave_unchecked()
        world.run_until_settled()
        return world

    def begun(self, treatments: Sequence[Treatment]) -> World:
        world = self.empty(treatments)
        if self.adopts:
            world.adopt(self.recipe)
        else:
            world.upload(recipe=self.recipe)
        return world

    def empty(self, treatments: Sequence[Treatment]) -> World:
        world = World(
            fates=self.fates,
            deployment_failures=self.deployment_failures,
            models_take=self.models_take,
            treatments=treatments,
            on_state=self.on_state,
            model_units=self.model_units,
        )
        if not self.cheap:
            world.prices = DEAR
        return world


class Recording:
    """A path that nothing disturbs, step by step."""

    def __init__(self, path: Path, treatments: Sequence[Treatment]) -> None:
        self._path, self._treatments = path, treatments
        self._steps: list[tuple[int, Snapshot]] = []  # what was, and after how many calls, before each step
        self._rounds: dict[datetime, Snapshot] = {}
        self.end = path.begun(treatments)
        self.end.leave_unchecked()
        more = True
        while more:
            self._steps.append((len(self.end.calls), self.end.snapshot()))
            if self.end.awaits_round:
                self._rounds[self.end.next_round] = self.end.deciding()
            more = self.end.step()
        check(path, self.end)

    def run(self, trouble: Trouble) -> World:
        """Go on with a trouble to the end, or to where all goes as recorded again. Before its call it does so too."""
        world = self.before(trouble, bisect_left(self._steps, trouble.at, key=itemgetter(0)) - 1)
        while not world.rejoined and world.step():
            known = self._rounds.get(world.next_round) if world.met and world.awaits_round else None
            world.rejoined = known is not None and world.goes_on_as(known)
        return world

    def before(self, trouble: Trouble, step: int = 0) -> World:
        """Return a world before one of the recorded steps."""
        world = self._path.empty(self._treatments)
        world.resume(self._steps[step][1], trouble)
        return world


@lru_cache(maxsize=1)  # those of a path follow one another
def recording(path: Path, treatments: tuple[Treatment, ...]) -> Recording:
    return Recording(path, treatments)


FIRST_ATTEMPT = TRAINED[:-1]
PERMANENT, TRANSIENT = "The model's architecture is not supported.", "The service is temporarily unable to help."
PATHS = (
    Path("goes-live", 101, [LIVE], every_event=True),
    Path(
        "verdict-failed",
        101,
        [(*EVALUATED, State.FAILED, State.RETIRED)],
        recipe=f"{RECIPE}\ndescription: failed",
    ),
    Path(
        "evaluation-failed",
        101,
        [(*EVALUATED, State.EVALUATION_FAILED, State.RETIRED)],
        recipe=f"{RECIPE}\ndescription: evaluation-failed",
    ),
    Path("job-failed", 59, [(*FIRST_ATTEMPT, State.TRAINING_FAILED)], fates=["fails"], every_event=True),
    Path(
        "one-internal-error",
        128,
        [(*FIRST_ATTEMPT, State.APPROVED, State.TRAINING, *LIVE[4:])],
        jobs=2,
        fates=["internal-error", "completes"],
        every_event=True,
    ),
    Path(
        "two-internal-errors",
        78,
        [(*FIRST_ATTEMPT, State.APPROVED, State.TRAINING, State.TRAINING_FAILED)],
        jobs=2,
        fates=["internal-error"],
    ),
    Path(
        "replaces-a-live-one",
        224,
        [(*LIVE, State.STANDBY, State.RETIRED), LIVE],
        jobs=2,
        on_state=uploads_a_second_version,
        every_event=True,
    ),
    Path(
        "measured-again",
        220,
        [(*LIVE, State.STANDBY, State.RETIRED), (*EVALUATED, State.PASSED, State.EVALUATING, State.PASSED, State.LIVE)],
        jobs=2,
        recipe="model: nova-micro\ndeployment: {keep_previous_hours: 0.1, promote: false}",
        on_state=promotes_the_first_when_the_second_has_passed,
    ),
    Path(
        "taken-offline",
        226,
        [(*LIVE, State.STANDBY, State.RETIRED), (*LIVE, State.RETIRED)],
        jobs=2,
        recipe="model: nova-micro",
        on_state=takes_the_second_version_offline,
    ),
    Path(
        "rejected",
        24,
        [(State.RECEIVED, State.PREPARING, State.REJECTED)],
        jobs=0,
        recipe=f"{RECIPE}\ndescription: unusable",
    ),
    Path("deployment-failed", 79, [(*TRAINED, State.DEPLOYING, State.DEPLOY_FAILED)], deployment_failures=[PERMANENT]),
    Path(
        "deployment-failed-once",
        121,
        [(*TRAINED, State.DEPLOYING, *LIVE[4:])],
        deployment_failures=[TRANSIENT],
    ),
    Path(
        "deployment-failed-too-often",
        120,
        [(*TRAINED, *(State.DEPLOYING, State.TRAINED) * 2, State.DEPLOYING, State.DEPLOY_FAILED)],
        deployment_failures=[TRANSIENT] * 3,
    ),
    Path(
        "deployment-tried-again-by-hand",
        134,
        [(*TRAINED, State.DEPLOYING, State.DEPLOY_FAILED, *LIVE[4:])],
        deployment_failures=[PERMANENT],
        on_state=tries_again,
    ),
    Path(
        "training-tried-again-by-hand",
        140,
        [(*FIRST_ATTEMPT, State.TRAINING_FAILED, State.PREPARED, *LIVE[3:])],
        jobs=2,
        fates=["fails", "completes"],
        on_state=tries_again,
    ),
    Path("model-active-late", 136, [LIVE], models_take=10 * MINUTE),
    Path(
        "model-never-active",
        122,
        [(*TRAINED, State.DEPLOY_FAILED)],
        models_take=NEVER,
        recipe=f"{RECIPE}\npatience: {{deploying_hours: 0.2}}",
        stalls=["5-model-warn"],
    ),
    Path(
        "overridden",
        110,
        [(*EVALUATED, State.FAILED, State.RETIRED, State.RESTORING, State.LIVE)],
        recipe=f"{RECIPE}\ndescription: failed",
        on_state=overrides,
    ),
    Path(
        "live-one-deleted-by-hand",
        130,
        [(*LIVE, State.RESTORING, State.LIVE)],
        on_state=loses_the_live_one,
    ),
    Path(
        "another-stack-has-the-name",
        60,
        [(*TRAINED, State.DEPLOY_FAILED)],
        on_state=meets_another_stacks_deployment,
    ),
    Path("units-end", 125, [(*LIVE, State.RETIRED)], recipe=UNITS),
    Path(
        "units-end-and-a-later-version-goes-live",
        230,
        [(*LIVE, State.RETIRED), LIVE],
        jobs=2,
        recipe=UNITS,
        on_state=uploads_a_second_version_on_demand,
    ),
    Path(
        "units-end-before-they-are-made",
        75,
        [(*TRAINED, State.DEPLOYING, State.RETIRED)],
        recipe=UNITS.replace("0.2", "0.01"),
    ),
    Path(
        "units-idle-and-called-again",
        200,
        [(*LIVE, State.PAUSED, State.RESTORING, State.LIVE, State.PAUSED)],
        recipe=IDLE,
        on_state=calls_again,
        stalls=["10-idle-warn", "13-idle-warn"],
    ),
    Path(
        "units-by-a-schedule",
        225,
        [(*LIVE, State.PAUSED, State.RESTORING, State.LIVE, State.RETIRED)],
        recipe=OPEN_HOURS,
    ),
    Path(
        "units-taken-over",
        260,
        [(*LIVE, State.PAUSED, State.RETIRED), (*LIVE, State.RETIRED)],
        jobs=2,
        recipe=UNITS.replace("0.2", "0.4"),
        on_state=uploads_a_successor(TAKEN_OVER),
        model_units=1,
    ),
    Path(
        "units-taken-over-and-given-back",
        270,
        [
            (*LIVE, State.PAUSED, State.RESTORING, State.LIVE, State.RETIRED),
            (*EVALUATED, State.FAILED, State.RETIRED),
        ],
        jobs=2,
        recipe=UNITS.replace("0.2", "0.4"),
        on_state=uploads_a_successor(f"{TAKEN_OVER}\ndescription: failed"),
        model_units=1,
    ),
    Path("preferences-go-live", 104, [LIVE], recipe=f"{RECIPE}\nmethod: preference-optimization"),
    Path(
        "sagemaker-job-failed",
        60,
        [(*FIRST_ATTEMPT, State.TRAINING_FAILED)],
        recipe=f"{RECIPE}\ntrainer: sagemaker",
        fates=["fails"],
    ),
    Path(
        "sagemaker-job-that-hangs",
        60,
        [(*FIRST_ATTEMPT, State.STOPPED)],
        recipe=f"{RECIPE}\ntrainer: sagemaker\npatience: {{waiting_hours: 0.2}}",
        fates=["hangs"],
        stalls=["4-waiting-warn"],
    ),
    Path("adopted-goes-live", 85, [LIVE], jobs=0, models_take=3 * MINUTE, adopts=True),
    Path("stopped-while-deploying", 80, [(*TRAINED, State.DEPLOYING, State.RETIRED)], on_state=stops_deploying),
    Path("stopped-by-hand", 62, [(*FIRST_ATTEMPT, State.STOPPED)], on_state=stops_training, every_event=True),
    Path(
        "hangs",
        78,
        [(*FIRST_ATTEMPT, State.STOPPED)],
        fates=["hangs"],
        recipe=f"{RECIPE}\npatience: {{validation_hours: 0.2}}",
        stalls=["4-validation-warn"],
    ),
    Path(
        "approved",
        125,
        [(State.RECEIVED, State.PREPARING, State.PREPARED, State.AWAITING_APPROVAL, State.APPROVED, *LIVE[3:])],
        on_state=says_yes,
        cheap=False,
    ),
    Path(
        "not-approved",
        52,
        [(State.RECEIVED, State.PREPARING, State.PREPARED, State.AWAITING_APPROVAL, State.DECLINED)],
        jobs=0,
        cheap=False,
        recipe=f"{RECIPE}\nbudget: {{approval_hours: 0.1}}",
    ),
)


@cache
def traced(path: Path) -> tuple[Sequence[str], Sequence[tuple[int, State]]]:
    """Return the calls of a path that nothing disturbs, and each state with the number of the call that wrote it."""
    states = []

    def note(world: World, run: Run) -> None:
        states.append((len(world.calls), run.state))
        path.on_state(world, run)

    return replace(path, on_state=note).run().calls, states


def first_own_call(path: Path) -> int:
    """Return the number of the first call that no earlier path has: until then a path is the same as another one."""
    calls, states = traced(path)
    alike = 0
    for others, their_states in map(traced, PATHS[: PATHS.index(path)]):
        parting = next((at - 1 for at, state in states if (at, state) not in their_states), len(calls))
        alike = max(alike, min(parting, _same_calls(calls, others)))
    return 1 + alike


def _same_calls(calls: Sequence[str], others: Sequence[str]) -> int:
    """Return how many calls two paths begin with alike."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(calls, others, strict=False))))


def check(path: Path, world: World, *, all_told: bool = True, note: str = "") -> None:
    """The end of ``path``, and what must be true at every end. ``all_told``: no notice can have been lost."""
    if world.rejoined:
        return  # to the end that was checked when it was recorded
    runs = list(world.runs.items.values())
    histories = [tuple(change.state for change in run.history) for run in runs]
    assert histories == [tuple(each) for each in path.histories], note
    assert len(world.own_jobs) == path.jobs, "one job an attempt"
    check_tidy(world, note)
    told = [(run, change) for run in runs for change in run.history if wording_for(Facts(run, change))]
    expected = {f"{run.id}-{change.sequence}" for run, change in told}
    expected |= {f"{runs[0].id}-{stall}" for stall in path.stalls}
    for channel in world.channels:
        assert set(channel.sent) <= expected
        assert not all_told or set(channel.sent) == expected, "a notice was lost"
        twice = [times for times in channel.sent.values() if times > 1]
        assert not twice or (world.met == f"notify: {channel.name}.send" and twice == [2]), "a notice was repeated"


def check_tidy(world: World, note: str) -> None:
    """Whatever people did meanwhile: nothing bills, nothing hangs, and names lead to what is live."""
    if world.rejoined:
        return
    runs = list(world.runs.items.values())
    others = {job.name: job.stop_asked for job in world.bedrock.running()}
    assert others == {NEIGHBOURS_JOB: None}, f"a job that nobody waits for, or another stack's; {note}"
    noted = {run.job_arn.rsplit("/", 1)[-1] for run in runs if run.adopted and run.job}
    assert noted >= set(world.bedrock.adopted), f"an import that nobody knows of; {note}"
    assert all(times == 1 for times in world.bedrock.deployed.values()), f"one deployment a run; {note}"
    live = [run.deployment_arn for run in runs if run.state == State.LIVE]
    assert world.own_deployments == live, f"a deployment that nobody uses, or what is live does not answer; {note}"
    kept = {arn.rsplit("/", 1)[-1] for arn in world.bedrock.deployments} >= set(world.neighbours)
    assert kept, f"a deployment of another stack is gone; {note}"
    pointed = [version.deployment for alias in world.aliases.items.values() for version in alias.versions]
    assert pointed == live, f"a name leads to what is gone, or not to what is live; {note}"
    assert not world.unlooked, f"reconcile could not look at a run; {note}"
    assert not world.lost, f"a person's command ended because somebody else wrote first; {note}"


def check_troubles(path: Path, treatments: Sequence[Treatment], count: Count) -> None:
    """A function killed after, and overtaken before, each single write or call that no earlier path has tried."""
    calls = recording(path, tuple(treatments)).end.calls
    assert len(calls) >= path.calls - treatments.count("lost"), "fewer calls than there were: what is not simulated?"
    for at in range(first_own_call(path), len(calls) + 1):
        for trouble in (Trouble("killed", at), Trouble("killed", at, retried=False), Trouble("overtaken", at)):
            world = path.run(treatments, trouble)
            note = f"{trouble} at {world.met!r}, job events {treatments}"
            assert world.met == calls[at - 1], note
            check(path, world, all_told=trouble.retried, note=note)
            count("trouble")


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_undisturbed(path: Path) -> None:
    world = path.begun(("delivered",) * 3)
    world.run_until_settled()
    check(path, world)
    assert world.orphans == []


@pytest.mark.parametrize("path", PATHS[::6], ids=str)
def test_what_goes_on_from_a_recording_ends_as_what_began_anew(path: Path) -> None:
    alike = recording(path, ("delivered",) * 3)
    for at in range(7, len(alike.end.calls), 37):
        for trouble in (Trouble("killed", at), Trouble("overtaken", at), Trouble("interfered", at, act=gives_up)):
            anew = alike.before(trouble)
            anew.run_until_settled()
            world = alike.run(trouble)
            end = alike.end if world.rejoined else world
            assert end.goes_on_as(anew.deciding()), f"{trouble} at {anew.met!r}"


def test_units_that_nobody_noted_down_are_swept() -> None:
    """As of a function whose retries were over before Bedrock had made what it should delete again."""
    world = next(path for path in PATHS if path.name == "units-end").run()
    (run,) = world.runs.items.values()
    tags = OWNER.tags | {"run": run.id, "project": run.project}
    world.bedrock.create_deployment(f"{run.id}-2", run.model_arn, tags=tags, kind="provisioned")
    for _ in range(5):
        world.now += MINUTE
        world.reconciler.round(world.now)
    assert [orphan.removed for orphan in world.orphans] == [True]
    check_tidy(world, "after the sweep")


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_job_events_of_every_kind_and_each_pair_of_kinds(path: Path, count: Count) -> None:
    """Each kind for all three events; on some paths also each pair of kinds for each two of the three."""
    alike = {(each,) * 3 for each in TREATMENTS}
    kinds = range(len(TREATMENTS))
    square = {(one, other, (one + other) % len(kinds)) for one in kinds for other in kinds}
    pairs = {(TREATMENTS[first], TREATMENTS[second], TREATMENTS[third]) for first, second, third in square}
    for treatments in sorted(alike | pairs if path.every_event else alike):
        check(path, path.run(treatments), note=f"job events {treatments}")
        count("job events")


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_a_function_killed_or_overtaken_at_each_of_its_calls(path: Path, count: Count) -> None:
    check_troubles(path, ("delivered",) * 3, count)


@pytest.mark.parametrize(
    ("path", "act"),
    [
        *(
            (path, gives_up)
            for path in PATHS
            if path.every_event
            or path.name in ("live-one-deleted-by-hand", "taken-offline", "units-end", "adopted-goes-live")
        ),
        *((path, gives_up) for path in PATHS if path.name.startswith(("units-idle", "units-by", "units-taken"))),
        (PATHS[-1], says_yes_late),
        *((path, deletes_a_deployment) for path in PATHS if path.name == "replaces-a-live-one"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_person_who_comes_between_two_calls(path: Path, act: Callable[[World], None], count: Count) -> None:
    for at in range(first_own_call(path) if act is gives_up else 1, path.calls + 1):
        world = path.run(trouble=Trouble("interfered", at, act=act))
        check_tidy(world, f"between, before {world.met!r}")
        count("people")


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_somebody_who_writes_first_before_each_write(path: Path, count: Count) -> None:
    calls = recording(path, ("delivered",) * 3).end.calls
    writes = [at for at, call in enumerate(calls, 1) if call.endswith((": runs.save", ": aliases.save"))]
    assert len(writes) >= len(path.histories[0]) - 1
    for at in writes:
        world = path.run(trouble=Trouble("interfered", at, act=writes_first))
        check(path, world, note=f"somebody wrote first, before {world.met!r}")
        count("lost races")


@pytest.mark.parametrize("step", sorted(set(ACTORS.values())))
def test_a_late_event_about_a_run_that_was_removed_is_no_failure(step: str) -> None:
    world = World()
    getattr(world, f"_{step}")("colours-removed-0123456789ab")
    assert world.calls == []
    assert not world.runs.items


@pytest.mark.parametrize("treatment", ["lost", "repeated"])
def test_both_at_once(treatment: Treatment, count: Count) -> None:
    check_troubles(PATHS[0], (treatment,) * 3, count)
