"""Estimate a run's cost in advance: ranges, assumptions, and the date of every price.

An unknown amount is None and reported as unknown; it never counts as 0. Amounts are US dollars.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tailor.catalog import Model, Price
from tailor.costs import CostLine, Every, Quote, Range, cents
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.training.advice import hyperparameters
from tailor.training.prices import how_to_set
from tailor.training.sagemaker.facts import training_facts
from tailor.training.trainers import TrainerName

PER_THOUSAND = Decimal("0.001")
SECONDS_AN_HOUR = 3600
A_MONTH = 30  # days


@dataclass(frozen=True, slots=True)
class Basis:
    """Input of a quote: a prepared dataset's manifest, the recipe, the base model with its prices.

    ``live``: the project has a live version, which an evaluation asks too. ``examples``: tokens of the few-shot
    examples that each question of that arm carries; None if unknown. ``priced`` adds the operator's prices to the
    other models.
    """

    manifest: Mapping[str, Any]
    recipe: Recipe
    model: Model
    live: bool = False
    examples: Range | None = None
    priced: Callable[[Model], Model] = lambda model: model
    trainer: TrainerName = "bedrock"

    @property
    def rows(self) -> int:
        """Return the number of training rows."""
        return int(self.manifest["rows"]["train"])

    @property
    def held_out(self) -> int:
        """Return the number of rows that an evaluation asks each arm, those included that a promotion opens."""
        evaluation = self.recipe.evaluation
        most = evaluation.max_rows * (2 if evaluation.sealed else 1)
        return min(int(self.manifest["rows"].get("test", 0)), most)

    @property
    def asked(self) -> Range:
        """Return ``held_out`` as a range: sealed rows are asked only if the run passes."""
        sealed = Decimal(str(self.recipe.evaluation.sealed))
        sure = (1 - sealed) / 2 if sealed else Decimal(1)  # groups differ in size, so fewer rows may be open
        return Range(self.held_out * sure, Decimal(self.held_out), Decimal(self.held_out))

    @property
    def tokens(self) -> Range:
        """Return the tokens of one epoch over the training file."""
        tokens = self.manifest["tokens"]
        return Range.of(tokens["low"], tokens["expected"], tokens["high"])

    @property
    def row(self) -> Range:
        """Return the tokens of a training row, including its answer."""
        return self.tokens.times(Decimal(1) / max(self.rows, 1))

    @property
    def prompt(self) -> Range:
        """Return the tokens of a held-out row's prompt, or of a training row if the manifest has none."""
        asked, rows = self.manifest.get("asked", {}), int(self.manifest["rows"].get("test", 0))
        if not asked or not rows:
            return Range(min(Decimal(1), self.row.low), self.row.expected, self.row.high)
        return Range.of(asked["low"], asked["expected"], asked["high"]).times(Decimal(1) / rows)


def line(
    item: str, title: str, every: Every, quantity: Range | None, price: Price | None, how: str, missing: str
) -> CostLine:
    """Return the cost of ``quantity``, in the price's units (tokens / 1,000). Unknown without price or quantity."""
    if price is None or price.amount is None or quantity is None:
        return CostLine(item=item, title=title, every=every, how=f"unknown: {missing}")
    cost = quantity.times(price.amount)
    return CostLine(
        item=item,
        title=title,
        every=every,
        low=cost.low,
        expected=cost.expected,
        high=cost.high,
        how=f"{how} at ${price.amount:f} per {price.unit}",
        price_as_of=price.as_of,
        price_source=price.source.url,
        price_from=price.origin,
    )


def by_epochs(basis: Basis, others: Iterable[CostLine], assumption: str) -> Quote:
    """Return the cost of a method whose training is billed by the file's tokens for each epoch."""
    recipe = basis.recipe
    if basis.trainer == "sagemaker":
        return by_hours(basis, others, assumption)
    advised = hyperparameters(recipe, basis.model.method(recipe.method), basis.rows)["epochs"]
    epochs = Range.exactly(float(advised.value))
    return Quote(
        model=basis.model.name,
        method=recipe.method,
        lines=(
            bounded(basis, training_line(basis.tokens, epochs, basis.model), advised.value),
            *others,
            *kept_and_hosted(recipe, basis.model),
        ),
        assumptions=(
            f"{advised.value} epochs: {advised.reason}",
            "training is billed by the tokens of the training file, once for each epoch",
            assumption,
        ),
        training_tokens=billed(basis.tokens, epochs),
    )


