"""live → paused → restoring: delete a live version's model units for a time, and have them made again."""

from datetime import datetime

from tailor.errors import ConflictError, NotFoundError
from tailor.run_records import DeploymentStatus
from tailor.runs import Run, State
from tailor.serving.aliases import Offline
from tailor.steps import steer
from tailor.steps.idle import Calls
from tailor.steps.provision import RESTORED_BY, take_down
from tailor.steps.services import RunServices


def pause(run: Run, services: RunServices, paused: Offline, now: datetime) -> Run:
    """Delete the model units of a version whose name says that it is paused. A repeat finishes what was cut short."""
    if run.deployment is None:
        raise NotFoundError(f"run {run.id} has no deployment to pause")
    going = run.deployment.model_copy(update={"status": DeploymentStatus.DELETING})
    run = services.runs.save(run.updated(deployment=going))
    services.control.delete_deployment(run.deployment_arn)
    gone = going.model_copy(update={"status": DeploymentStatus.DELETED})
    return services.runs.save(run.moved(State.PAUSED, by=paused.by, reason=paused.reason, now=now, deployment=gone))


def look_at_paused(run: Run, services: RunServices, calls: Calls | None, now: datetime) -> Run | None:
    """Have a paused version come back once a call asked for it, or retire one whose name leads elsewhere.

    Returns None while it stays paused.
    """
    alias = services.aliases.alias(run.project)
    paused = alias.paused
    if paused is None or paused.run != run.id:
        other = f"{alias.live.run} went live" if alias.live else "the project was taken offline"
        return take_down(run, services, by=RESTORED_BY, reason=f"{other} while this version was paused", now=now)
    asked = calls.return_asked(run.project, paused.at) if calls else None
    if asked is None:
        return None
    reason = f"an app called it at {asked:%Y-%m-%d %H:%M} UTC: its model units are made again"
    return services.runs.save(run.moved(State.RESTORING, by=RESTORED_BY, reason=reason, now=now, deployment=None))


def restore(project: str, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """Bring back the version that a project's name led to last; return its run, which is restoring.

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
