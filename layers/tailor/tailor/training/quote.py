"""What a run would cost, before it costs anything: ranges, assumptions, and the date of every price.

An amount that is not known is None and called unknown; it is never taken for 0. Amounts are US dollars.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from tailor.catalog import Model, Price, PriceItem
from tailor.datasets.tokens import Estimator
from tailor.evaluation import sizes
from tailor.recipe import Recipe
from tailor.training.advice import Advice

Every = Literal["once", "month", "day"]
CENT = Decimal("0.01")
PER_THOUSAND = Decimal("0.001")
HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True)
class Range:
    """Fewest, likeliest and most of something."""

    low: Decimal
    expected: Decimal
    high: Decimal

    @classmethod
    def of(cls, low: float | Decimal, expected: float | Decimal, high: float | Decimal) -> "Range":
        return cls(*(Decimal(str(value)) for value in (low, expected, high)))

    @classmethod
    def exactly(cls, value: float | Decimal) -> "Range":
        return cls.of(value, value, value)

    def times(self, other: "Range | Decimal | int") -> "Range":
        factor = other if isinstance(other, Range) else Range.exactly(other)
        return Range(self.low * factor.low, self.expected * factor.expected, self.high * factor.high)

    def plus(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Line(_Document):
    """One thing that costs. The three amounts are all known or all None."""

    item: str = Field(description="training, storage, evaluation, hosting, teacher, headroom")
    title: str
    every: Every
    low: Decimal | None = None
    expected: Decimal | None = None
    high: Decimal | None = None
    how: str = Field(description="how the amount comes about, or why it is unknown")
    price_as_of: date | None = None
    price_source: str | None = None

    @property
    def known(self) -> bool:
        return self.high is not None


class Quote(_Document):
    model: str
    method: str
    currency: str = "USD"
    lines: tuple[Line, ...]
    assumptions: tuple[str, ...] = ()
    advice: tuple[Advice, ...] = Field(default=(), description="what to know before paying")
    training_tokens: tuple[int, int, int] | None = Field(default=None, description="billed: low, expected, high")

    def total(self, every: Every = "once") -> Range | None:
        """None where any line of that period is unknown."""
        lines = [line for line in self.lines if line.every == every]
        total = Range.exactly(0)
        for line in lines:
            if line.low is None or line.expected is None or line.high is None:
                return None
            total = total.plus(Range(line.low, line.expected, line.high))
        return total

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(line.title for line in self.lines if not line.known)

    def document(self) -> dict[str, Any]:
        """For ``run.quote``: JSON-able, amounts as strings; ``Quote.model_validate`` reads it again."""
        found = self.model_dump(mode="json")
        totals = {every: self.total(every) for every in ("once", "month", "day")}
        found["totals"] = {
            every: None if total is None else [str(cents(amount)) for amount in (total.low, total.expected, total.high)]
            for every, total in totals.items()
        }
        found["unknown"] = list(self.unknown)
        return found


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT)


def line(
    item: str, title: str, every: Every, quantity: Range | None, price: Price | None, how: str, missing: str
) -> Line:
    """``quantity`` in the price's units (so tokens divided by 1,000). Unknown without a price or a quantity."""
    if price is None or price.amount is None or quantity is None:
        return Line(item=item, title=title, every=every, how=f"unknown: {missing}")
    cost = quantity.times(price.amount)
    return Line(
        item=item,
        title=title,
        every=every,
        low=cost.low,
        expected=cost.expected,
        high=cost.high,
        how=f"{how} at ${price.amount:f} per {price.unit}",
        price_as_of=price.as_of,
        price_source=price.source.url,
    )


def training_line(tokens: Range, epochs: Range, model: Model) -> Line:
    missing = f"no trustworthy price for training {model.title}; AWS's pricing page has it"
    quantity = tokens.times(epochs).times(PER_THOUSAND)
    how = f"{_span(tokens)} tokens, {_span(epochs)} epochs"
    return line("training", f"Training {model.title}", "once", quantity, model.price("training"), how, missing)


def kept_and_hosted(recipe: Recipe, model: Model) -> list[Line]:
    """Storage of the custom model a month; hosting a day."""
    one, price = Range.exactly(1), model.price("storage")
    missing = f"no trustworthy price for storing a custom {model.title}"
    storage = line("storage", "Storing the model", "month", one, price, "1 model", missing)
    if recipe.deployment.kind == "on-demand":
        nothing = Decimal(0)
        how = "an on-demand deployment has no hourly price: calls are billed by token"
        hosting = Line(
            item="hosting", title="Hosting", every="day", low=nothing, expected=nothing, high=nothing, how=how
        )
        return [storage, hosting]
    day, price = Range.exactly(HOURS_A_DAY), model.price("provisioned")
    missing = f"no trustworthy price for a model unit of {model.title}; it bills until it is deleted, used or not"
    return [storage, line("hosting", "Hosting on 1 model unit", "day", day, price, "24 hours", missing)]


@dataclass(frozen=True, slots=True)
class Calls:
    """All calls of one model: ``prompts`` and ``answers`` are their tokens together."""

    who: str
    prompts: Range
    answers: Range
    custom: bool = False

    @property
    def prices(self) -> tuple[PriceItem, PriceItem]:
        return ("custom-input", "custom-output") if self.custom else ("input", "output")


