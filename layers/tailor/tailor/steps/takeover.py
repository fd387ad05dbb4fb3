"""Measure a version in the model units of the live one, where the account has no room for a second set.

The live version is paused first, and the name says so. Then its units serve the new model
(UpdateProvisionedModelThroughput), and the new version is measured in them. It goes live and keeps them, or gives them
back: the paused version takes them again (:func:`tailor.steps.pausing.look_at_paused`), and is live as before.

Each step is written down before the next one, and each can be repeated. Model units that are lent belong to the newer
version as long as it holds them, otherwise to the version that lent them.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tailor import catalog
from tailor.errors import ConflictError, InvalidInputError, NotFoundError, QuotaError
from tailor.run_records import DeploymentStatus
from tailor.runs import Run, RunStore, State, find
from tailor.serving.aliases import Alias, Offline, end_service
from tailor.steps.ownership import OwnControl
from tailor.steps.services import RunServices

BY = "provision"
ENDING = timedelta(days=1)
"""Committed model units that end within this time are left alone."""
_ABOUT_TO_TAKE = frozenset({State.TRAINED, State.RESTORING})
_MEASURED = frozenset({State.DEPLOYED, State.EVALUATING})


def lender_of(run: Run, services: RunServices) -> Run | None:
    """Return the paused version whose model units a run takes over or has, or None if no name says so."""
    paused = services.aliases.alias(run.project).paused
    if paused is None or paused.measured != run.id:
        return None
    lender = find(services.runs, paused.run)
    return lender if lender and (lender.state == State.LIVE or is_lent(lender, run)) else None


def has_lent_units(run: Run, services: RunServices) -> bool:
    """Return whether the name says that the live version's model units are this run's for now."""
    paused = services.aliases.alias(run.project).paused
    return paused is not None and paused.measured == run.id


def is_lent(lender: Run, to: Run) -> bool:
    """Return whether a version is paused because its model units were lent to this run."""
    deployment = lender.deployment
    return (
        lender.state == State.PAUSED
        and deployment is not None
        and (deployment.status, deployment.taken_by) == (DeploymentStatus.LENT, to.id)
    )


def make(run: Run, name: str, services: RunServices, *, tags: dict[str, str], now: datetime) -> dict[str, Any]:
    """Create a deployment, or take model units over that are there; return what a record says of it.

    Raises:
        QuotaError: there is room for neither.
        InvalidInputError: it would buy a commitment that nobody approved.
        ConflictError: another run of the project takes the same units just now.
    """
    lender = lender_with_units(run, services, now)
    if lender is None and (free := unused_units(run, services, now)):
        services.control.repoint_units(free, run.model_arn, name)  # refused if another run was quicker
        return {"arn": free}
    if lender is None and has_committed(run, services, now):
        lender = lend(run, services, now)  # nobody wants to pay a second commitment beside that one
        if lender is None:
            raise QuotaError("the live version has the project's committed model units, and can't be paused now")
    if lender is None:
        try:
            return {"arn": _create(run, name, services, tags)}
        except QuotaError:
            lender = lend(run, services, now)
            if lender is None:
                raise
    repoint(lender.deployment_arn, run, name, services)
    return {"arn": lender.deployment_arn, "taken_from": lender.id}


def _create(run: Run, name: str, services: RunServices, tags: dict[str, str]) -> str:
    wanted = run.recipe.deployment
    if wanted.commitment and run.state == State.RESTORING:
        raise InvalidInputError("its commitment is over, and only the approval of a new run buys another one")
    create = partial(services.control.create_deployment, name, run.model_arn, tags=tags)
    return create(kind=wanted.kind, units=wanted.units, commitment=wanted.commitment)


def unused_units(run: Run, services: RunServices, now: datetime) -> str | None:
    """Return the ARN of committed model units of the project that no run has: they are paid for already."""
    control, wanted = services.control, run.recipe.deployment
    if wanted.kind != "provisioned" or not isinstance(control, OwnControl):
        return None
    bound = [each for each in control.list_deployments("provisioned") if _lasts(each, run, now)]
    if not bound:
        return None
    had = {other.deployment.arn for other in services.runs.open_runs() if other.deployment}
    for each in bound:
        tags = control.own_tags(str(each["arn"])) if each["arn"] not in had else None
        if tags is not None and tags.get("project") == run.project:
            return str(each["arn"])
    return None


def _lasts(each: Mapping[str, Any], run: Run, now: datetime) -> bool:
    """Return whether model units are committed for a while yet, and can serve a run's model."""
    until, base = each.get("commitmentExpirationTime"), catalog.model_of_arn(str(each.get("foundationModelArn", "")))
    fits = base is not None and base.name == run.recipe.model and each["modelUnits"] == run.recipe.deployment.units
    return fits and until is not None and until - now > ENDING


def has_committed(run: Run, services: RunServices, now: datetime) -> bool:
    """Return whether a run would buy a commitment while the live version has one that could serve it."""
    live = services.aliases.alias(run.project).live
    lender = find(services.runs, live.run) if live and run.recipe.deployment.commitment else None
    if lender is None or lender.deployment is None or lender.recipe.deployment.commitment is None:
        return False
    ends = lender.deployment.ends_at
    return _fits(lender, run) and ends is not None and ends > now


