"""Supersede runs of a folder's earlier content: those not yet training end, the others record the newer data."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from tailor.runs import NOT_BEGUN, Run, RunStore, State, insist
from tailor.steps.folders import fingerprint, without_junk
from tailor.storage import Storage

BY = "settle"
_GOES_ON = frozenset({State.TRAINING, State.TRAINED, State.DEPLOYING, State.DEPLOYED, State.EVALUATING})


def supersede_others(current: Run, *, bucket: Storage, runs: RunStore, now: datetime) -> list[Run]:
    """End the folder's other runs that have not begun to train and return them; inform those that have.

    Args:
        current: the run of what lies in the folder.
    """
    found = _concerned(current.prefix, current.project, runs)
    others = [run for run in found if not _has_the_same(run, current) or run.newer]
    if not others or fingerprint(current.prefix, list(bucket.list(current.prefix))) != current.fingerprint:
        return []  # the call that handles the newer files ends them
    reason = f"its folder was changed since: run {current.id} has what it holds now"

    def act(run: Run) -> Run | None:
        if _has_the_same(run, current):
            if run.newer:  # the folder holds again what this one is made of
                runs.save(run.updated(newer=""))
            return None
        if run.state in NOT_BEGUN:
            return runs.save(run.moved(State.SUPERSEDED, by=BY, reason=reason, now=now))
        if run.state in _GOES_ON and run.newer != current.id:
            runs.save(run.updated(newer=current.id))
        return None

    return _each(others, runs, act)


def _has_the_same(run: Run, current: Run) -> bool:
    """Return whether a run is the folder's, or goes on beside it: one of the two adopts a model on the same data."""
    adopts = run.adopted is not None or current.adopted is not None
    return run.id == current.id or (adopts and run.fingerprint == current.fingerprint)


def end_without_dataset(prefix: str, project: str, *, bucket: Storage, runs: RunStore, now: datetime) -> list[Run]:
    """End the runs that have not begun to train, of a folder that was deleted or no longer holds a dataset.

    Returns:
        The runs that ended.
    """
    others = list(_concerned(prefix, project, runs))
    if not others:
        return []
    files = without_junk(prefix, bucket.list(prefix))
    mark = fingerprint(prefix, files)
    what = "was changed, and holds no dataset any more" if files else "was deleted"

    def act(run: Run) -> Run | None:
        if run.state not in NOT_BEGUN or run.fingerprint == mark:
            return None
        return runs.save(run.moved(State.STOPPED, by=BY, reason=f"its folder {prefix} {what}", now=now))

    return _each(others, runs, act)


def _concerned(prefix: str, project: str, runs: RunStore) -> Iterator[Run]:
    for run in runs.project_runs(project):
        if run.prefix == prefix and run.state in NOT_BEGUN | _GOES_ON:
            yield run


def _each(found: list[Run], runs: RunStore, act: Callable[[Run], Run | None]) -> list[Run]:
    """Return the runs that ended. A run that changed in the meantime is read again."""

    def once(run_id: str) -> Run | None:
        return act(runs.get(run_id))

    ended = [insist(partial(once, run.id)) for run in found]
    return [run for run in ended if run]