def evaluation_line(manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> Line:
    """Base and candidate (and the base with worked examples, where the recipe asks for it) on the held-out rows; base
    and candidate on the general questions."""
    rows = held_out_rows(manifest, recipe)
    prompts = asked_tokens(manifest).times(rows)
    answers = answer_tokens(recipe.evaluation.max_tokens).times(rows)
    asked = pair_of(prompts, answers, recipe, model)
    if recipe.evaluation.few_shot:
        shown = training_row(manifest).times(rows * recipe.evaluation.few_shot)  # none where rows are too long to show
        examples = Range(Decimal(0), shown.expected, shown.high)
        asked.append(Calls("base with worked examples", prompts.plus(examples), answers))
    return calls_line("evaluation", f"Evaluation: {len(asked)} times {rows} held-out rows", model, asked)


def pair_of(prompts: Range, answers: Range, recipe: Recipe, model: Model) -> list[Calls]:
    """Base and candidate, with the general questions where the recipe asks for them."""
    if recipe.evaluation.regression:
        count, general = general_questions(recipe, model)
        prompts, answers = prompts.plus(general), answers.plus(answer_tokens(sizes.GENERAL_ANSWER).times(count))
    return [Calls("base", prompts, answers), Calls("candidate", prompts, answers, custom=True)]


def general_questions(recipe: Recipe, model: Model) -> tuple[Range, Range]:
    """How many there are, and their tokens. The Vietnamese ones are asked where the answers are Vietnamese."""
    estimator = Estimator(model.tokens, None)
    counts, totals = {}, {}
    for name in ("en", "vi"):
        prompts = [orjson.loads(line)["prompt"] for line in sizes.suite(name).splitlines()]
        found = [estimator.text(len(prompt), prompt.encode()) for prompt in prompts]
        counts[name] = Range.exactly(len(prompts))
        totals[name] = Range.of(*(sum(getattr(each, end) for each in found) for end in ("low", "expected", "high")))
    all_counts, all_totals = counts["en"].plus(counts["vi"]), totals["en"].plus(totals["vi"])
    if recipe.evaluation.language == "vi":
        return all_counts, all_totals
    if recipe.evaluation.language != "auto":
        return counts["en"], totals["en"]
    return (
        Range(counts["en"].low, all_counts.expected, all_counts.high),
        Range(totals["en"].low, all_totals.expected, all_totals.high),
    )


def held_out_rows(manifest: Mapping[str, Any], recipe: Recipe) -> int:
    """How many rows an evaluation asks each arm."""
    return min(int(manifest["rows"].get("test", 0)), recipe.evaluation.max_rows)


def headroom_line(manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> list[Line]:
    rows = recipe.headroom_rows
    if not rows:
        return []
    answers = answer_tokens(recipe.evaluation.max_tokens).times(rows)
    asked = [Calls("base", asked_tokens(manifest).times(rows), answers)]
    return [calls_line("headroom", f"Headroom: {rows} rows through the base model", model, asked)]


def calls_line(item: str, title: str, model: Model, asked: Sequence[Calls]) -> Line:
    """Calls of a model and of custom models of it."""
    total = Range.exactly(0)
    prices = []
    for calls in asked:
        for tokens, what in zip((calls.prompts, calls.answers), calls.prices, strict=True):
            price = model.price(what)
            if price is None or price.amount is None:
                whose = f"a custom {model.title}" if calls.custom else model.title
                return Line(
                    item=item, title=title, every="once", how=f"unknown: no trustworthy price for calls of {whose}"
                )
            total = total.plus(tokens.times(price.amount).times(PER_THOUSAND))
            prices.append(price)
    said = (f"{each.who}: {_span(each.prompts)} tokens asked, {_span(each.answers)} answered" for each in asked)
    return Line(
        item=item,
        title=title,
        every="once",
        low=total.low,
        expected=total.expected,
        high=total.high,
        how="; ".join(said),
        price_as_of=min(price.as_of for price in prices),
        price_source=prices[0].source.url,
    )


def training_tokens(manifest: Mapping[str, Any]) -> Range:
    """Of one epoch over the training file."""
    tokens = manifest["tokens"]
    return Range.of(tokens["low"], tokens["expected"], tokens["high"])


def training_row(manifest: Mapping[str, Any]) -> Range:
    return training_tokens(manifest).times(Decimal(1) / max(int(manifest["rows"]["train"]), 1))


def asked_tokens(manifest: Mapping[str, Any]) -> Range:
    """Of a held-out row's prompt; that of a training row, answer and all, where the manifest does not say."""
    asked, rows = manifest.get("asked", {}), int(manifest["rows"].get("test", 0))
    if not asked or not rows:
        row = training_row(manifest)
        return Range(min(Decimal(1), row.low), row.expected, row.high)
    return Range.of(asked["low"], asked["expected"], asked["high"]).times(Decimal(1) / rows)


def answer_tokens(most: int) -> Range:
    """Answers are rarely as long as they may be."""
    return Range.of(1, max(most / 4, 1), most)


def _span(amount: Range) -> str:
    if amount.low == amount.high:
        return f"{amount.low:,.0f}"
    return f"{amount.low:,.0f} to {amount.high:,.0f}"


def billed(tokens: Range, epochs: Range) -> tuple[int, int, int]:
    whole = tokens.times(epochs)
    return int(whole.low), int(whole.expected), int(whole.high)
