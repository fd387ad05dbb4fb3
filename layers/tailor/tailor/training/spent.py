"""Estimate a run's cost so far, from its quote and its progress. The actual bill is AWS's."""

import math
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from tailor.costs import CostLine
from tailor.runs import NOT_BEGUN, Run, State

DAYS_A_MONTH, HOURS_A_DAY = 30, 24
SECONDS_A_DAY = 86_400
Share = Literal["none", "some", "all"]

_BEFORE_TRAINING = frozenset(NOT_BEGUN | {State.REJECTED, State.DECLINED, State.SUPERSEDED})
_DEPLOYS = frozenset({State.DEPLOYING, State.RESTORING})
_NOT_DEPLOYED = frozenset({State.TRAINED, State.DEPLOY_FAILED, State.RETIRED, State.PAUSED})
_CUT_SHORT = frozenset({State.TRAINING, State.TRAINING_FAILED, State.STOPPED})


@dataclass(frozen=True, slots=True)
class Spent:
    """US dollars, least and most; ``most`` is None if a relevant price is ``unknown``."""

    least: Decimal
    most: Decimal | None
    unknown: tuple[str, ...]


JOBS = frozenset({"training", "teacher"})  # items that each try pays again


def spent(run: Run, now: datetime, items: Container[str] | None = None) -> Spent:
    """Return the cost so far, optionally of some items only; zero if there is no quote yet."""
    if run.quote is None:
        return Spent(Decimal(0), Decimal(0), ())
    least, most, unknown = Decimal(0), Decimal(0), []
    if run.job and (before := run.job.spent_before):
        least, most = before.least, before.most or Decimal(0)
        unknown += ["earlier attempts"] if before.most is None else []
    for line in run.quote.lines:
        share, times = _share(line, run), _periods(line, run, now)
        if items is not None and line.item not in items:
            continue
        if share == "none" or not times:
            continue
        if line.low is None or line.high is None:
            unknown.append(line.title)
            continue
        least += line.low * times if share == "all" else 0
        most += line.high * times
    return Spent(least, None if unknown else most, tuple(unknown))


def _share(line: CostLine, run: Run) -> Share:
    """Return the used share of a line: a job that ended before training is not billed."""
    match line.item:
        case "headroom":
            return "none" if run.state in {State.RECEIVED, State.PREPARING, State.REJECTED} else "all"
        case "training":
            return _training_share(run)
        case "teacher":
            return "some" if run.state in _CUT_SHORT and run.job is not None else _training_share(run)
        case "evaluation" | "judge":
            return _evaluation_share(run)
        case _:
            return "all"


def _training_share(run: Run) -> Share:
    if run.state in _BEFORE_TRAINING or run.job is None:
        return "none"
    if run.state not in _CUT_SHORT:
        return "all"
    match run.job.training_status:
        case None | "NotStarted":
            return "none"
        case "Completed":
            return "all"
        case _:
            return "some"


def _evaluation_share(run: Run) -> Share:
    seen = set(run.states)
    if seen & {State.PASSED, State.FAILED, State.INCONCLUSIVE}:
        return "all"
    return "some" if seen & {State.EVALUATING, State.EVALUATION_FAILED} else "none"


def _periods(line: CostLine, run: Run, now: datetime) -> Decimal:
    """Return 1 for one-time costs, or the model's months, or the deployment's days or begun hours so far."""
    if line.every == "once":
        return Decimal(1)
    if line.every == "month":
        start = next((change.at for change in run.history if change.state == State.TRAINED), now)
        return _days(now - start) / DAYS_A_MONTH
    served = list(_served(run, now))
    if served and run.recipe.deployment.commitment:
        return line.committed  # all of it is owed from the first hour on
    if line.every == "hour":
        return sum((Decimal(math.ceil(_days(each) * HOURS_A_DAY)) for each in served), Decimal(0))
    return sum(map(_days, served), Decimal(0))


def _served(run: Run, now: datetime) -> Iterator[timedelta]:
    """Yield for how long each deployment of the run was there."""
    began: datetime | None = None
    for change in run.history:
        if change.state in _DEPLOYS:
            began = began or change.at
        elif change.state in _NOT_DEPLOYED and began:
            yield change.at - began
            began = None
    if began:
        yield now - began


def _days(time: timedelta) -> Decimal:
    return Decimal(time.total_seconds()) / SECONDS_A_DAY