def by_hours(basis: Basis, others: Iterable[CostLine], assumption: str) -> Quote:
    """Return the cost of a training job of SageMaker, which bills its instances by the hour.

    Nobody publishes how fast Nova trains there, so the hours that the job may take at most are counted.
    """
    recipe, model = basis.recipe, basis.model
    facts = training_facts(model.method(recipe.method), model.title, recipe.method)
    hours = Decimal(str(recipe.budget.training_hours))
    advised = hyperparameters(recipe, model.method(recipe.method), basis.rows)["epochs"]
    quantity = Range(Decimal(0), hours, hours).times(facts.instances)
    missing = (
        f"no trustworthy price for an hour of {facts.instance_type}, which SageMaker bills while the job runs; "
        + how_to_set(model, facts.price_item)
    )
    how = f"{facts.instances} {facts.instance_type} for at most {hours:g} hours"
    title = f"Training {model.title} with SageMaker"
    return Quote(
        model=model.name,
        method=recipe.method,
        lines=(
            line("training", title, "once", quantity, model.price(facts.price_item), how, missing),
            *others,
            *kept_and_hosted(recipe, model),
        ),
        assumptions=(
            f"{advised.value} epochs: {advised.reason}",
            f"SageMaker trains: {facts.instances} {facts.instance_type}, billed by the second while the job runs",
            f"nobody knows how long it takes: it is stopped after {hours:g} hours, all counted (budget.training_hours)",
            "importing the model into Bedrock has no price of its own on AWS's pages; its storage is the line below",
            assumption,
        ),
        training_tokens=billed(basis.tokens, Range.exactly(float(advised.value))),
    )


def training_line(tokens: Range, epochs: Range, model: Model) -> CostLine:
    missing = f"no trustworthy price for training {model.title}; {how_to_set(model, 'training')}"
    quantity = tokens.times(epochs).times(PER_THOUSAND)
    how = f"{tokens} tokens, {epochs} epochs"
    return line("training", f"Training {model.title}", "once", quantity, model.price("training"), how, missing)


def bounded(basis: Basis, training: CostLine, epochs: float | str) -> CostLine:
    """Bound an unknown price by what others paid for as many rows with images and epochs."""
    bills = [bill for bill in basis.model.observed if bill.item == "training"]
    if training.known or not bills or not int(basis.manifest.get("media", {}).get("images", 0)):
        return training
    times = basis.rows * Decimal(str(epochs))
    rates = [bill.amount / (bill.rows * bill.epochs) for bill in bills]
    low, high = cents(min(rates) * times), cents(max(rates) * times)
    paid = " and ".join(f"${cents(bill.amount)} for {bill.rows} rows" for bill in bills)
    why = (
        f"one team's bill of {bills[0].as_of} ({paid} with an image each, {bills[0].epochs} epochs; {bills[0].region}) "
        f"comes to about ${low} to ${high} for this; their texts, pictures and rates may differ from yours, so it is "
        "no price, and a person decides"
    )
    return training.model_copy(update={"observed": (low, high), "how": f"{training.how}. {why}"})


def kept_and_hosted(recipe: Recipe, model: Model) -> list[CostLine]:
    """Return the lines for the custom model's storage per month and its hosting per day or hour."""
    one, price = Range.exactly(1), model.price("storage")
    missing = f"no trustworthy price for storing a custom {model.title}; {how_to_set(model, 'storage')}"
    storage = line("storage", "Storing the model", "month", one, price, "1 model", missing)
    if recipe.deployment.kind == "on-demand":
        nothing = Decimal(0)
        how = "an on-demand deployment has no hourly price: calls are billed by token"
        hosting = CostLine(
            item="hosting", title="Hosting", every="day", low=nothing, expected=nothing, high=nothing, how=how
        )
        return [storage, hosting]
    return [storage, provisioned_line(recipe.deployment, model, datetime.now(UTC))]


def provisioned_line(deployment: Deployment, model: Model, now: datetime) -> CostLine:
    """Return the hourly cost of model units, and for how many hours the recipe has them at most."""
    ends = deployment.ends_at(now)
    hours = None if ends is None else Decimal(max(0, math.ceil((ends - now).total_seconds() / SECONDS_AN_HOUR)))
    units = f"{deployment.units} model unit" + ("" if deployment.units == 1 else "s")
    missing = (
        f"no trustworthy price for a model unit of {model.title}, which bills until it is deleted, used or not; "
        + how_to_set(model, "provisioned")
    )
    if schedule := deployment.schedule:
        week = schedule.week_hours(now)
        hours = Decimal(schedule.hours(now, ends or now + timedelta(days=A_MONTH)))
        counted = f"for at most {hours} hours" if ends else f"{hours} hours in {A_MONTH} days, which are counted"
        end = f", {week} hours a week, {counted}"
    else:
        end = "" if hours is None else f", for at most {hours} hours"
    if hours is None and deployment.idle_hours:
        end = f", until nobody has called for {deployment.idle_hours:g} hours (a month is counted)"
    quantity, price = Range.exactly(deployment.units), model.price("provisioned")
    if deployment.commitment:
        quantity = Range(Decimal(0), quantity.expected, quantity.high)
        units = f"{units}, before AWS's discount for a commitment, which is not known,"
        end = f" with a commitment of {deployment.commitment} ({hours} hours), which nobody can end earlier"
    found = line("hosting", f"Hosting on {units}{end}", "hour", quantity, price, units, missing)
    return found.model_copy(update={"periods": hours})


def billed(tokens: Range, epochs: Range) -> tuple[int, int, int]:
    whole = tokens.times(epochs)
    return int(whole.low), int(whole.expected), int(whole.high)
