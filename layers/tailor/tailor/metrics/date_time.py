"""Dates and times: the answer states the reference's date or time, however it is written."""

from tailor.answers import compatible, stated, whole
from tailor.metrics.base import Case, Metric, Rules, best


def agrees(answer: str, reference: str, rules: Rules) -> bool:
    wanted = whole(rules.normalise(reference))
    if wanted is None:
        return False
    said = stated(answer, wanted, rules.normalise)
    return said is not None and compatible(said, wanted)


def score(case: Case, rules: Rules) -> float:
    return best(case, lambda answer, reference: float(agrees(answer, reference, rules)))


METRIC = Metric("date_time", "Date or time", "the answer states the reference's date or time, in any form", score)
