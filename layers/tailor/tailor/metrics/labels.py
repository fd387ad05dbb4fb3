"""Find which of the known labels an answer names, for the label metrics."""

from collections.abc import Sequence

from tailor.errors import InvalidInputError
from tailor.metrics.base import Case, Rules

MOST = 100


def known_labels(cases: Sequence[Case], rules: Rules) -> list[str]:
    """Return the references' labels, sorted. Raises InvalidInputError if there are too many to be labels."""
    labels = sorted({rules.normalise(reference) for case in cases for reference in case.references[:1]})
    if len(labels) > MOST:
        raise InvalidInputError(
            f"the references hold {len(labels)} different answers: too many for a label metric (at most {MOST})",
            hint="use exact_match or token_f1",
        )
    return labels


def named_label(answer: str, labels: Sequence[str], rules: Rules) -> str | None:
    """Return the label that the answer is, or the only one it mentions; labels inside longer ones do not count."""
    text = rules.normalise(answer)
    if text in labels:
        return text
    found = [label for label in labels if f" {label} " in f" {text} "]
    longest = [label for label in found if not any(label != other and f" {label} " in f" {other} " for other in found)]
    return longest[0] if len(longest) == 1 else None
