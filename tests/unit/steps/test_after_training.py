"""track, provision, reconcile: what becomes of a job, a deployment and a verdict."""

from datetime import timedelta
from typing import Any

import pytest

from tailor.errors import ConflictError, InvalidInputError, NotFoundError, QuotaError, RetryableError
from tailor.evaluation.sizes import ROUNDS
from tailor.events import RUN_DUE
from tailor.notices.messages import message_for_stall
from tailor.recipe import Deployment, Recipe
from tailor.runs import ACTORS, Run, State
from tailor.steps.provision import promote, provision, take_down
from tailor.steps.reconcile import Reconciler
from tailor.steps.steer import promote_by_hand, roll_back, stop
from tailor.steps.track import track
from tests.unit.steps.fakes import (
    ARN,
    NOW,
    MemoryAliases,
    MemoryBus,
    MemoryControl,
    MemoryRuns,
    a_run,
    deployment_arn,
)

JOB = f"{ARN}:model-customization-job/amazon.nova-lite-v1:0:300k/abcdefghi123"
MODEL = f"{ARN}:custom-model/amazon.nova-lite-v1:0:300k/abcdefghi123"
DEPLOYMENT = f"{ARN}:custom-model-deployment/abcdefghi123"


def measured_with(live: Run) -> dict[str, Any]:
    return {"live": live.deployment["arn"]}


class Setting:
    def __init__(self) -> None:
        self.runs, self.control, self.aliases, self.bus = MemoryRuns(), MemoryControl(), MemoryAliases(), MemoryBus()

    def add(self, state: State, id: str = "colours-scenes-0123456789ab", **fields: Any) -> Run:
        run = a_run(state, id, **fields)
        self.runs.create(run)
        return run

    def training(self, **job: Any) -> Run:
        run = self.add(State.TRAINING, job={"arn": JOB})
        self.control.jobs[JOB] = {"jobArn": JOB, "jobName": run.id, "status": "InProgress"} | job
        return run

    def deployed(self, state: State, id: str = "colours-scenes-0123456789ab", **fields: Any) -> Run:
        arn = f"{ARN}:custom-model-deployment/{id[-12:]}"
        self.control.deployments[arn] = {"status": "Active", "modelArn": MODEL}
        return self.add(state, id, deployment={"arn": arn}, **fields)

    def provision(self, run: Run) -> Run | None:
        return provision(run.id, runs=self.runs, control=self.control, aliases=self.aliases, tags={}, now=NOW)

    def reconcile(self, after: timedelta = timedelta()) -> Any:
        reconciler = Reconciler(
            runs=self.runs, control=self.control, bus=self.bus, aliases=self.aliases, due_after=timedelta(seconds=60)
        )
        return reconciler.round(NOW + after)


@pytest.fixture
def setting() -> Setting:
    return Setting()


@pytest.mark.parametrize(
    ("job", "state"),
    [
        ({"status": "Completed", "outputModelArn": MODEL, "trainingMetrics": {"trainingLoss": 0.5}}, State.TRAINED),
        ({"status": "Failed", "failureMessage": "Unable to parse Amazon S3 file"}, State.TRAINING_FAILED),
        ({"status": "Stopped"}, State.STOPPED),
    ],
)
def test_a_job_that_ended_moves_its_run_by_event_and_without_one(job: dict[str, Any], state: State) -> None:
    by_event, by_poll = Setting(), Setting()
    by_event.training(**job)
    moved = track(JOB, runs=by_event.runs, control=by_event.control, now=NOW)
    run = by_poll.training(**job)
    by_poll.reconcile()
    assert moved is not None
    assert moved.state == by_poll.runs.get(run.id).state == state
    assert moved.history[-1].reason == by_poll.runs.get(run.id).history[-1].reason


def test_a_repeated_or_late_event_changes_nothing(setting: Setting) -> None:
    setting.training(status="Completed", outputModelArn=MODEL)
    assert track(JOB, runs=setting.runs, control=setting.control, now=NOW) is not None
    setting.control.jobs[JOB]["status"] = "InProgress"
    assert track(JOB, runs=setting.runs, control=setting.control, now=NOW) is None


