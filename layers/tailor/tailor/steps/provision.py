"""trained → deploying; verdicts → live or retired; restoring → live: create and delete deployments."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Literal

from tailor import catalog
from tailor.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError, QuotaError
from tailor.evaluation.sizes import ROUNDS
from tailor.run_records import DeploymentRecord, DeploymentStatus
from tailor.runs import MOVES, Run, RunStore, State, find, insist
from tailor.serving.aliases import Guardrail, Offline, RolledBack, Version, forget, withdraw
from tailor.serving.aliases import promote as move_pointer
from tailor.serving.media import rules_for
from tailor.steps.control import Control
from tailor.steps.services import RunServices
from tailor.steps.takeover import has_lent_units, make, release, repoint, serves_another, waits_for_a_person
from tailor.training.translate import explain, explain_deployment, is_transient

BY = "provision"
RESTORED_BY = "reconcile"  # which deploys a live version again whose deployment is gone
RETRIES = 2  # of a deployment that failed for a transient reason; a deployment costs nothing while it is made
CLOSED = "closed"
"""Phase of a run that waits until its recipe's schedule opens again."""
_BEING_MADE = frozenset({State.DEPLOYING, State.RESTORING})
SERVING = frozenset({State.LIVE, State.STANDBY})  # a project's name leads to it, or may again
_NOT_PASSED = frozenset({State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED})


def provision(run_id: str, services: RunServices, *, tags: dict[str, str], now: datetime) -> Run | None:
    """Return the run after the next step of its deployment, or None if there is nothing to do."""
    run = find(services.runs, run_id)
    if run is None:
        return None
    if run.state == State.TRAINED or (run.state == State.RESTORING and run.deployment is None):
        return deploy(run, services, tags=tags, now=now)
    if not run.is_open:
        _clear(run, deployment_names(run), services)
        return None
    if run.state == State.PASSED and is_going(run):
        reason = "its retirement was cut short, and is finished"
        return take_down(run, services, by=BY, reason=reason, now=now)
    if run.state == State.PASSED and not waits_for_a_person(run):
        alias = services.aliases.alias(run.project)
        if alias.decided_offline:
            reason = _because(run, alias.decided_offline)
            return take_down(run, services, by=BY, reason=reason, now=now)
        if is_sealed(run):
            return open_sealed(run, services, by=BY, reason="it passed on the open rows", now=now)
        if _measured_against(alias.live, run):
            return promote(run, services, by=run.evaluation.opened_by or BY, now=now, instead_of=alias.live)
        return _measure_again(run, alias.live, runs=services.runs, now=now)
    if run.state in _NOT_PASSED:
        return take_down(run, services, by=BY, reason=f"the verdict is {run.state}", now=now)
    return None


def _because(run: Run, offline: Offline) -> str:
    return f"{run.project} is offline: {offline.by} took it off ({offline.reason})"


def is_sealed(run: Run) -> bool:
    """Return whether sealed held-out rows exist, which decide on the promotion."""
    return run.recipe.evaluation.sealed > 0 and run.evaluation.opened_by is None


