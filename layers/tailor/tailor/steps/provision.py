"""trained → deploying; passed → live; no pass → retired: deployments appear and disappear here (and in reconcile)."""

from datetime import datetime, timedelta
from typing import Any

from tailor.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from tailor.runs import Run, RunStore, State
from tailor.serving.aliases import AliasStore, Version, forget, withdraw
from tailor.serving.aliases import promote as move_pointer
from tailor.serving.media import rules_for
from tailor.steps.control import Control
from tailor.training.translate import explain

BY = "provision"
_GOING = "Deleting"
_NOT_PASSED = frozenset({State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED})


def provision(
    run_id: str, *, runs: RunStore, control: Control, aliases: AliasStore, tags: dict[str, str], now: datetime
) -> Run | None:
    """The run as it is afterwards; None where there was nothing to do."""
    run = runs.get(run_id)
    if run.state == State.TRAINED:
        return deploy(run, runs=runs, control=control, tags=tags, now=now)
    if run.state == State.PASSED and _is_going(run):
        reason = "its retirement was cut short, and is finished"
        return take_down(run, runs=runs, control=control, aliases=aliases, by=BY, reason=reason, now=now)
    if run.state == State.PASSED and run.recipe.deployment.promote:
        if reason := _outdated(run, aliases):
            return runs.save(run.moved(State.INCONCLUSIVE, by=BY, reason=reason, now=now))
        return promote(run, runs=runs, aliases=aliases, by=BY, now=now)
    if run.state in _NOT_PASSED:
        return take_down(
            run, runs=runs, control=control, aliases=aliases, by=BY, reason=f"the verdict is {run.state}", now=now
        )
    return None


def _outdated(run: Run, aliases: AliasStore) -> str:
    """Why a passed verdict no longer counts; empty where it does: against the version that it was measured with."""
    live = aliases.alias(run.project).live
    if live is None or live.run == run.id or live.deployment == run.evaluation.get("live"):
        return ""
    return f"it passed, but {live.run} went live meanwhile, and the two were not compared"


def _is_going(run: Run) -> bool:
    return run.state == State.RETIRED or run.deployment.get("status") == _GOING


def deploy(run: Run, *, runs: RunStore, control: Control, tags: dict[str, str], now: datetime) -> Run:
    """Puts the trained model behind an on-demand deployment: pay per token, nothing while idle."""
    try:
        arn = control.create_deployment(
            run.id, run.job["model_arn"], tags=tags | {"run": run.id, "project": run.project}
        )
    except (InvalidInputError, NotAllowedError, NotFoundError) as error:
        return runs.save(run.moved(State.DEPLOY_FAILED, by=BY, reason=explain(error.message), now=now))
    deployment = {"arn": arn, "kind": "on-demand", "status": "Creating", "created_at": now.isoformat()}
    try:
        return runs.save(run.moved(State.DEPLOYING, by=BY, now=now, deployment=deployment))
    except ConflictError:
        if not runs.get(run.id).is_open:
            control.delete_deployment(arn)  # somebody retired the run meanwhile: nobody else knows of its deployment
        raise


def follow_deployment(run: Run, *, runs: RunStore, control: Control, by: str, now: datetime) -> Run | None:
    """deploying → deployed | deploy-failed. Deployments send no events: reconcile asks."""
    try:
        answer = control.get_deployment(run.deployment["arn"])
    except NotFoundError:
        # Deleted by hand, or by the lines below just before this function was killed.
        reason = "the deployment failed, or somebody deleted it, before it became active"
        return runs.save(run.moved(State.DEPLOY_FAILED, by=by, now=now, reason=reason))
    status = answer["status"]
    deployment: dict[str, Any] = {**run.deployment, "status": status}
    if status == "Active":
        return runs.save(run.moved(State.DEPLOYED, by=by, now=now, deployment=deployment))
    if status == "Failed":
        control.delete_deployment(run.deployment["arn"])
        reason = explain(answer.get("failureMessage", ""))
        return runs.save(run.moved(State.DEPLOY_FAILED, by=by, now=now, deployment=deployment, reason=reason))
    return None


def promote(run: Run, *, runs: RunStore, aliases: AliasStore, by: str, now: datetime, reason: str = "") -> Run:
    """Points the project's name at this run, then says so; the version that was live stands by for rollback."""
    if _is_going(run):
        raise ConflictError(f"run {run.id} is being retired: it can't go live any more")
    version = Version(
        run=run.id,
        deployment=run.deployment["arn"],
        model=run.recipe.model,
        system=run.report.get("system"),
        media=rules_for(run.recipe.model, run.recipe.method),
    )
    seen = aliases.alias(run.project).live
    alias = move_pointer(aliases, run.project, version, seen.run if seen else None, by, now=now)
    try:
        live = runs.save(run.moved(State.LIVE, by=by, now=now, reason=reason))
    except ConflictError:
        if _is_going(runs.get(run.id)):
            withdraw(aliases, run.project, run.id)  # somebody retired it meanwhile: its deployment will be gone
        raise
    for replaced in alias.previous[:1]:
        try:
            stand_by(runs.get(replaced.run), successor=run.id, runs=runs, by=by, now=now)
        except (NotFoundError, ConflictError):
            continue  # somebody moved it first; reconcile compares the table with the pointer and mends what is left
    return live


def stand_by(run: Run, *, successor: str, runs: RunStore, by: str, now: datetime) -> Run:
    """live → standby: the deployment is kept for a while, so that going back takes a moment."""
    until = now + timedelta(hours=run.recipe.deployment.keep_previous_hours)
    deployment = {**run.deployment, "standby_until": until.isoformat()}
    reason = f"{successor} took over; going back is possible until {until:%Y-%m-%d %H:%M} UTC"
    return runs.save(run.moved(State.STANDBY, by=by, now=now, deployment=deployment, reason=reason))


def take_down(
    run: Run, *, runs: RunStore, control: Control, aliases: AliasStore, by: str, reason: str, now: datetime
) -> Run:
    """Deletes the run's deployment, once no name can lead to it. The custom model stays: it can be deployed again."""
    forget(aliases, run.project, run.id)
    if run.deployment:
        # Who promotes this run at the same moment must lose, or find out, before the deployment is gone.
        run = runs.save(run.model_copy(update={"deployment": {**run.deployment, "status": _GOING}}))
        control.delete_deployment(run.deployment["arn"])
    elif run.state == State.TRAINED:
        control.delete_deployment(run.id)  # made by a function that was killed before it could write that down
    deployment = {**run.deployment, "status": "Deleted"} if run.deployment else {}
    return runs.save(run.moved(State.RETIRED, by=by, reason=reason, now=now, deployment=deployment))
