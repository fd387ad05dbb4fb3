"""Estimate how long a run will still take, from earlier runs."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median

from tailor.runs import Run, State

_VERDICTS = frozenset({State.PASSED, State.FAILED, State.INCONCLUSIVE, State.LIVE})
_OF_PEOPLE = frozenset({State.AWAITING_APPROVAL})  # how long somebody thinks says nothing of the next run


def remaining(run: Run, before: Iterable[Run], now: datetime) -> timedelta | None:
    """Return the usual time until the verdict; None if no run of this method got that far from this state.

    The median of what earlier runs took from this run's state to their verdict, without the time that they waited for
    an approval, less what this run has spent in its state.
    """
    spent = now - run.history[-1].at
    took = []
    for each in before:
        times = _times(each)
        if each.id == run.id or each.recipe.method != run.recipe.method or run.state not in times:
            continue
        states = list(times)
        following = states[states.index(run.state) + 1 :]
        here = max(0.0, times[run.state] - spent.total_seconds())
        took.append(here + sum(times[state] for state in following if state not in _OF_PEOPLE))
    return timedelta(seconds=median(took)) if took else None


def _times(run: Run) -> Mapping[State, float]:
    """Return the seconds in each state up to the first verdict, in order; empty without a verdict."""
    times = dict[State, float]()
    for change, following in zip(run.history, run.history[1:], strict=False):
        times[change.state] = times.get(change.state, 0.0) + (following.at - change.at).total_seconds()
        if following.state in _VERDICTS:
            return times
    return {}