def open_sealed(run: Run, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """Move a passed run to evaluating, on its sealed rows; it goes live if it passes there too."""
    reason = f"{reason}: the sealed rows are opened, and decide whether it goes live"
    evaluation = run.evaluation.opened(by)
    return services.runs.save(run.moved(State.EVALUATING, by=by, reason=reason, now=now, evaluation=evaluation))


def _measured_against(live: Version | None, run: Run) -> bool:
    """Return whether the verdict compared the run with the version that is live now."""
    return live is None or live.run == run.id or live.deployment == run.evaluation.live


def _measure_again(run: Run, live: Version | None, *, runs: RunStore, now: datetime) -> Run:
    """Move a passed run to evaluating against the version that went live in the meantime; only that one is asked."""
    measured = run.evaluation.round
    what = f"it passed, but {live.run if live else 'another version'} went live meanwhile"
    if measured >= ROUNDS:
        reason = f"{what}, as after {measured - 1} verdicts before: the two were not compared"
        return runs.save(run.moved(State.INCONCLUSIVE, by=BY, reason=reason, now=now))
    reason = f"{what}: it is measured again, with that version"
    evaluation = run.evaluation.next_round()
    return runs.save(run.moved(State.EVALUATING, by=BY, reason=reason, now=now, evaluation=evaluation))


def is_going(run: Run) -> bool:
    status = run.deployment.status if run.deployment else None
    return run.state == State.RETIRED or status == DeploymentStatus.DELETING


def deployment_names(run: Run) -> list[str]:
    """Return the names of all of a run's deployments, the current one last; Bedrock does not accept a name again."""
    attempts = sum(state in {State.TRAINED, State.RESTORING} for state in run.states)
    return [run.id, *(f"{run.id}-{place}" for place in range(2, attempts + 1))]


def _clear(run: Run, names: list[str], services: RunServices) -> None:
    """Delete deployments that were created while their run was retired. Raises ConflictError if one can't be yet.

    Model units that were lent to the run have its name too, and are not its own.
    """
    if names and not has_lent_units(run, services):
        for name in names:
            services.control.delete_deployment(name, run.recipe.deployment.kind)


def deploy(run: Run, services: RunServices, *, tags: dict[str, str], now: datetime) -> Run | None:
    """Create a deployment of the trained model and return the run; None if it waits, which is recorded.

    The run waits while Bedrock still makes the model, or while the account has no room for a deployment. One on demand
    is paid per token and costs nothing while idle; provisioned model units bill from here on until their end.
    Where there is no room for more, the recipe may have the live version's taken over (:mod:`tailor.steps.takeover`).
    """
    runs, control, wanted = services.runs, services.control, run.recipe.deployment
    ends_at = wanted.ends_at(_approved_at(run, now)) if wanted.kind == "provisioned" else None
    if ends_at is not None and ends_at <= now:
        reason = f"the end of its model units, {ends_at:%Y-%m-%d %H:%M} UTC, had passed when they were to be made"
        return _given_up(run, services, by=BY, reason=reason, now=now)
    *earlier, name = deployment_names(run)
    _clear(run, earlier, services)
    if not wanted.is_open(now):
        closed = run.held_up("wait", CLOSED, "Its model units are made at the next opening of its schedule", now)
        return runs.save(closed) if closed else None
    try:
        model = control.get_model(run.model_arn)
        if model.get("modelStatus", "Active") != "Active":
            return _wait_for_model(run, model, services, now=now)
        made = make(run, name, services, tags=tags | {"run": run.id, "project": run.project}, now=now)
    except QuotaError as error:
        since = run.stall.since if run.stall and run.stall.phase == "room" else None
        level = _level(since, run, now)  # a run that waits for room is not given up
        why = explain(error.message)
        waiting = run.held_up("warn" if level == "stuck" else level, "room", why, now)
        return runs.save(waiting) if waiting else None
    except (InvalidInputError, NotAllowedError, NotFoundError) as error:
        return _given_up(run, services, by=BY, reason=explain_deployment(error.message), now=now)
    made |= {"kind": wanted.kind, "status": DeploymentStatus.CREATING, "created_at": now}
    deployment = DeploymentRecord.model_validate(made | ({"ends_at": ends_at} if ends_at else {}))
    try:
        if run.state == State.RESTORING:
            return runs.save(run.updated(deployment=deployment, stall=None))
        lender = deployment.taken_from
        reason = f"it is measured in the model units of {lender}, not against it" if lender else ""
        return runs.save(run.moved(State.DEPLOYING, by=BY, reason=reason, now=now, deployment=deployment))
    except ConflictError:
        found = runs.get(run.id)
        if not deployment.taken_from and (not found.is_open or deployment_names(found)[-1] != name):
            control.delete_deployment(deployment.arn)  # the run was retired since: nobody else knows of its deployment
        raise


def _approved_at(run: Run, now: datetime) -> datetime:
    """Return when a version's approved hours began; an automatic restore does not extend them."""
    made = [at for at, change in enumerate(run.history) if change.state in {State.TRAINED, State.RESTORING}]
    decided = [at for at in made if at == made[0] or run.history[at].by != RESTORED_BY][-1]
    if decided == len(run.history) - 1:
        return now
    return next((change.at for change in run.history[decided:] if change.state in _BEING_MADE), now)


def _given_up(run: Run, services: RunServices, *, by: str, reason: str, now: datetime, **updates: Any) -> Run:
    """Move a run to deploy-failed; a version that should return from its pause no longer does."""
    paused = services.aliases.alias(run.project).paused if run.state == State.RESTORING else None
    if paused and paused.run == run.id:
        forget(services.aliases, run.project, run.id)
    return services.runs.save(run.moved(State.DEPLOY_FAILED, by=by, reason=reason, now=now, **updates))


def _wait_for_model(run: Run, model: Mapping[str, Any], services: RunServices, *, now: datetime) -> Run | None:
    """Record that the model is not active yet, or end the run if Bedrock failed or took too long.

    Returns None if it was recorded before. A model usually becomes active within minutes. A run that ended here can be
    tried again without another training.
    """
    if model["modelStatus"] == "Failed":
        reason = f"Bedrock could not make the custom model. {explain_deployment(model.get('failureMessage', ''))}"
        return _given_up(run, services, by=BY, reason=reason, now=now)
    level, most = _level(run.history[-1].at, run, now), run.recipe.patience.deploying_hours
    if level == "stuck" and run.recipe.patience.stop:
        reason = f"The custom model was not active {most:g} hours after its training; it usually takes minutes"
        return _given_up(run, services, by=BY, reason=reason, now=now)
    message = "Bedrock is still making the custom model, and can deploy it only once it is active"
    if level != "wait":
        hours = most if level == "stuck" else most / 2
        message = f"The custom model is not active after {hours:g} hours; it usually takes minutes"
    noted = run.held_up(level, "model", message, now)
    return services.runs.save(noted) if noted else None


def _level(since: datetime | None, run: Run, now: datetime) -> Literal["wait", "warn", "stuck"]:
    """Return how late a deployment is, measured by the recipe's patience."""
    hours = (now - since).total_seconds() / 3600 if since else 0
    if hours >= run.recipe.patience.deploying_hours:
        return "stuck"
    return "warn" if hours >= run.recipe.patience.deploying_hours / 2 else "wait"


def _watch_deployment(run: Run, services: RunServices, *, by: str, now: datetime) -> Run | None:
    """Record that a deployment takes too long, and delete it when the recipe's patience ends; None if nothing changed.

    Bedrock may refuse to delete what it is still creating.
    """
    created_at = run.deployment.created_at if run.deployment else None
    level, most = _level(created_at, run, now), run.recipe.patience.deploying_hours
    if level == "wait":
        return None
    message = f"The deployment is still being made after {most / 2:g} hours; it usually takes minutes"
    if level == "stuck":
        message = f"The deployment did not become active within {most:g} hours"
        if run.recipe.patience.stop:
            with suppress(ConflictError):  # Bedrock may refuse to delete what it still makes
                release(run, services)
                return _given_up(run, services, by=by, now=now, reason=message)
    noted = run.held_up(level, "deploying", message, now)
    return services.runs.save(noted) if noted else None


def follow_deployment(run: Run, services: RunServices, *, by: str, now: datetime) -> Run | None:
    """Return a deploying or restoring run, moved by its deployment's status; None if nothing changed.

    deploying → deployed | trained (one more attempt) | deploy-failed; restoring → live | deploy-failed.
    Deployments send no events, so reconcile asks. A deployment that was retired while Bedrock created it is deleted
    now.
    """
    runs, control = services.runs, services.control
    known = run.deployment
    if known is None:
        raise NotFoundError(f"run {run.id} has no deployment to follow")
    answer = _asked(known.arn, control)
    status = answer["status"]
    if is_going(run):
        if status == DeploymentStatus.CREATING:
            return None
        person, why = known.retired_by or by, known.retired_why or ""
        return take_down(run, services, by=person, reason=why, now=now)
    bound = answer.get("commitmentExpirationTime")
    deployment = known.model_copy(update={"status": status, **({"ends_at": bound} if bound else {})})
    if status == DeploymentStatus.ACTIVE and serves_another(run, answer):
        repoint(known.arn, run, deployment_names(run)[-1], services)
        return _watch_deployment(run, services, by=by, now=now)
    if status == DeploymentStatus.ACTIVE and run.state == State.RESTORING:
        asked, alias = run.history[-1], services.aliases.alias(run.project)  # asked by the person who wants it back
        run = run.updated(deployment=deployment)
        if alias.offline and alias.offline.at > asked.at and alias.offline.measured != run.id:
            reason = _because(run, alias.offline)
            return take_down(run, services, by=by, reason=reason, now=now)
        if asked.by == RESTORED_BY and alias.live and alias.live.run != run.id:
            reason = f"{alias.live.run} went live while this version was deployed again"
            return take_down(run, services, by=by, reason=reason, now=now)
        reason = "it answers again, from a new deployment" if asked.by == RESTORED_BY else asked.reason
        return promote(run, services, by=asked.by, now=now, reason=reason, instead_of=alias.live)
    if status == DeploymentStatus.ACTIVE:
        return runs.save(run.moved(State.DEPLOYED, by=by, now=now, deployment=deployment))
    if status == DeploymentStatus.FAILED:
        message = answer.get("failureMessage", "")
        reason = explain_deployment(message)
        if run.state == State.DEPLOYING and is_transient(message) and _attempts(run) <= RETRIES:
            # The next attempt takes this deployment away: a function that is killed in between must find it here.
            again = f"the deployment failed, and is tried again by itself. {reason}"
            return runs.save(run.moved(State.TRAINED, by=by, now=now, deployment=None, reason=again))
        release(run, services)
        return _given_up(run, services, by=by, now=now, reason=reason, deployment=deployment)
    if status == DeploymentStatus.GONE:
        reason = "the deployment failed, or somebody deleted it, before it became active"
        return _given_up(run, services, by=by, now=now, reason=reason)
    return _watch_deployment(run, services, by=by, now=now)


def _asked(arn: str, control: Control) -> dict[str, Any]:
    try:
        return control.get_deployment(arn)
    except NotFoundError:
        # Deleted by hand, or by who follows it just before that function was killed.
        return {"status": DeploymentStatus.GONE}


def _attempts(run: Run) -> int:
    """Return how often the run was deployed since it last became deploy-failed."""
    states = run.states
    given_up = max((at for at, state in enumerate(states) if state == State.DEPLOY_FAILED), default=0)
    return states[given_up:].count(State.DEPLOYING)


def promote(
    run: Run,
    services: RunServices,
    *,
    by: str,
    now: datetime,
    reason: str = "",
    instead_of: Version | None = None,
) -> Run:
    """Point the project's name at this run, then move the run to live; the previous version moves to standby.

    Args:
        instead_of: the live version that the caller saw.

    Raises:
        ConflictError: another version is live, or the run is being retired.
    """
    if is_going(run):
        raise ConflictError(
            f"run {run.id} is being retired: it can't go live now",
            hint="promote it again once it is retired: then it is deployed anew",
        )
    runs, aliases = services.runs, services.aliases
    version = version_of(run)
    alias = move_pointer(aliases, run.project, version, instead_of.run if instead_of else None, by, now=now)
    try:
        live = runs.save(run.moved(State.LIVE, by=by, now=now, reason=reason))
    except ConflictError:
        found = runs.get(run.id)
        if is_going(found) or State.LIVE not in {found.state, *MOVES[found.state]}:
            # It was retired since, and its deployment will be gone, or is being measured again.
            insist(lambda: withdraw(aliases, run.project, run.id))
        raise
    for replaced in alias.previous[:1]:
        try:
            stand_by(runs.get(replaced.run), successor=run.id, runs=runs, by=by, now=now)
        except (NotFoundError, ConflictError):
            continue  # somebody moved it first; reconcile compares the table with the pointer and mends what is left
    return live


def version_of(run: Run) -> Version:
    """Return a run's model in the form that requests need."""
    guardrail, fallback = run.recipe.guardrail, run.recipe.deployment.fallback
    return Version(
        run=run.id,
        deployment=run.deployment_arn,
        model=run.recipe.model,
        system=run.report.system,
        media=rules_for(run.recipe.model, run.recipe.method),
        guardrail=Guardrail(id=guardrail.id, version=guardrail.version) if guardrail else None,
        fallback=None if fallback == "none" else fallback,
        base=catalog.model(run.recipe.model).invoked_in(run.deployment_arn.split(":")[3]),
    )


def stand_by(
    run: Run, *, successor: str, runs: RunStore, by: str, now: datetime, back: RolledBack | None = None
) -> Run:
    """live → standby: keep the deployment for some hours, so that a rollback is immediate.

    ``back`` is set if a person went back from this version.
    """
    until = now + timedelta(hours=run.recipe.deployment.standby_hours)
    deployment = run.deployment and run.deployment.model_copy(update={"standby_until": until})
    kept = f"{until:%Y-%m-%d %H:%M} UTC"
    reason = f"{successor} took over; going back is possible until {kept}"
    if back:
        reason = (
            f"{back.by} rolled back from it to {back.to}; until {kept} it can be chosen by name: "
            f"tailor rollback {run.project} --to {run.id}"
        )
    return runs.save(run.moved(State.STANDBY, by=by, now=now, deployment=deployment, reason=reason))


def take_down(run: Run, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """Delete the run's deployment once no name leads to it, and retire the run. Does nothing for a retired run.

    The custom model is kept and can be deployed again. A deployment that is being created can't be deleted yet: the run
    keeps its state, and :func:`follow_deployment` ends it.
    """
    if run.state == State.RETIRED:
        return run
    runs = services.runs
    alias = forget(services.aliases, run.project, run.id)
    if run.state == State.LIVE and not alias.offline:
        raise ConflictError(f"run {run.id} has just been replaced", hint="try again in a minute: it stands by then")
    if run.deployment is not None:
        # Who promotes this run at the same moment must lose, or find out, before the deployment is gone.
        marks = {"status": DeploymentStatus.DELETING, "retired_by": by, "retired_why": reason}
        run = runs.save(run.updated(deployment=run.deployment.model_copy(update=marks)))
        try:
            release(run, services)
        except ConflictError:
            if run.state not in _BEING_MADE:
                raise
            return run
    elif run.state in {State.TRAINED, State.RESTORING}:
        _clear(run, deployment_names(run), services)  # of a function that was killed before it could write that down
    deployment = run.deployment and run.deployment.model_copy(update={"status": DeploymentStatus.DELETED})
    return runs.save(run.moved(State.RETIRED, by=by, reason=reason, now=now, deployment=deployment))
