"""Figures of notices: labelled values from a run's records. A figure that is not known has an empty value."""

from dataclasses import dataclass

from tailor.notices.facts import Facts

MAX_FINDINGS = 3  # the report has them all


@dataclass(frozen=True, slots=True)
class Field:
    label: str
    value: str


def data(facts: Facts) -> list[Field]:
    return [Field("Data", facts.rows), Field("Unusable rows", facts.unusable)]


def findings(facts: Facts) -> list[Field]:
    return [Field("Problem", f"{count:,} × {code}") for code, count in facts.findings("error")[:MAX_FINDINGS]]


def quote(facts: Facts) -> list[Field]:
    return [Field("Quote", facts.quote), Field("Hosting", facts.hosting)]


def spent(facts: Facts) -> list[Field]:
    return [Field("Spent so far", facts.spent)]


def advice(facts: Facts) -> list[Field]:
    return [Field("Before you pay", text) for text in facts.advice]


def model(facts: Facts) -> list[Field]:
    recipe = facts.run.recipe
    method = "" if facts.origin else recipe.method
    return [Field("Method", method), Field("Base model", recipe.model), Field("Origin", facts.origin)]


def losses(facts: Facts) -> list[Field]:
    return [Field("Loss", facts.losses)]


def measure(facts: Facts) -> list[Field]:
    return [
        Field("Result", facts.scores),
        Field("Difference", facts.difference),
        Field("Measured on", facts.asked),
        Field("Origin", facts.origin),
    ]
