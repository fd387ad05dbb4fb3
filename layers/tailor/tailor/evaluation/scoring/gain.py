"""Split a difference into content, language and form.

Content: one of them says the right answer, in whatever words. Language: the same, where one of them answers in another
language than the references. Form is what is left: words that the metric weighs besides.
"""

from collections.abc import Mapping
from typing import Any

from tailor.evaluation.questions.arms import CANDIDATE
from tailor.evaluation.scoring.score import ScoreTable

# Whether the right answer is said at all, by metrics that weigh its form as well; the others tell that themselves.
CONTENT: Mapping[str, str] = {
    **{"exact_match": "containment", "anls": "containment"},
    **dict.fromkeys(("token_f1", "rouge_l", "chrf", "bleu"), "word_recall"),
}
# Among them, those whose gain must be shown to be one of content. By the others, which measure it in part, content may
# not fall.
REQUIRED = frozenset({"exact_match"})
_LANGUAGE = "answer_language"
_NAMES = {"content": "in content", "form": "in form alone", "language": "in language"}


def kinds_of_gain(sheet: ScoreTable, metric: str, baseline: str) -> dict[str, Any]:
    """Return the mean difference by kind of gain; the kinds add up to the metric's difference if it is a mean of
    rows."""
    primary = _pairs(sheet, metric, baseline)
    content = _pairs(sheet, CONTENT[metric], baseline) if metric in CONTENT else primary
    spoken = _pairs(sheet, _LANGUAGE, baseline)
    kinds = {"form": 0.0, "language": 0.0, "content": 0.0}
    for (ours, theirs), (said, other), (fits, fitted) in zip(primary, content, spoken, strict=True):
        told = said - other
        kinds["language" if (fits - fitted) * told > 0 else "content"] += told
        kinds["form"] += ours - theirs - told
    rows = max(len(primary), 1)
    return {"metric": CONTENT.get(metric), **{kind: total / rows for kind, total in kinds.items()}}


def _pairs(sheet: ScoreTable, metric: str, baseline: str) -> list[tuple[float, float]]:
    evidence = sheet.evidence[metric]
    return list(zip(evidence[CANDIDATE].scores, evidence[baseline].scores, strict=True))


def in_words(gain: Mapping[str, Any]) -> str:
    """Return the kinds of a difference in a sentence."""
    parts = [f"{100 * gain[kind]:+.1f} {name}" for kind, name in _NAMES.items()]
    return f"of the difference, in points of the rows: {', '.join(parts)}"
