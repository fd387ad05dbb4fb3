"""Score normalised exact match, for closed answers where nearly right is wrong.

Two answers are equal as texts, as values (``5 km`` and ``5000 m``) or as letters of a choice (``A`` and ``Đáp án: A``).
"""

from tailor.answers import only_letter, same, whole
from tailor.metrics.base import Case, Metric, Rules, best


def equal(answer: str, reference: str, rules: Rules) -> bool:
    said, wanted = rules.normalise(answer), rules.normalise(reference)
    if not said or said == wanted:
        return bool(said)
    letter = only_letter(reference)
    if letter is not None:
        return letter == only_letter(answer)
    first, second = whole(said), whole(wanted)
    return first is not None and second is not None and same(first, second)


def score(case: Case, rules: Rules) -> float:
    return best(case, lambda answer, reference: float(equal(answer, reference, rules)))


METRIC = Metric(
    "exact_match", "Exact match", "the answer equals a reference, after normalisation; nearly right is wrong", score
)
