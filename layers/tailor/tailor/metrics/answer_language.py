"""Score answers in the language of the references."""

from tailor import language
from tailor.metrics.base import Case, Metric, Rules


def score(case: Case, rules: Rules) -> float:
    return float(language.fits(case.answer, rules.language))


METRIC = Metric("answer_language", "Right language", "the answer is not in another language than expected", score)