def test_a_job_of_somebody_else_is_none_of_our_business(setting: Setting) -> None:
    setting.control.jobs[JOB] = {"jobArn": JOB, "jobName": "theirs", "status": "Completed"}
    assert track(JOB, runs=setting.runs, control=setting.control, now=NOW) is None


def test_phases_are_kept_without_moving_the_run(setting: Setting) -> None:
    setting.training(statusDetails={"validationDetails": {"status": "Completed", "lastModifiedTime": NOW}})
    run = track(JOB, runs=setting.runs, control=setting.control, now=NOW)
    assert run is not None
    assert run.state == State.TRAINING
    assert run.job["phases"] == {"validation": {"status": "Completed", "since": NOW.isoformat()}}
    assert track(JOB, runs=setting.runs, control=setting.control, now=NOW) is None


def test_a_trained_model_is_deployed_under_the_runs_name_and_watched_until_active(setting: Setting) -> None:
    deploying = setting.provision(setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}))
    assert deploying is not None
    assert deploying.state == State.DEPLOYING
    assert not setting.reconcile().moved
    setting.control.deployments[deploying.deployment["arn"]]["status"] = "Active"
    assert setting.reconcile().moved == [deploying.id]
    assert setting.runs.get(deploying.id).state == State.DEPLOYED


def test_a_deployment_that_failed_is_taken_away(setting: Setting) -> None:
    run = setting.deployed(State.DEPLOYING)
    setting.control.deployments[run.deployment["arn"]] = {"status": "Failed", "failureMessage": "no capacity"}
    setting.reconcile()
    assert setting.runs.get(run.id).state == State.DEPLOY_FAILED
    assert "no capacity" in setting.runs.get(run.id).history[-1].reason
    assert not setting.control.deployments


