"""Score numbers: the answer states the number or quantity of a reference, in any notation."""

from fractions import Fraction

from tailor.answers import Value, compatible, stated, values_in, whole
from tailor.metrics.base import Case, Metric, Rules, best


def wanted_number(reference: str, rules: Rules) -> Value | None:
    """Return the number or quantity that a reference is, or the only one in it; ``một con mèo`` is one of cats."""
    text = rules.normalise(reference)
    if (value := whole(text)) is not None:
        return value if value.kind == "number" else None
    found = [value for value in values_in(text) if value.kind == "number"]
    return found[0] if len(found) == 1 else None


def agrees(answer: str, reference: str, rules: Rules, tolerance: float = 0.0) -> bool:
    """Return whether an answer states the number of a reference; ``tolerance`` is in the reference's unit."""
    wanted = wanted_number(reference, rules)
    said = stated(answer, wanted, rules.normalise) if wanted is not None else None
    if said is None or wanted is None:
        return False
    if compatible(said, wanted):
        return True
    numbers = isinstance(said.amount, Fraction) and isinstance(wanted.amount, Fraction)
    alike = numbers and said.dimension == wanted.dimension and said.bound == wanted.bound
    if not alike or not tolerance or not wanted.number or not isinstance(wanted.amount, Fraction):
        return alike and bool(tolerance) and said.number is not None and abs(said.number) <= tolerance
    scale = wanted.amount / wanted.number
    return isinstance(said.amount, Fraction) and abs(said.amount - wanted.amount) <= Fraction(tolerance) * scale


def score(case: Case, rules: Rules) -> float:
    return best(case, lambda answer, reference: float(agrees(answer, reference, rules)))


METRIC = Metric(
    "numeric", "Numeric match", "the answer states the reference's number, in any form, and in no other unit", score
)
