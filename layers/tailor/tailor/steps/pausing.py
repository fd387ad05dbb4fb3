"""live → paused → restoring: delete a live version's model units for a time, and create them again.

They go where nobody calls (``idle_hours``), until a call, and at a closing of the recipe's ``schedule``, until the next
opening. A candidate whose units go at a closing is measured at the next opening.
"""

from datetime import datetime

from tailor.errors import ConflictError, NotFoundError
from tailor.evaluation.sizes import ROUNDS
from tailor.run_records import DeploymentStatus
from tailor.runs import Run, State, Updates, find
from tailor.serving.aliases import Offline, closes_again, end_service
from tailor.steps import steer
from tailor.steps.idle import CallTimes
from tailor.steps.provision import RESTORED_BY, deployment_names, take_down
from tailor.steps.services import RunServices
from tailor.steps.takeover import needs, release, repoint, waits_for_a_person

_MEASURED = frozenset({State.DEPLOYED, State.EVALUATING})


def pause(run: Run, services: RunServices, paused: Offline, now: datetime) -> Run:
    """Delete the model units of a version that its project's name shows as paused. A repetition completes it."""
    if run.deployment is None:
        raise NotFoundError(f"run {run.id} has no deployment to pause")
    going = run.deployment.model_copy(update={"status": DeploymentStatus.DELETING})
    run = services.runs.save(run.updated(deployment=going))
    services.control.delete_deployment(run.deployment_arn)
    gone = going.model_copy(update={"status": DeploymentStatus.DELETED})
    return services.runs.save(run.moved(State.PAUSED, by=paused.by, reason=paused.reason, now=now, deployment=gone))


def close(run: Run, services: RunServices, now: datetime) -> Run | None:
    """Delete model units outside of their schedule if they exist; None if there is nothing to do.

    What is being made is closed once it is there; what is to be promoted or taken down by itself, by that.
    """
    schedule = run.recipe.deployment.schedule
    if schedule is None or run.deployment is None:
        return None
    opens_at = schedule.next_opening(now)
    reason = f"its schedule closed, and opens at {opens_at:%Y-%m-%d %H:%M} UTC: its model units bill by the hour"
    by = RESTORED_BY
    if run.state == State.LIVE:
        ended = end_service(
            services.aliases, run.project, run.id, by, reason, now=now, returns="opening", opens_at=opens_at
        )
        paused = ended.paused
        return pause(run, services, paused, now) if paused and paused.run == run.id else None
    if run.state in _MEASURED and run.evaluation.round < ROUNDS:
        later = f"{reason}. It is measured once they are made again"
        going = run.deployment.model_copy(update={"status": DeploymentStatus.DELETING})
        marks = Updates(deployment=going, evaluation=run.evaluation.next_round())
        return finish_closing(
            services.runs.save(run.moved(State.TRAINED, by=by, reason=later, now=now, **marks)), services
        )
    if run.state in _MEASURED:
        reason = f"its measurement did not end in {ROUNDS} openings. {reason}"
    elif run.state != State.STANDBY and (run.state != State.PASSED or run.recipe.deployment.promote):
        return None
    return take_down(run, services, by=by, reason=reason, now=now)


def finish_closing(run: Run, services: RunServices) -> Run:
    """Delete the model units of a candidate that waits until the schedule opens again. Idempotent."""
    release(run, services)
    return services.runs.save(run.updated(deployment=None))


def look_at_paused(run: Run, services: RunServices, calls: CallTimes | None, now: datetime) -> Run | None:
    """Restore a paused version after a call or by its schedule, or retire one that no project's name leads to.

    Returns None while it stays paused.
    """
    alias = services.aliases.alias(run.project)
    paused = alias.paused
    if paused is None or paused.run != run.id:
        other = f"{alias.live.run} went live" if alias.live else "the project was taken offline"
        return take_down(run, services, by=RESTORED_BY, reason=f"{other} while this version was paused", now=now)
    if paused.returns == "verdict":
        return _take_back(run, services, now)
    schedule = run.recipe.deployment.schedule
    if schedule and not schedule.is_open(now):
        if paused.returns == "call":
            closes_again(services.aliases, run.project, schedule.next_opening(now))
        return None
    if paused.returns == "opening":
        reason = "its schedule opened: its model units are made again"
    else:
        asked = calls.return_asked(run.project, paused.at) if calls else None
        if asked is None:
            return None
        reason = f"an app called it at {asked:%Y-%m-%d %H:%M} UTC: its model units are made again"
    return services.runs.save(run.moved(State.RESTORING, by=RESTORED_BY, reason=reason, now=now, deployment=None))


def _take_back(run: Run, services: RunServices, now: datetime) -> Run | None:
    """Have a version's model units serve it again once the version that was measured in them gives them back.

    What passed and waits for a person is taken down first: apps should not wait for that. Returns None until then.
    """
    lent = run.deployment
    if lent is None:
        raise NotFoundError(f"run {run.id} has no model units to take back")
    newer = find(services.runs, lent.taken_by) if lent.taken_by else None
    if newer is not None and waits_for_a_person(newer):
        reason = f"it passed, and waits for a promotion by hand: its model units go back to {run.id}"
        return take_down(newer, services, by=RESTORED_BY, reason=reason, now=now)
    if needs(newer, lent.arn):
        return None
    reason = f"{newer.id} is {newer.state}: its model units serve this version again" if newer else "they are free"
    marks = {"status": DeploymentStatus.CREATING, "created_at": now, "taken_by": None}
    units = lent.model_copy(update=marks)
    try:
        services.control.get_deployment(lent.arn)
    except NotFoundError:
        return services.runs.save(run.moved(State.RESTORING, by=RESTORED_BY, reason=reason, now=now, deployment=None))
    run = services.runs.save(run.moved(State.RESTORING, by=RESTORED_BY, reason=reason, now=now, deployment=units))
    repoint(lent.arn, run, deployment_names(run)[-1], services)
    return run


def restore(project: str, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """Restore the version that a project's name led to last; return its run, which is restoring.

    Raises:
        NotFoundError: no version was ever live, or its run is gone.
        ConflictError: a version is live, or the model was deleted.
    """
    alias = services.aliases.alias(project)
    if alias.live:
        raise ConflictError(f"{project} serves {alias.live.run}: there is nothing to bring back")
    if alias.offline is None:
        raise NotFoundError(f"{project} has no version to bring back", hint=f"tailor runs {project} lists its runs")
    run = services.runs.get(alias.offline.run)
    if run.state == State.RESTORING:
        return run
    return steer.promote_by_hand(run, services, by=by, reason=reason or "brought back", now=now)
