"""Score the next word: the answer begins with the word that continues the text, for cloze questions."""

from tailor.metrics.base import Case, Metric, Rules, best


def score(case: Case, rules: Rules) -> float:
    said = rules.normalise.tokens(case.answer)[:1]
    return best(case, lambda _, reference: float(bool(said) and said == rules.normalise.tokens(reference)[:1]))


METRIC = Metric("next_word", "Next word", "the answer begins with the word that the document goes on with", score)
