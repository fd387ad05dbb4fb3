"""How CloudWatch evaluates an alarm on one metric, by its documentation ("Configuring how CloudWatch alarms treat
missing data"). Missing data are what alarms on silence are about, so the rules on them are here in full."""

from collections.abc import Sequence
from typing import Any

OK, ALARM, NO_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
ACTIONS = {OK: "OKActions", ALARM: "AlarmActions", NO_DATA: "InsufficientDataActions"}


def evaluate(points: Sequence[bool | None], periods: int, missing: str) -> str:
    """Return the state that the data points of the evaluation range lead to.

    Args:
        points: oldest first; True breaches the threshold, None is missing. More than ``periods``.
        periods: EvaluationPeriods, all of which must breach.
        missing: TreatMissingData, but not "ignore".
    """
    real = [point for point in points if point is not None]
    if len(real) < periods and missing != "missing":
        real = [missing == "breaching"] * (periods - len(real)) + real
    if not real:
        return NO_DATA
    return ALARM if all(real[-periods:]) else OK


def notices(
    alarm: dict[str, Any], invoked: Sequence[float], *, until: float, delay: float = 2, extra: int = 2
) -> list[tuple[float, str]]:
    """Return (minute, new state) of each change that an action of the alarm tells somebody about.

    Args:
        alarm: the properties of an alarm on the sum of invocations, which begins to exist at minute 0.
        invoked: the minutes of the function's invocations.
        until: the minute at which the simulation ends.
        delay: minutes after which CloudWatch shows an invocation.
        extra: how many data points more than EvaluationPeriods the evaluation range has.
    """
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    period, periods = alarm["Period"] / 60, alarm["EvaluationPeriods"]
    state, told = NO_DATA, list[tuple[float, str]]()  # the state of a new alarm
    for now in range(int(until)):
        known = [minute for minute in invoked if minute + delay <= now]
        sums = [
            sum(now - period * (age + 1) <= minute < now - period * age for minute in known)
            for age in reversed(range(periods + extra))
        ]
        points = [count < alarm["Threshold"] if count else None for count in sums]  # Lambda publishes no zeros
        found = evaluate(points, periods, alarm["TreatMissingData"])
        if found != state and alarm.get(ACTIONS[found]):
            told.append((now, found))
        state = found
    return told
