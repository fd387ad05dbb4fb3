"""The shapes of the catalogue's facts: methods, limits, hyperparameters, tokens, prices, hosting."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from tailor.errors import InvalidInputError

Record = Literal["converse", "document", "prompt-completion", "input", "openai-rft", "preference-pair"]
DeploymentKind = Literal["on-demand", "provisioned"]
KINDS: tuple[DeploymentKind, ...] = get_args(DeploymentKind)
PriceItem = Literal[
    "training",
    "training-hour",
    "instance-hour",
    "preference-instance-hour",
    "storage",
    "input",
    "output",
    "custom-input",
    "custom-output",
    "provisioned",
]
Unit = Literal["1,000 tokens", "model and month", "model unit and hour", "hour", "instance and hour"]
UNITS: Mapping[PriceItem, Unit] = {
    "training": "1,000 tokens",
    "training-hour": "hour",
    "instance-hour": "instance and hour",
    "preference-instance-hour": "instance and hour",
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


class TrainingJobFacts(Fact):
    """Facts about SageMaker's training job for one method on one model: AWS's own recipe with adapters (LoRA)."""

    source: Source
    image: str = Field(description="repository and tag of the training image, in AWS's registry of the Region")
    base: str = Field(description="name of the base model in the recipe")
    recipe: Literal["nova", "nova-2", "nova-dpo"] = Field(description="shape of the recipe's file")
    instance_type: str
    instances: int
    max_rows: int = Field(description="of training and validation together")
    context_tokens: int = Field(description="longer rows are cut")
    price_item: PriceItem = Field(
        default="instance-hour", description="the item that bills its instances: methods may take other types"
    )


class MethodFacts(Fact):
    """Facts about one method on one model.

    ``bedrock``: Bedrock has a customization job for it. ``sagemaker``: none where SageMaker's training jobs do not
    offer it.
    """

    source: Source
    record: Record
    limits: Limits
    hyperparameters: Mapping[str, Hyperparameter] = Field(default_factory=dict)
    hyperparameters_source: Source | None = None
    takes_validation_set: bool = False
    teachers: tuple[str, ...] = Field(default=(), description="distillation: names of catalogue models")
    multi_turn: bool = True
    rows_for_one_warmup_step: int | None = Field(default=None, description="AWS's guidance: warm-up steps by rows")
    bedrock: bool = True
    sagemaker: TrainingJobFacts | None = None
    note: str = ""

    def for_sagemaker(self) -> "MethodFacts":
        """Return the facts with the limits of SageMaker's training job, if there is one."""
        if self.sagemaker is None:
            return self
        tokens = min(self.sagemaker.context_tokens, self.limits.context_tokens)
        limits = {"max_rows": self.sagemaker.max_rows, "context_tokens": tokens}
        return self.model_copy(update={"limits": self.limits.model_copy(update=limits)})

    def measuring_only(self) -> "MethodFacts":
        """Return the facts without limits of training rows: for data on which a model is measured."""
        return self.model_copy(update={"limits": self.limits.model_copy(update={"min_rows": 0, "recommended_rows": 0})})


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
    """Ids for calling a base model on demand. ``direct``: Regions where its plain id answers. ``profiles``: geographies
    whose inference profile answers in their other Regions."""

    source: Source
    direct: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