def repoint(arn: str, run: Run, name: str, services: RunServices) -> None:
    """Have model units serve a run's model, if they can now; who follows the deployment has it done again."""
    with suppress(ConflictError, NotFoundError):  # an earlier update lasts, or somebody has just deleted them
        services.control.repoint_units(arn, run.model_arn, name)


def lend(run: Run, services: RunServices, now: datetime) -> Run | None:
    """Pause the live version so that its model units can measure a run; None if they can't or may not.

    Nobody else must be measured against the live version at this moment: it can't be asked any more.
    """
    live = services.aliases.alias(run.project).live
    lender = find(services.runs, live.run) if live else None
    if lender is None or not _fits(lender, run) or _somebody_is_measured(run, services.runs):
        return None
    reason = f"the account has no room for more model units: those of this version measure {run.id}"
    ended = end_service(
        services.aliases, run.project, lender.id, BY, reason, now=now, returns="verdict", measured=run.id
    )
    return lend_out(lender, ended.paused, services.runs, now) if ended.paused else None


def lend_out(lender: Run, paused: Offline, runs: RunStore, now: datetime) -> Run:
    """live → paused, as the name says: note who has the model units from now on. They are not deleted."""
    if lender.deployment is None:
        raise NotFoundError(f"run {lender.id} has no model units to lend")
    marks = {"status": DeploymentStatus.LENT, "taken_by": paused.measured}
    lent = lender.deployment.model_copy(update=marks)
    return runs.save(lender.moved(State.PAUSED, by=paused.by, reason=paused.reason, now=now, deployment=lent))


def lender_with_units(run: Run, services: RunServices, now: datetime) -> Run | None:
    """Return the version that lends its model units to a run, after finishing what was cut short; None if none does."""
    lender, paused = lender_of(run, services), services.aliases.alias(run.project).paused
    if lender is None or paused is None:
        return None
    if lender.state == State.LIVE:
        lender = lend_out(lender, paused, services.runs, now)
    try:
        services.control.get_deployment(lender.deployment_arn)
    except NotFoundError:
        return None  # deleted by hand, or at a closing: there is room now
    return lender


def holds(run: Run | None, arn: str) -> bool:
    """Return whether an open run has these model units, lent ones too, and does not give them up."""
    deployment = run.deployment if run and run.is_open else None
    return deployment is not None and deployment.arn == arn and deployment.status != DeploymentStatus.DELETING


def needs(borrower: Run | None, arn: str) -> bool:
    """Return whether a run has model units that were lent to it, or is about to take them."""
    if borrower is None or borrower.deployment is not None:
        return holds(borrower, arn)
    return borrower.state in _ABOUT_TO_TAKE and borrower.stall is None


def release(run: Run, services: RunServices) -> None:
    """Delete what serves a run, but not model units that another version has, or that go back to one.

    Of two versions that give them up at the same moment each has written that down first, so that one of them deletes.

    Raises:
        ConflictError: it is still being made.
    """
    deployment = run.deployment
    if deployment is None:
        return
    if deployment.taken_by and needs(find(services.runs, deployment.taken_by), deployment.arn):
        return
    if not (deployment.taken_from and holds(find(services.runs, deployment.taken_from), deployment.arn)):
        services.control.delete_deployment(deployment.arn)


def serves_another(run: Run, answer: Mapping[str, Any]) -> bool:
    """Return whether model units answer with a model that is not the run's: until they are updated, or by hand."""
    provisioned = run.deployment is not None and run.deployment.kind == "provisioned"
    return provisioned and run.job is not None and answer.get("modelArn", run.job.model_arn) != run.job.model_arn


def taken_over_from(alias: Alias, to: str | None, runs: RunStore) -> Run | None:
    """Return the version whose model units the live one took over, if there is no other to go back to than that one."""
    live = find(runs, alias.live.run) if alias.live else None
    lender = live.deployment.taken_from if live and live.deployment else None
    if lender is None or to not in (None, lender):
        return None
    earlier = find(runs, lender)
    others = alias.find(lender) or (to is None and any(each.rolled_back is None for each in alias.previous))
    return earlier if earlier and earlier.state == State.RETIRED and not others else None


def _fits(lender: Run, run: Run) -> bool:
    """Return whether the live version's model units can serve a run, and one of the two recipes allows it."""
    wanted, given = run.recipe.deployment, lender.recipe.deployment
    return (
        lender.state == State.LIVE
        and lender.id != run.id
        and lender.deployment is not None
        and (wanted.take_over or given.take_over or (wanted.commitment is not None and given.commitment is not None))
        and (wanted.kind, wanted.units) == (given.kind, given.units) == ("provisioned", wanted.units)
        and run.recipe.model == lender.recipe.model
    )


def _somebody_is_measured(run: Run, runs: RunStore) -> bool:
    """Return whether another run is, or was, compared with the live version and is about to go live."""
    return any(
        other.state in _MEASURED or (other.state == State.PASSED and not waits_for_a_person(other))
        for other in runs.open_runs()
        if other.project == run.project and other.id != run.id
    )


def waits_for_a_person(run: Run) -> bool:
    """Return whether a run has passed and does not go live by itself."""
    promoted = run.recipe.deployment.promote or run.evaluation.opened_by is not None
    return run.state == State.PASSED and not promoted
