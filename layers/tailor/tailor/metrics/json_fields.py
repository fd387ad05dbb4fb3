"""Score JSON fields: F1 over scalar values, each at its path; missing and invented fields both cost."""

from typing import Any

from tailor.metrics.base import Case, Metric, Rules, best
from tailor.metrics.json_answers import leaves, read_json


def score(case: Case, rules: Rules) -> float:
    try:
        said = leaves(read_json(case.answer))
    except ValueError:
        return 0.0

    def match(_: str, reference: str) -> float:
        try:
            wanted = leaves(read_json(reference))
        except ValueError:
            return 0.0
        right = sum(path in said and _same(said[path], value, rules) for path, value in wanted.items())
        return 2 * right / (len(said) + len(wanted))

    return best(case, match)


def _same(said: Any, wanted: Any, rules: Rules) -> bool:
    if isinstance(said, str) and isinstance(wanted, str):
        return rules.normalise(said) == rules.normalise(wanted)
    return _both_numbers(said, wanted) or (type(said) is type(wanted) and bool(said == wanted))


def _both_numbers(said: Any, wanted: Any) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (said, wanted))
    return numbers and said == wanted


METRIC = Metric("json_fields", "JSON fields", "F1 of the single values in the JSON answer, each at its path", score)
