"""The catalogue of base models: ids, methods, limits, hyperparameters, hosting, prices, end of life.

The facts are in ``catalog.toml``, each with its source; code holds no model id. A fact without a trustworthy source is
absent, and absent means unknown: never zero, never allowed. Preflight asks Bedrock what the account's Region offers.
"""

import difflib
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import Field

from tailor.catalog_facts import (
    KINDS,
    UNITS,
    AnswerLimits,
    DeploymentKind,
    Fact,
    Hosting,
    Hyperparameter,
    Invocation,
    Lifecycle,
    Limits,
    MethodFacts,
    Observed,
    PixelTokens,
    Price,
    PriceItem,
    Record,
    Source,
    TileTokens,
    Tokens,
    TrainingJobFacts,
    Unit,
)
from tailor.errors import InvalidInputError, NotFoundError, Problem, RecipeError
from tailor.recipe import Method, Recipe, Trainer

__all__ = [
    "KINDS",
    "SHARED",
    "UNITS",
    "AnswerLimits",
    "DeploymentKind",
    "Fact",
    "Hosting",
    "Hyperparameter",
    "Invocation",
    "Lifecycle",
    "Limits",
    "MethodFacts",
    "Model",
    "Observed",
    "PixelTokens",
    "Price",
    "PriceItem",
    "Quotas",
    "Record",
    "Source",
    "TileTokens",
    "Tokens",
    "TrainingJobFacts",
    "Unit",
    "model",
    "model_of",
    "model_of_arn",
    "models",
    "quotas",
    "teacher_of",
    "training_registries",
]


class Model(Fact):
    """A base model. ``regions`` are those where it can be customized."""

    name: str
    title: str
    family: Literal["nova", "nova-2", "llama", "titan", "claude"]
    training_id: str = Field(description="with context suffix: for CreateModelCustomizationJob, can't be invoked")
    invocation: Invocation
    plain_id: str | None = Field(default=None, description="where it is not the training id without context suffix")
    source: Source
    regions: tuple[str, ...] = ()
    lifecycle: Lifecycle
    hosting: Hosting
    methods: Mapping[Method, MethodFacts] = Field(default_factory=dict)
    tokens: Tokens
    answers: AnswerLimits | None = Field(default=None, description="none: no limit is known")
    reserved_words: tuple[str, ...] = ()
    price_list: str | None = Field(default=None, description="its name in the entries of AWS's Price List")
    prices: tuple[Price, ...] = ()
    observed: tuple[Observed, ...] = ()

    @property
    def base_id(self) -> str:
        """Return the plain foundation-model id, without context suffix or the Region of an inference profile."""
        return self.plain_id or ":".join(self.training_id.split(":")[:2])

    @property
    def ids(self) -> frozenset[str]:
        profiles = (f"{prefix}.{self.base_id}" for prefix in self.invocation.profiles)
        return frozenset({self.training_id, self.base_id, *profiles})

    def invoked_in(self, region: str) -> str:
        """Return the id for calls in this Region: the plain id, or its geography's inference profile.

        The plain id is also used if nothing is known of the Region: Bedrock then reports the fault. Without a Region,
        the catalogue's first one counts.
        """
        region = region or next(iter(self.regions), "")
        if region not in self.invocation.direct:
            for prefix in self.invocation.profiles:
                if region.startswith(_document()["geographies"][prefix]):
                    return f"{prefix}.{self.base_id}"
        return self.base_id

    @property
    def can_be_trained(self) -> bool:
        return bool(self.methods) and self.lifecycle.status != "retired"

    def method(self, method: Method) -> MethodFacts:
        """Return the facts of a method. Raises InvalidInputError that names the models that support it."""
        if method in self.methods:
            return self.methods[method]
        others = [model.name for model in models() if method in model.methods and model.can_be_trained]
        does = f"it knows {', '.join(self.methods)}" if self.methods else "it can't be customized"
        hint = f"models for {method}: {', '.join(others)}" if others else f"no base model offers {method} today"
        raise InvalidInputError(f"{self.name} can't be customized by {method}; {does}", hint=hint)

    def trained_by(self, trainer: Trainer) -> "Model":
        """Return a copy whose methods have the trainer's limits of rows and of a row's length."""
        if trainer != "sagemaker":
            return self
        methods = {name: facts.for_sagemaker() for name, facts in self.methods.items()}
        return self.model_copy(update={"methods": methods})

    def without_training(self) -> "Model":
        """Return a copy whose methods ask for no training rows: data on which a model is only measured."""
        methods = {name: facts.measuring_only() for name, facts in self.methods.items()}
        return self.model_copy(update={"methods": methods})

    def price(self, item: PriceItem, region: str | None = None) -> Price | None:
        """Return the price of an item, or None if unknown. Without a Region: the catalogue's first one."""
        known = [price for price in self.prices if price.item == item and price.amount is not None]
        return next((price for price in known if region in (None, price.region)), None)

    def with_prices(self, prices: Iterable[Price]) -> "Model":
        """Return a copy with these prices before its own."""
        return self.model_copy(update={"prices": (*prices, *self.prices)})

    def priced(self, prices: Mapping[str, Decimal], as_of: date, given_as: str = "") -> "Model":
        """Return a copy with the operator's prices (by item) before all others."""
        own = Source(url="https://aws.amazon.com/bedrock/pricing/", checked=as_of, kind="operator")
        region = self.regions[0] if self.regions else ""
        return self.with_prices(
            Price(
                item=item,
                amount=prices[item],
                unit=unit,
                region=region,
                as_of=as_of,
                source=own,
                given_as=given_as,
            )
            for item, unit in UNITS.items()
            if item in prices
        )

    def usage_types(self, region: str) -> Mapping[PriceItem, str]:
        """Return the names of its entries in AWS's Price List, by item; empty if unknown."""
        names = _document()["price_list"]
        if self.price_list is None or region not in names["prefixes"]:
            return {}
        prefix = names["prefixes"][region]
        found: dict[PriceItem, str] = {
            item: f"{prefix}-{self.price_list}-{suffix}" for item, suffix in names["suffixes"].items()
        }
        jobs = {
            (facts.sagemaker.price_item, facts.sagemaker.instance_type)
            for facts in self.methods.values()
            if facts.sagemaker
        }
        types = Counter(item for item, _ in jobs)
        return found | {item: f"{prefix}-Train:{kind}" for item, kind in sorted(jobs) if types[item] == 1}


