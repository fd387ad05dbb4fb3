"""Score dates and times: the answer states the reference's date or time, in any notation."""

from fractions import Fraction

from tailor.answers import Value, compatible, stated, whole
from tailor.metrics.base import Case, Metric, Rules, best

_DAY_HOURS = 24


def agrees(answer: str, reference: str, rules: Rules) -> bool:
    wanted = whole(rules.normalise(reference))
    if wanted is None:
        return False
    said = _half_past(answer, rules) if wanted.kind == "time" else None
    said = said or stated(answer, wanted, rules.normalise)
    return said is not None and compatible(said, wanted)


def _half_past(answer: str, rules: Rules) -> Value | None:
    """Return the time ``bảy rưỡi`` as a whole answer: the word for hour may be omitted."""
    value = whole(rules.normalise(answer))
    if value is None or value.kind != "number" or value.dimension or not isinstance(value.amount, Fraction):
        return None
    halved = value.amount.denominator == 2 and 0 < value.amount < _DAY_HOURS
    return Value("time", value.amount * 60) if halved else None


def score(case: Case, rules: Rules) -> float:
    return best(case, lambda answer, reference: float(agrees(answer, reference, rules)))


METRIC = Metric("date_time", "Date or time", "the answer states the reference's date or time, in any form", score)
