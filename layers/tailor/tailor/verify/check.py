"""Define a check: an assumption about AWS as data, and a function that observes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from tailor.verify.world import World

When = Literal["before deploying", "after deploying", "only when asked"]
Verdict = Literal["as assumed", "different", "could not be checked"]


@dataclass(frozen=True, slots=True)
class Check:
    """One assumption.

    ``assumption`` is what Tailor relies on, ``source`` where that comes from. ``cost``: US dollars at most.
    ``permissions``: IAM actions that ``look`` needs. ``expected``: for each observed field that matters its value, or a
    bound (see :func:`differences`); other observed fields are for information. ``begin`` starts what takes a while, for
    all checks before the first one looks. ``varies``: observed fields that depend
    on the account or the checkout, so that two clouds may differ in them.
    """

    id: str
    assumption: str
    source: str
    when: When
    expected: Mapping[str, Any]
    look: Callable[[World], Mapping[str, Any]]
    permissions: tuple[str, ...]
    cost: Decimal = Decimal(0)
    varies: frozenset[str] = frozenset()
    begin: Callable[[World], None] | None = None


def differences(expected: Mapping[str, Any], observed: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each difference of ``observed`` from ``expected``.

    An expected value is met by an equal one. A mapping with one of these keys is a bound instead: ``at least``, ``at
    most`` (numbers), ``one of`` (a list), ``includes`` (a list, all of which the observed list holds).
    """
    found = []
    for name, wanted in expected.items():
        if name not in observed:
            found.append(f"{name} was not observed")
        elif not _meets(wanted, observed[name]):
            found.append(f"{name}: assumed {said(wanted)}, observed {said(observed[name])}")
    return found


def said(value: Any) -> str:
    """Return a value in words for people."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {said(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value is None else str(value)


_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "at least": lambda bound, seen: seen >= bound,
    "at most": lambda bound, seen: seen <= bound,
    "one of": lambda bound, seen: seen in bound,
    "includes": lambda bound, seen: all(item in seen for item in bound),
}


def _meets(wanted: Any, seen: Any) -> bool:
    if isinstance(wanted, Mapping) and len(wanted) == 1 and (bound := next(iter(wanted))) in _BOUNDS:
        try:
            return _BOUNDS[bound](wanted[bound], seen)
        except TypeError:  # what can't be compared does not meet a bound
            return False
    return bool(wanted == seen)