class TestADeploymentThatTakesTooLong:
    @pytest.fixture
    def creating(self, setting: Setting) -> Run:
        run = setting.provision(setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}))
        assert run is not None
        return run

    def test_it_is_told_once_after_half_of_the_patience(self, setting: Setting, creating: Run) -> None:
        assert not setting.reconcile(timedelta(minutes=59)).moved
        assert setting.reconcile(timedelta(minutes=61)).moved == [creating.id]
        assert setting.runs.get(creating.id).stall["phase"] == "deploying"
        assert not setting.reconcile(timedelta(minutes=62)).moved
        assert setting.runs.get(creating.id).state == State.DEPLOYING

    def test_after_all_of_it_the_deployment_goes_and_the_run_says_why(
        self, setting: Setting, creating: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(setting.control, "delete_deployment", setting.control.deployments.pop)
        setting.reconcile(timedelta(hours=3))
        last = setting.runs.get(creating.id).history[-1]
        assert last.state == State.DEPLOY_FAILED
        assert "within 2 hours" in last.reason
        assert not setting.control.deployments

    def test_what_bedrock_will_not_delete_is_told_and_followed_on(self, setting: Setting, creating: Run) -> None:
        setting.reconcile(timedelta(hours=3))
        run = setting.runs.get(creating.id)
        assert (run.state, run.stall["level"]) == (State.DEPLOYING, "stuck")
        message = message_for_stall(run)
        assert message is not None
        assert "support case" in message.next_step
        setting.control.deployments[run.deployment["arn"]]["status"] = "Active"
        setting.reconcile(timedelta(hours=4))
        assert setting.runs.get(creating.id).state == State.DEPLOYED
        assert not setting.runs.get(creating.id).stall


class TestAnAccountWithoutRoomForADeployment:
    def waiting(self, setting: Setting, run: Run, after: timedelta) -> Run | None:
        setting.control.fail["create_deployment"] = QuotaError("10 deployments are there already")
        now, runs = NOW + after, setting.runs
        return provision(run.id, runs=runs, control=setting.control, aliases=setting.aliases, tags={}, now=now)

    def test_the_run_waits_and_is_no_dead_letter(self, setting: Setting) -> None:
        run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
        noted = self.waiting(setting, run, timedelta())
        assert noted is not None
        assert (noted.state, noted.stall["level"]) == (State.TRAINED, "wait")
        assert self.waiting(setting, run, timedelta(minutes=5)) is None
        assert setting.reconcile(timedelta(minutes=5)).due == [run.id]
        deployed = setting.provision(run)
        assert deployed is not None
        assert deployed.state == State.DEPLOYING
        assert not deployed.stall

    def test_it_is_told_after_an_hour_and_never_given_up(self, setting: Setting) -> None:
        run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
        self.waiting(setting, run, timedelta())
        told = self.waiting(setting, run, timedelta(hours=1))
        assert told is not None
        message = message_for_stall(told)
        assert message is not None
        assert "10 deployments are there already" in message.text
        assert "tailor retire" in message.next_step
        assert self.waiting(setting, run, timedelta(days=30)) is None
        assert setting.runs.get(run.id).state == State.TRAINED

    def test_a_version_that_a_person_wants_back_waits_too(self, setting: Setting) -> None:
        run = setting.add(State.RETIRED, job={"arn": JOB, "model_arn": MODEL})
        run = setting.runs.save(run.moved(State.RESTORING, by="person:linh", deployment={}))
        noted = self.waiting(setting, run, timedelta())
        assert noted is not None
        assert (noted.state, noted.stall["phase"]) == (State.RESTORING, "room")
        deployed = setting.provision(run)
        assert deployed is not None
        assert deployed.deployment["status"] == "Creating"
        assert not deployed.stall


def test_a_deployment_that_is_gone_before_it_was_active_ends_its_run(setting: Setting) -> None:
    run = setting.add(State.DEPLOYING, deployment={"arn": DEPLOYMENT})
    setting.control.fail["get_deployment"] = NotFoundError("there is no such deployment")
    assert not setting.reconcile().failed
    assert setting.runs.get(run.id).state == State.DEPLOY_FAILED


def test_a_run_that_is_retired_while_it_is_deployed_leaves_no_deployment(setting: Setting) -> None:
    class Slow(MemoryControl):
        def create_deployment(self, name: str, model_arn: str, *, tags: Any) -> str:
            arn = super().create_deployment(name, model_arn, tags=tags)
            setting.runs.save(setting.runs.get(run.id).moved(State.RETIRED, by="person:linh", now=NOW))
            return arn

    run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
    setting.control = Slow()
    with pytest.raises(ConflictError):
        setting.provision(run)
    # Bedrock deletes none that it is still making: the next delivery does.
    setting.control.deployments[deployment_arn(run.id)]["status"] = "Active"
    assert setting.provision(run) is None
    assert not setting.control.deployments


def test_retiring_takes_a_deployment_away_that_nobody_wrote_down(setting: Setting) -> None:
    """As if the function had been killed after it had made it."""
    run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
    setting.control.deployments[setting.control.create_deployment(run.id, MODEL, tags={})]["status"] = "Active"
    take_down(run, runs=setting.runs, control=setting.control, aliases=setting.aliases, by="p", reason="", now=NOW)
    assert not setting.control.deployments


def test_a_verdict_against_an_older_live_version_is_measured_again_and_at_last_left_open(setting: Setting) -> None:
    first = setting.provision(setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa"))
    assert first is not None
    run = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation={"live": None, "execution": "arn:1"})
    for measured in range(2, ROUNDS + 1):
        again = setting.provision(run)
        assert again is not None
        assert (again.state, again.history[-1].by) == (State.EVALUATING, "provision")
        assert "colours-scenes-aaaaaaaaaaaa went live meanwhile: it is measured again" in again.history[-1].reason
        assert again.evaluation == {"live": None, "round": measured}
        assert not again.leased(NOW)
        run = setting.runs.save(again.moved(State.PASSED, by="evaluate", now=NOW))
    given_up = setting.provision(run)
    assert given_up is not None
    assert given_up.state == State.INCONCLUSIVE
    pointer = setting.aliases.alias("colours").live
    assert pointer is not None
    assert pointer.run == "colours-scenes-aaaaaaaaaaaa"


def test_a_verdict_against_the_version_that_is_live_replaces_it_and_no_other(setting: Setting) -> None:
    first = setting.provision(setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa"))
    assert first is not None
    seen = setting.aliases.alias("colours").live
    passed = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    promoted(setting, setting.deployed(State.FAILED, "colours-scenes-cccccccccccc"))
    with pytest.raises(ConflictError, match="cccccccccccc is live"):
        promote(passed, runs=setting.runs, aliases=setting.aliases, by="provision", now=NOW, instead_of=seen)


def test_a_retirement_that_was_cut_short_is_finished_and_never_promoted(setting: Setting) -> None:
    run = setting.deployed(State.PASSED)
    run = setting.runs.save(run.model_copy(update={"deployment": {**run.deployment, "status": "Deleting"}}))
    with pytest.raises(ConflictError, match="is being retired"):
        promote_by_hand(run, runs=setting.runs, aliases=setting.aliases, by="person:linh", reason="mine", now=NOW)
    retired = setting.provision(run)
    assert retired is not None
    assert retired.state == State.RETIRED
    assert not setting.control.deployments


@pytest.mark.parametrize("replaces", [False, True])
def test_a_run_that_is_retired_while_it_is_promoted_leaves_no_name_that_leads_nowhere(
    setting: Setting, replaces: bool
) -> None:
    class Slow(MemoryAliases):
        def save_alias(self, alias: Any) -> Any:
            saved = super().save_alias(alias)
            if alias.live and alias.live.run == second.id:
                gone = {**second.deployment, "status": "Deleted"}
                setting.runs.save(second.moved(State.RETIRED, by="person:linh", now=NOW, deployment=gone))
            return saved

    evaluation = {}
    if replaces:
        first = setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa")
        setting.provision(first)
        evaluation = measured_with(first)
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=evaluation)
    slow = Slow()
    slow.items = setting.aliases.items
    setting.aliases = slow
    with pytest.raises(ConflictError):
        setting.provision(second)
    pointer = setting.aliases.alias("colours")
    assert [version.run for version in pointer.versions] == (["colours-scenes-aaaaaaaaaaaa"] if replaces else [])


def test_a_passed_run_goes_live_and_the_one_before_stands_by_and_leaves_in_time(setting: Setting) -> None:
    first = setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa")
    assert setting.provision(first) is not None
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    live = setting.provision(second)

    assert live is not None
    assert live.state == State.LIVE
    pointer = setting.aliases.alias("colours")
    assert pointer.live is not None
    assert pointer.live.run == second.id
    assert setting.runs.get(first.id).state == State.STANDBY

    setting.reconcile(timedelta(hours=23))
    assert setting.runs.get(first.id).state == State.STANDBY
    setting.reconcile(timedelta(hours=25))
    assert setting.runs.get(first.id).state == State.RETIRED
    assert list(setting.control.deployments) == [second.deployment["arn"]]
    assert [version.run for version in setting.aliases.alias("colours").versions] == [second.id]


def test_a_promotion_cut_short_is_finished_by_a_repeat_and_by_reconcile(setting: Setting) -> None:
    first = setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa")
    setting.provision(first)
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    before = setting.runs.get(first.id)
    setting.provision(second)
    # As if the function had been killed after the pointer moved.
    setting.runs.items[first.id] = before
    setting.runs.items[second.id] = second
    setting.reconcile()
    assert setting.runs.get(first.id).state == State.STANDBY
    again = setting.provision(second)
    assert again is not None
    assert again.state == State.LIVE


@pytest.mark.parametrize("verdict", [State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED])
def test_what_did_not_pass_is_taken_down_and_never_goes_live(setting: Setting, verdict: State) -> None:
    run = setting.provision(setting.deployed(verdict))
    assert run is not None
    assert run.state == State.RETIRED
    assert verdict in run.history[-1].reason
    assert not setting.control.deployments
    assert setting.aliases.alias("colours").live is None


def test_a_recipe_may_keep_promotion_for_people(setting: Setting) -> None:
    run = setting.deployed(State.PASSED, recipe=Recipe(deployment=Deployment(promote=False)))
    assert setting.provision(run) is None
    assert not setting.reconcile(timedelta(hours=1)).due


@pytest.mark.parametrize("state", sorted(ACTORS))
def test_a_step_that_never_began_is_asked_for_again_but_not_too_soon(setting: Setting, state: State) -> None:
    run = setting.add(state)
    assert not setting.reconcile(timedelta(seconds=59)).due
    assert setting.reconcile(timedelta(seconds=61)).due == [run.id]
    assert [(kind, change.run, change.state) for kind, change in setting.bus.sent] == [(RUN_DUE, run.id, state)]


def test_a_step_that_is_being_worked_on_is_left_alone(setting: Setting) -> None:
    run = setting.add(State.PREPARING)
    setting.runs.save(run.model_copy(update={"lease_until": NOW + timedelta(minutes=15)}))
    assert not setting.reconcile(timedelta(minutes=14)).due
    assert setting.reconcile(timedelta(minutes=16)).due


def test_an_approval_that_ran_out_declines_the_run(setting: Setting) -> None:
    until = (NOW + timedelta(hours=1)).isoformat()
    run = setting.add(State.AWAITING_APPROVAL, quote={"approval": {"until": until}})
    assert not setting.reconcile().moved
    setting.reconcile(timedelta(hours=2))
    assert setting.runs.get(run.id).state == State.DECLINED


def test_one_runs_trouble_does_not_keep_the_others_waiting(setting: Setting) -> None:
    broken = setting.training(status="Completed", outputModelArn=MODEL)
    setting.control.fail["get_job"] = RetryableError("not now")
    due = setting.add(State.PREPARED, "colours-other-0123456789ab", at=NOW + timedelta(seconds=1))
    found = setting.reconcile(timedelta(minutes=5))
    assert list(found.failed) == [broken.id]
    assert found.due == [due.id]


def test_a_bug_that_one_run_meets_does_not_leave_the_others_unwatched(setting: Setting) -> None:
    broken = setting.training(status="Completed", outputModelArn=MODEL)
    setting.control.fail["get_job"] = OverflowError("what nobody thought of, with somebody's data in it")
    due = setting.add(State.PREPARED, "colours-other-0123456789ab", at=NOW + timedelta(seconds=1))
    found = setting.reconcile(timedelta(minutes=5))
    assert found.failed == {broken.id: "OverflowError in _maybe_fail"}
    assert found.due == [due.id]


def test_a_person_goes_back_to_the_version_before_and_forward_again(setting: Setting) -> None:
    first = setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa")
    setting.provision(first)
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    setting.provision(second)
    for target, other in ((first, second), (second, first)):
        run = roll_back("colours", to=None, runs=setting.runs, aliases=setting.aliases, by="p", reason="", now=NOW)
        assert (run.id, run.state) == (target.id, State.LIVE)
        assert setting.runs.get(other.id).state == State.STANDBY


def test_going_back_when_nothing_is_left_says_so_and_changes_nothing(setting: Setting) -> None:
    setting.provision(setting.deployed(State.PASSED))
    with pytest.raises(NotFoundError, match="no version before"):
        roll_back("colours", to=None, runs=setting.runs, aliases=setting.aliases, by="p", reason="", now=NOW)


def test_a_person_may_promote_what_did_not_pass_and_the_run_says_who_and_why(setting: Setting) -> None:
    run = promote_by_hand(
        setting.deployed(State.INCONCLUSIVE),
        runs=setting.runs,
        aliases=setting.aliases,
        by="person:linh",
        reason="we looked at the answers",
        now=NOW,
    )
    assert (run.state, run.history[-1].by, run.history[-1].reason) == (
        State.LIVE,
        "person:linh",
        "we looked at the answers",
    )


def test_what_is_not_deployed_can_not_go_live_and_what_is_live_can_not_be_taken_down(setting: Setting) -> None:
    with pytest.raises(ConflictError, match="only a version that is or was deployed"):
        promote_by_hand(
            setting.add(State.TRAINED), runs=setting.runs, aliases=setting.aliases, by="p", reason="mine", now=NOW
        )
    live = setting.provision(setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb"))
    assert live is not None
    with pytest.raises(ConflictError, match="is live"):
        take_down(live, runs=setting.runs, control=setting.control, aliases=setting.aliases, by="p", reason="", now=NOW)
    assert setting.control.deployments


def test_stopping_asks_bedrock_and_the_jobs_answer_moves_the_run(setting: Setting) -> None:
    run = setting.training()
    asked = stop(
        run,
        runs=setting.runs,
        control=setting.control,
        aliases=setting.aliases,
        by="person:linh",
        reason="wrong data",
        now=NOW,
    )
    assert asked.state == State.TRAINING
    assert setting.control.jobs[JOB]["status"] == "Stopped"
    stopped = track(JOB, runs=setting.runs, control=setting.control, now=NOW)
    assert stopped is not None
    assert stopped.state == State.STOPPED


def test_a_stop_that_never_reached_bedrock_is_asked_for_again(setting: Setting) -> None:
    setting.training()
    run = setting.runs.get("colours-scenes-0123456789ab")
    setting.runs.save(run.model_copy(update={"job": {**run.job, "stop_asked_by": "person:linh", "stop_reason": ""}}))
    setting.reconcile()  # notes how far the job is
    setting.reconcile()
    assert setting.control.jobs[JOB]["status"] == "Stopped"
    setting.reconcile()
    assert setting.runs.get(run.id).state == State.STOPPED


def test_a_job_that_ends_before_the_stop_arrives_still_ends_its_run(setting: Setting) -> None:
    run = setting.training()
    stop(
        run,
        runs=setting.runs,
        control=setting.control,
        aliases=setting.aliases,
        by="person:linh",
        reason="wrong data",
        now=NOW,
    )
    setting.control.jobs[JOB] |= {"status": "Completed", "outputModelArn": MODEL}
    stopped = track(JOB, runs=setting.runs, control=setting.control, now=NOW)
    assert stopped is not None
    assert stopped.state == State.STOPPED
    assert "person:linh stopped it: wrong data" in stopped.history[-1].reason
    assert MODEL in stopped.history[-1].reason


def test_stopping_a_run_stops_a_job_that_nobody_wrote_down(setting: Setting) -> None:
    """As if the function had been killed after it had submitted it."""
    run = setting.add(State.APPROVED)
    setting.control.jobs[run.id] = {"jobArn": JOB, "jobName": run.id, "status": "InProgress"}
    assert (
        stop(run, runs=setting.runs, control=setting.control, aliases=setting.aliases, by="p", reason="", now=NOW).state
        == State.STOPPED
    )
    assert setting.control.jobs[run.id]["status"] == "Stopped"


def test_a_run_without_a_job_stops_at_once_and_one_with_a_model_not_at_all(setting: Setting) -> None:
    early = setting.add(State.PREPARED)
    assert (
        stop(
            early, runs=setting.runs, control=setting.control, aliases=setting.aliases, by="p", reason="", now=NOW
        ).state
        == State.STOPPED
    )
    late = setting.deployed(State.LIVE, "colours-scenes-bbbbbbbbbbbb")
    with pytest.raises(ConflictError, match="nothing to stop"):
        stop(late, runs=setting.runs, control=setting.control, aliases=setting.aliases, by="p", reason="", now=NOW)


def promoted(setting: Setting, run: Run, reason: str = "we looked at the answers") -> Run:
    return promote_by_hand(run, runs=setting.runs, aliases=setting.aliases, by="person:linh", reason=reason, now=NOW)


def stopped(setting: Setting, run: Run) -> Run:
    return stop(
        run,
        runs=setting.runs,
        control=setting.control,
        aliases=setting.aliases,
        by="person:linh",
        reason="wrong data",
        now=NOW,
    )


def test_a_verdict_is_overridden_after_its_deployment_is_gone_by_deploying_again(setting: Setting) -> None:
    retired = setting.provision(setting.deployed(State.FAILED, job={"model_arn": MODEL}))
    assert retired is not None
    assert not setting.control.deployments
    restoring = setting.provision(promoted(setting, retired))
    assert restoring is not None
    assert restoring.state == State.RESTORING
    assert restoring.deployment["arn"] != retired.deployment["arn"]
    assert setting.provision(restoring) is None
    assert not setting.reconcile().moved

    setting.control.deployments[restoring.deployment["arn"]]["status"] = "Active"
    assert setting.reconcile().moved == [restoring.id]
    live = setting.runs.get(restoring.id)
    assert (live.state, live.history[-1].by, live.history[-1].reason) == (
        State.LIVE,
        "person:linh",
        "we looked at the answers",
    )
    pointer = setting.aliases.alias("colours").live
    assert pointer is not None
    assert (pointer.deployment, pointer.promoted_by) == (restoring.deployment["arn"], "person:linh")


def test_a_restoration_that_fails_leaves_nothing_and_can_be_tried_again(setting: Setting) -> None:
    run = setting.provision(promoted(setting, setting.add(State.RETIRED, job={"model_arn": MODEL})))
    assert run is not None
    setting.control.deployments[run.deployment["arn"]] = {"status": "Failed", "failureMessage": "no capacity"}
    setting.reconcile()
    failed = setting.runs.get(run.id)
    assert failed.state == State.DEPLOY_FAILED
    assert not setting.control.deployments
    again = setting.provision(promoted(setting, failed))
    assert again is not None
    assert again.deployment["arn"] != run.deployment["arn"]
    assert setting.aliases.alias("colours").live is None


def test_an_override_without_a_reason_is_refused(setting: Setting) -> None:
    for state in (State.RETIRED, State.INCONCLUSIVE):
        run = setting.add(state, f"colours-{state}-0123456789ab")
        with pytest.raises(InvalidInputError, match="needs a reason"):
            promoted(setting, run, "  ")
        assert setting.runs.get(run.id) == run


@pytest.mark.parametrize("state", [State.TRAINED, State.DEPLOYED, State.EVALUATING])
def test_a_run_without_a_verdict_stops_and_leaves_no_deployment(setting: Setting, state: State) -> None:
    run = setting.add(state) if state == State.TRAINED else setting.deployed(state)
    ended = stopped(setting, run)
    assert (ended.state, ended.history[-1].by, ended.history[-1].reason) == (
        State.RETIRED,
        "person:linh",
        "wrong data",
    )
    assert not setting.control.deployments


@pytest.mark.parametrize("gone", [False, True])
def test_a_stop_while_a_deployment_is_made_takes_it_away_once_it_is_there(setting: Setting, gone: bool) -> None:
    deploying = setting.provision(setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}))
    assert deploying is not None
    assert stopped(setting, deploying).state == State.DEPLOYING
    assert not setting.reconcile().moved
    if gone:
        setting.control.fail["get_deployment"] = NotFoundError("there is no such deployment")
        setting.control.deployments.clear()
    else:
        setting.control.deployments[deploying.deployment["arn"]]["status"] = "Active"
    setting.reconcile()
    ended = setting.runs.get(deploying.id)
    assert (ended.state, ended.history[-1].by, ended.history[-1].reason) == (
        State.RETIRED,
        "person:linh",
        "wrong data",
    )
    assert not setting.control.deployments


@pytest.mark.parametrize(
    ("state", "hint"), [(State.RETIRED, ""), (State.FAILED, "tailor retire"), (State.LIVE, "roll back to another")]
)
def test_what_can_not_be_stopped_is_told_what_can_be_done(setting: Setting, state: State, hint: str) -> None:
    with pytest.raises(ConflictError) as error:
        stopped(setting, setting.deployed(state))
    assert hint in error.value.hint if hint else not error.value.hint
