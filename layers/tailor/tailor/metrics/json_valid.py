"""Score JSON validity: the answer can be parsed, with or without a code fence."""

from tailor.metrics.base import Case, Metric, Rules
from tailor.metrics.json_answers import read_json


def score(case: Case, rules: Rules) -> float:
    try:
        return float(isinstance(read_json(case.answer), dict | list))
    except ValueError:
        return 0.0


METRIC = Metric("json_valid", "Valid JSON", "the answer is a JSON object or list", score)