class Quotas(Fact):
    """Default quotas of an account in a Region."""

    source: Source
    customization_jobs: int = Field(description="scheduled or running at once; can't be raised")
    custom_models: int
    deployments: int
    deployments_in_progress: int


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(files("tailor").joinpath("catalog.toml").read_text("utf-8"))


@cache
def quotas() -> Quotas:
    found = _document()["quotas"]
    return Quotas.model_validate({**found, "source": _document()["sources"][found["source"]]})


@cache
def training_registries() -> Mapping[str, str]:
    """Return the registries of SageMaker's training images for Nova, by Region."""
    found: Mapping[str, str] = _document()["training_registries"]
    return found


@cache
def models() -> tuple[Model, ...]:
    """Return all models, in the catalogue's order."""
    return tuple(_parse(_document()))


def model(name: str) -> Model:
    """Return a model by name. Raises NotFoundError with the nearest name."""
    known = {entry.name: entry for entry in models()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower().replace("_", "-").replace(" ", "-"), known, n=1, cutoff=0.5)
    by_id = next((entry.name for entry in models() if name in entry.ids), None)
    best = by_id or (near[0] if near else None)
    hint = f"did you mean {best!r}?" if best else f"known models: {', '.join(known)}"
    raise NotFoundError(f"there is no base model {name!r}", hint=hint)


def model_of_arn(arn: str) -> Model | None:
    """Return the base model that a foundation model's ARN names; None if the catalogue has none, or no ARN is given."""
    _, found, identifier = arn.partition(":foundation-model/")
    known = (entry for entry in models() if identifier in entry.ids or identifier.startswith(f"{entry.base_id}:"))
    return next(known, None) if found else None


def model_of(recipe: Recipe) -> Model:
    """Return a recipe's base model, with the limits of the trainer that it names. Raises NotFoundError."""
    return model(recipe.model).trained_by(recipe.trainer)


SHARED = ("tokens", "answers", "hosting", "lifecycle", "invocation")  # tables that a model names


def teacher_of(recipe: Recipe, student: Model) -> Model:
    """Return the recipe's teacher, or the first in the catalogue. Raises RecipeError if it can't teach the model."""
    teachers = student.method("distillation").teachers
    name = recipe.teacher or teachers[0]
    if name not in teachers:
        fix = f"teachers for {student.name}: {', '.join(teachers)}"
        raise RecipeError([Problem("teacher", f"{name!r} can't teach {student.name}", fix)])
    return model(name)


def _parse(document: dict[str, Any]) -> list[Model]:
    """Resolve references to shared tables (``limits = "nova"``) and to sources."""
    sources = document["sources"]

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        found = {key: resolved(item) for key, item in value.items()}
        if "source" in found:
            found["source"] = sources[found["source"]]
        return found

    def method(facts: dict[str, Any]) -> dict[str, Any]:
        if "sagemaker" in facts:
            facts["sagemaker"] = document["training_jobs"][facts["sagemaker"]]
        facts["limits"] = document["limits"][facts["limits"]]
        if "hyperparameters" in facts:
            table = document["hyperparameters"][facts["hyperparameters"]]
            facts["hyperparameters"] = {key: value for key, value in table.items() if key != "source"}
            facts["hyperparameters_source"] = sources[table["source"]]
        return facts

    found = []
    for name, entry in document["models"].items():
        methods = {key: method(dict(value)) for key, value in entry.get("methods", {}).items()}
        shared = {key: document[key][entry[key]] for key in SHARED if key in entry}
        words = document["reserved_words"].get(entry["family"], {}).get("words", [])
        prices = [_of(price) for price in document["prices"] if name in price["models"]]
        observed = [_of(bill) for bill in document["observed"] if name in bill["models"]]
        whole = {**entry, **shared, "name": name, "methods": methods, "reserved_words": words}
        whole |= {"prices": prices, "observed": observed}
        found.append(Model.model_validate(resolved(whole)))
    return found


def _of(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a price or a bill as a model's entry: amounts as written, not as floats."""
    amount = str(entry["amount"]) if "amount" in entry else None
    return {**{key: value for key, value in entry.items() if key != "models"}, "amount": amount}
