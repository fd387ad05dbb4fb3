"""The catalogue of base models: ids, methods, limits, hyperparameters, hosting, prices, end of life.

The facts are in ``catalog.toml``, each with its source; code holds no model id. A fact without a trustworthy source is
absent, and absent means unknown: never zero, never allowed. Preflight asks Bedrock what the account's Region offers.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from tailor.errors import InvalidInputError, NotFoundError, Problem, RecipeError
from tailor.recipe import Method, Recipe

Record = Literal["converse", "prompt-completion", "input", "openai-rft"]
DeploymentKind = Literal["on-demand", "provisioned"]
KINDS: tuple[DeploymentKind, ...] = get_args(DeploymentKind)
PriceItem = Literal[
    "training", "training-hour", "storage", "input", "output", "custom-input", "custom-output", "provisioned"
]
Unit = Literal["1,000 tokens", "model and month", "model unit and hour", "hour"]
UNITS: Mapping[PriceItem, Unit] = {
    "training": "1,000 tokens",
    "training-hour": "hour",
    "storage": "model and month",
    "input": "1,000 tokens",
    "output": "1,000 tokens",
    "custom-input": "1,000 tokens",
    "custom-output": "1,000 tokens",
    "provisioned": "model unit and hour",
}


class Fact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Fact):
    """The source of a fact and the day it was read.

    A field report is one account's experience, not AWS's statement; operators and AWS's Price List are sources of
    prices only.
    """

    url: str
    checked: date
    kind: Literal["documentation", "service-model", "sample", "field-report", "operator", "price-list"]


class Limits(Fact):
    """Limits of one method on one model. None: no known limit; 0 images or videos: not supported."""

    source: Source
    min_rows: int = Field(description="fewer training rows are refused")
    recommended_rows: int = Field(description="fewer training rows are a warning")
    max_rows: int = Field(description="of training and, where rows_count_validation, validation together")
    rows_count_validation: bool = True
    max_validation_rows: int | None = None
    context_tokens: int = Field(description="input and output of one row")
    file_bytes: int | None = None
    line_bytes: int | None = None
    images_per_example: int = 0
    image_formats: tuple[str, ...] = ()
    image_bytes: int | None = None
    image_min_side: int | None = Field(default=None, description="pixels")
    image_max_side: int | None = Field(default=None, description="pixels")
    videos_per_example: int = 0
    video_formats: tuple[str, ...] = ()
    video_bytes: int | None = None
    video_seconds: float | None = None
    tools: bool = Field(default=False, description="rows may define and call tools")
    reasoning: bool = Field(default=False, description="answers may hold reasoning")


class Hyperparameter(Fact):
    """One hyperparameter. ``bedrock`` is its name in the API; its key in the table is its name in the recipe."""

    bedrock: str
    kind: Literal["integer", "number", "choice"]
    minimum: float | None = None
    maximum: float | None = None
    default: float | str | None = Field(default=None, description="None: not sent, Bedrock decides")
    choices: tuple[str, ...] = ()
    note: str = ""

    def check(self, name: str, value: float | str) -> float | str:
        """Return ``value``. Raises InvalidInputError that names the range if it is outside."""
        if self.kind == "choice":
            if value not in self.choices:
                raise InvalidInputError(f"{name} is {value!r}; it takes {', '.join(self.choices)}")
            return value
        low, high = self.minimum, self.maximum
        number = float(value)
        if (low is not None and number < low) or (high is not None and number > high):
            lowest, highest = ("any" if end is None else f"{end:g}" for end in (low, high))
            raise InvalidInputError(f"{name} is {number:g}; this model takes {lowest} to {highest}")
        return int(number) if self.kind == "integer" else number


class MethodFacts(Fact):
    """Facts about one method on one model."""

    source: Source
    record: Record
    limits: Limits
    hyperparameters: Mapping[str, Hyperparameter] = Field(default_factory=dict)
    hyperparameters_source: Source | None = None
    takes_validation_set: bool = False
    teachers: tuple[str, ...] = Field(default=(), description="distillation: names of catalogue models")
    multi_turn: bool = True
    rows_for_one_warmup_step: int | None = Field(default=None, description="AWS's guidance: warm-up steps by rows")
    note: str = ""


class AnswerLimits(Fact):
    """Limits of answers. ``tokens``: the maximum that may be requested."""

    source: Source
    tokens: int


class PixelTokens(Fact):
    """Tokens of images by area after scaling; ``least`` and ``most`` are the limits."""

    side: int = Field(description="pixels that the longer side of a smaller image is enlarged to")
    ratio: int = Field(description="the longest shape: times as long as wide")
    pixels_low: float = Field(description="pixels a token, fewest tokens")
    pixels_high: float
    least: int = Field(description="fewest tokens that the source gives for an image: a smaller one may cost as many")
    most: int = Field(description="most tokens that the source gives for an image: a larger one may cost no more")


class TileTokens(Fact):
    """Tokens of images by the number of square tiles that cover them."""

    tile: int = Field(description="side of a tile in pixels")
    tokens: int = Field(description="of each tile")
    tiles: int = Field(description="most tiles of an image; larger ones are scaled down")


class Tokens(Fact):
    """Sizes of tokens; ranges, because tokenisers are not published."""

    source: Source
    characters_low: float = Field(description="characters a token where text takes few tokens")
    characters_expected: float
    characters_high: float = Field(description="characters a token where text takes many; symbols come on top")
    pixels: PixelTokens | None = None
    tiles: TileTokens | None = None
    video_second: int | None = Field(default=None, description="tokens a second of video")


class Price(Fact):
    """A price; ``amount`` is None if unknown. ``given_as``: how an operator set it."""

    item: PriceItem
    amount: Decimal | None = None
    currency: str = "USD"
    unit: Unit
    region: str
    as_of: date
    source: Source
    given_as: str = ""

    @property
    def origin(self) -> str:
        """Return the price's source for people: ``AWS Price List, 2026-11-29``."""
        if self.source.kind == "operator":
            return self.given_as or "your own price"
        return f"{'AWS Price List' if self.source.kind == 'price-list' else 'catalogue'}, {self.as_of}"


class Observed(Fact):
    """A bill of one team: a bound for similar datasets, not a price."""

    item: PriceItem
    rows: int
    epochs: int
    amount: Decimal
    region: str
    as_of: date
    source: Source


class Lifecycle(Fact):
    source: Source
    status: Literal["active", "retired", "unknown"]
    end_of_life: date | None = None
    note: str = ""


class Hosting(Fact):
    """Ways to serve a model customized from this one."""

    source: Source
    kinds: tuple[DeploymentKind, ...] = ()


class Invocation(Fact):
    """How a base model is called on demand. ``direct``: Regions where its plain id answers. ``profiles``: geographies
    whose inference profile answers in their other Regions."""

    source: Source
    direct: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


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
        """The plain foundation-model id, without context suffix or the Region of an inference profile."""
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
        return {item: f"{prefix}-{self.price_list}-{names['suffixes'][item]}" for item in UNITS}


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
