"""Commands by which a person moves a run. The run's history records who and why.

Functions and other people move runs too. So each command acts on the run as it is now, not as the caller read it. If
another writer was first, it reads and decides again: what is still allowed is done, and otherwise the error says in
which state the run is now.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Concatenate

from tailor.errors import ConflictError, InvalidInputError, NotFoundError, NotOursError
from tailor.recipe_serving import Commitment
from tailor.runs import MOVES, Run, RunStore, State, insist
from tailor.serving.aliases import Alias, Offline, Version, rolled_back
from tailor.serving.aliases import rollback as move_pointer_back
from tailor.serving.aliases import take_offline as point_nowhere
from tailor.steps.again import ENDED_WITHOUT_MODEL, again
from tailor.steps.models import check_model
from tailor.steps.provision import SERVING, is_going, is_sealed, open_sealed, promote, stand_by, take_down
from tailor.steps.services import RunServices
from tailor.steps.takeover import taken_over_from
from tailor.steps.trainers import stop_unnoted
from tailor.storage import Storage
from tailor.training.approval import commitment_of

_NOT_SUBMITTED = frozenset({State.RECEIVED, State.PREPARING, State.PREPARED, State.APPROVED})
_NOT_MEASURED = frozenset({State.TRAINED, State.DEPLOYING, State.DEPLOYED, State.EVALUATING, State.RESTORING})
_STOPPABLE = _NOT_SUBMITTED | {State.TRAINING} | _NOT_MEASURED
_REDEPLOYABLE = frozenset({State.RETIRED, State.DEPLOY_FAILED, State.PAUSED})
_PROMOTABLE = frozenset(
    {State.DEPLOYED, State.PASSED, State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED, State.STANDBY}
)


def actions(run: Run) -> list[str]:
    """Return what a person can do with a run in this state: approve, decline, retry, stop, retire, promote.

    A retry may still be refused, where the run's folder has changed since.
    """
    state = run.state
    stops = state in _STOPPABLE
    retires = stops or (State.RETIRED in MOVES[state] and state != State.LIVE)
    possible = {
        "approve": state == State.AWAITING_APPROVAL,
        "decline": state == State.AWAITING_APPROVAL,
        "retry": state in ENDED_WITHOUT_MODEL | {State.DEPLOY_FAILED},
        "stop": stops and not is_going(run),
        "retire": retires and not is_going(run),
        "promote": state in _REDEPLOYABLE | _PROMOTABLE,
    }
    return [name for name, can in possible.items() if can]


def on_current_run[S: RunStore | RunServices, **P](
    act: Callable[Concatenate[Run, S, P], Run],
) -> Callable[Concatenate[Run, S, P], Run]:
    """Make a command read the run again before each try. Its second parameter stores runs."""

    @wraps(act)
    def insisting(run: Run, services: S, /, *args: P.args, **kwargs: P.kwargs) -> Run:
        runs = services.runs if isinstance(services, RunServices) else services
        return insist(lambda: act(runs.get(run.id), services, *args, **kwargs))

    return insisting


@on_current_run
def approve(
    run: Run, runs: RunStore, *, by: str, reason: str, now: datetime, commitment: Commitment | None = None
) -> Run:
    """awaiting-approval → approved.

    Args:
        commitment: the recipe's, named by the person who approves: nobody buys one by a click.

    Raises:
        ConflictError: the run does not await approval, the time is over, or its dataset was uploaded again since:
            nobody should pay for data that were replaced.
    """
    _must_wait(run)
    if newer := _successor(run, runs):
        message = (
            f"{run.project}/{run.dataset} was uploaded again: run {newer.id} has the new content, and is {newer.state}"
        )
        raise ConflictError(message, hint=f"approve that one; tailor decline {run.id} ends this one")
    if run.answer_by < now:
        until = run.answer_by.isoformat()
        raise ConflictError(
            f"run {run.id} waited for approval until {until}: it is declined", hint=f"tailor retry {run.id}"
        )
    if wanted := run.recipe.deployment.commitment:
        bought = commitment_of(run.quote, run.recipe)
        if commitment != wanted:
            raise ConflictError(
                f"approving run {run.id} buys {bought}, which nobody can undo",
                hint=f"name the commitment: tailor approve {run.id} --commitment {wanted}",
            )
        reason = f"{reason}. It buys {bought}".removeprefix(". ")
    return runs.save(run.moved(State.APPROVED, by=by, reason=reason, now=now))


@on_current_run
def decline(run: Run, runs: RunStore, *, by: str, reason: str, now: datetime) -> Run:
    """awaiting-approval → declined. Raises ConflictError if the run does not await approval."""
    _must_wait(run)
    return runs.save(run.moved(State.DECLINED, by=by, reason=reason, now=now))


@on_current_run
def stop(run: Run, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """End a run before its verdict; see :func:`end`. Raises ConflictError if it has a verdict or has ended."""
    if run.state not in _STOPPABLE and not _ends(run, by, reason):
        hint = f"tailor retire {run.id} takes it down" if State.RETIRED in MOVES[run.state] else ""
        if run.state == State.LIVE:
            offline = f"tailor offline {run.project} --reason WHY"
            hint = f"roll back to another version, or promote one; {offline} ends the project's service"
        raise ConflictError(f"run {run.id} is {run.state}: there is nothing to stop", hint=hint)
    return end(run, services, by=by, reason=reason, now=now)


@on_current_run
def retire(run: Run, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """End a run, with or without a verdict; see :func:`end`. Raises ConflictError for a live version."""
    return end(run, services, by=by, reason=reason, now=now)


def end(run: Run, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """End a run in any state: before its job, during training, or with a deployment. Its model is kept.

    A job takes a while to stop: Bedrock's answer moves the run. An evaluation sees that the run ended and asks no
    more. A deployment that is being created is deleted once it exists.
    """
    runs = services.runs
    if run.state in _NOT_SUBMITTED:
        stopped = runs.save(run.moved(State.STOPPED, by=by, reason=reason, now=now))
        with suppress(NotFoundError, NotOursError, InvalidInputError):
            # A job may be there already, of a function that was killed before it could write that down.
            stop_unnoted(run, services.trainers)
        return stopped
    if run.state == State.TRAINING:
        arn, marks = run.job_arn, {"stop_asked_by": by, "stop_reason": reason}
        stopping = runs.save(run.updated(job=run.job and run.job.model_copy(update=marks)))
        services.trainers.of(run).stop_job(arn)
        return stopping
    return take_down(run, services, by=by, reason=reason, now=now)


@on_current_run
def retry(run: Run, runs: RunStore, *, bucket: Storage, by: str, reason: str, now: datetime) -> Run:
    """Retry an ended run; see :mod:`tailor.steps.again`. Raises ConflictError if it has not ended."""
    return runs.save(again(run, bucket, runs, by=by, reason=reason, now=now))


@on_current_run
def promote_by_hand(run: Run, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """Make a version live regardless of its verdict. A retired one is deployed again first (``restoring``).

    One that passed on the open rows alone is measured on the sealed ones first (``evaluating``), which decide.

    Raises:
        InvalidInputError: there is no reason.
        ConflictError: there is no model or no verdict yet.
    """
    if not reason.strip():
        raise InvalidInputError("a version that people put live needs a reason", hint="the run's history keeps it")
    check_model(run)
    if run.state in _REDEPLOYABLE:
        return services.runs.save(run.moved(State.RESTORING, by=by, reason=reason, now=now, deployment=None))
    if run.state not in _PROMOTABLE:
        if run.state == State.LIVE:
            raise ConflictError(f"run {run.id} is live already")
        hint = "wait for its verdict" if run.state == State.EVALUATING else ""
        message = f"run {run.id} is {run.state}: only a version that is or was deployed can go live"
        raise ConflictError(message, hint=hint)
    if run.state == State.PASSED and is_sealed(run):
        return open_sealed(run, services, by=by, reason=reason, now=now)
    live = services.aliases.alias(run.project).live
    return promote(run, services, by=by, now=now, reason=reason, instead_of=live)


def roll_back(project: str, services: RunServices, *, to: str | None, by: str, reason: str, now: datetime) -> Run:
    """Point the project's name at the previous version, or at the run ``to``; return the run that is live now.

    A version that was rolled back from is marked, and previous only to who names it. Where the live version took over
    the model units of the one before, that one is restoring, and live once they serve it again.

    Raises:
        NotFoundError: there is no such version any more.
    """

    runs, aliases = services.runs, services.aliases

    def point_back() -> tuple[Version | None, Alias]:
        return aliases.alias(project).live, move_pointer_back(aliases, project, by, to=to, now=now)

    def put_live(run: Run) -> Run:
        if run.state == State.LIVE:
            return run
        return runs.save(run.moved(State.LIVE, by=by, reason=reason or "rolled back", now=now))

    def follow(run: Run, live: Version) -> None:
        if run.state == State.LIVE:
            stand_by(run, successor=live.run, runs=runs, by=by, now=now, back=rolled_back(alias, run.id))

    if taken := taken_over_from(aliases.alias(project), to, runs):
        return promote_by_hand(taken, services, by=by, reason=reason or "rolled back", now=now)
    # Step by step, because a pointer that has moved back once would move back further.
    was, alias = insist(point_back)
    live = alias.live
    if live is None:
        raise ConflictError(f"{project} has no live version")
    run = insist(lambda: put_live(runs.get(live.run)))
    if was is not None and was.run != live.run:
        insist(lambda: follow(runs.get(was.run), live))
    return run


def take_offline(
    project: str, services: RunServices, *, by: str, reason: str, now: datetime
) -> tuple[Offline, list[Run]]:
    """End a project's service: its name leads nowhere, and all of its versions are retired.

    A version that a person promotes later brings the project back. A repeated call finishes what was cut short, and so
    does reconcile.

    Returns:
        The decision that holds, which may be an earlier one, and the runs that ended now.

    Raises:
        InvalidInputError: there is no reason.
        NotFoundError: nothing is live.
    """
    if not reason.strip():
        raise InvalidInputError("a project that is taken offline needs a reason", hint="the run's history keeps it")
    runs, aliases = services.runs, services.aliases
    before = {version.run for version in aliases.alias(project).versions}
    offline = insist(lambda: point_nowhere(aliases, project, by, reason, now=now))
    behind = before | {run.id for run in runs.project_runs(project) if run.state in SERVING | {State.PAUSED}}
    ended = []
    for run in map(runs.get, sorted(behind)):
        if run.state in SERVING | {State.PAUSED} or (
            run.id in before and run.state == State.RETIRED
        ):  # reconcile may be quicker
            why = {"by": offline.by, "reason": offline.reason}
            ended.append(retire(run, services, now=now, **why))
    return offline, ended


def _ends(run: Run, by: str, reason: str) -> bool:
    """Return whether this very decision is already ending the run: it was interrupted, or another call finishes it."""
    deployment = run.deployment
    marked = (deployment.retired_by, deployment.retired_why) if deployment else None
    return is_going(run) and marked == (by, reason)


def _successor(run: Run, runs: RunStore) -> Run | None:
    """Return the newest later run of the same folder that was not superseded or rejected."""
    later = [
        other
        for other in runs.project_runs(run.project)
        if other.prefix == run.prefix and other.created_at > run.created_at
        if not other.is_superseded and other.state != State.REJECTED
    ]
    return max(later, key=lambda other: other.created_at, default=None)


def _must_wait(run: Run) -> None:
    if run.state == State.SUPERSEDED:
        message = f"run {run.id} is superseded: {run.history[-1].reason}"
        raise ConflictError(message, hint=f"see tailor runs {run.project}")
    if run.state != State.AWAITING_APPROVAL:
        raise ConflictError(f"run {run.id} is {run.state}: it does not wait for approval")
