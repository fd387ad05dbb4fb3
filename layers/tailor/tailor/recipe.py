"""The recipe: ``tailor.yaml`` beside the data. Everything has a default, so no recipe is needed.

Unknown keys are refused, with the nearest known one suggested: a misspelt setting must not silently do nothing.
"""

import difflib
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tailor import recipe_text
from tailor.errors import Problem, RecipeError

Method = Literal["fine-tuning", "distillation", "continued-pre-training", "reinforcement"]
METHODS: tuple[Method, ...] = ("fine-tuning", "distillation", "continued-pre-training", "reinforcement")
A_YEAR = 24 * 365  # hours
SMALLEST, LARGEST = 1e-30, 1e15  # of a number that is not 0
Share = Annotated[float, Field(ge=0, le=1)]
Hours = Annotated[float, Field(gt=0, le=A_YEAR)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _of_a_sensible_size(cls, value: Any) -> Any:
        """A run keeps its recipe in DynamoDB, which takes numbers of up to 38 digits, down to 1E-130."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and value and not SMALLEST <= abs(value) <= LARGEST:
            raise ValueError(f"the number must be 0, or between {SMALLEST:g} and {LARGEST:g} in size")
        return value


class Columns(Section):
    """Names of the columns (or JSON keys) that hold each part; what is not named is guessed and reported."""

    question: str | None = Field(default=None, description="the user's text")
    answer: str | None = Field(default=None, description="the answer; a list where several are right")
    context: str | None = Field(default=None, description="a passage that the question is about; comes before it")
    choices: str | list[str] | None = Field(
        default=None, description="multiple choice: a column with lists of them, or a list of columns with one each"
    )
    image: str | None = Field(default=None, description="an image's name, path or S3 URI")
    video: str | None = Field(default=None, description="a video's name, path or S3 URI")
    system: str | None = Field(default=None, description="a system prompt of its own")
    group: str | None = Field(default=None, description="what must not be torn apart by the split")
    category: str | None = Field(default=None, description="a kind of question: scores are reported by it")
    split: str | None = Field(default=None, description="train, validation or test")
    id: str | None = Field(default=None, description="a row's own name")


class Data(Section):
    format: str = Field(default="auto", description="a format's name from docs/data-formats.md, or auto")
    columns: Columns = Columns()
    questions: str | None = Field(
        default=None,
        description="continued pre-training only: a file of questions and answers that decide; all held out",
    )
    system: str | None = Field(default=None, description="system prompt for examples that bring none")
    prompt: str | None = Field(
        default=None, description="what is asked where rows have no question, such as captions of images", min_length=1
    )
    first_choice: Literal[0, 1] | None = Field(
        default=None, description="the number of the first choice, where answers are numbers; none: told from the rows"
    )
    unanswerable: str | None = Field(
        default=None, description="what to answer where the data say that the passage does not (SQuAD 2)", min_length=1
    )
    on_error: Literal["reject", "skip"] = Field(default="reject", description="what an unusable row does to the whole")
    max_errors: Share = Field(default=0.1, description="with on_error: skip, the share of rows that may be unusable")
    redact: bool = Field(default=False, description="replace personal data and secrets by placeholders")
    duplicates: Literal["keep", "drop"] = Field(default="keep", description="what becomes of a row that is there twice")
    at_scale: bool = Field(default=False, description="check with several functions at once, however small it is")


class Split(Section):
    """Shares of the groups. Rows that share a group (an image, a document, a conversation) never part."""

    train: Share = Field(default=0.8, description="share of the groups to learn from")
    validation: Share = Field(default=0.1, description="shown to the trainer; joins train where the model takes none")
    test: Share = Field(default=0.1, description="held out for the evaluation; the trainer never sees it")
    group: Literal["auto", "image", "row"] | str = Field(default="auto", description="or the name of a column")
    seed: int = Field(default=0, description="another seed deals the groups otherwise")

    @model_validator(mode="after")
    def _adds_up(self) -> "Split":
        if abs(self.train + self.validation + self.test - 1) > 1e-6:
            raise ValueError(f"the shares add up to {self.train + self.validation + self.test:g}, not to 1")
        if not self.train:
            raise ValueError("train may not be 0: there would be nothing to learn from")
        return self


class Hyperparameters(Section):
    """None means: the default of the model, adapted to the size of the data."""

    epochs: int | None = Field(default=None, description="passes over the data; none: advised from the data", ge=1)
    learning_rate: float | None = Field(default=None, description="step size; none: advised from the data", gt=0)
    warmup_steps: int | None = Field(
        default=None, description="steps of rising learning rate; none: advised from the data", ge=0
    )
    batch_size: int | None = Field(default=None, description="rows a step; none: advised from the data", ge=1)


class InvocationLogs(Section):
    """Bedrock's model invocation logs as the source of a distillation's prompts."""

    uri: str = Field(pattern=r"^s3://", description="folder of the logs, s3://bucket/prefix/")
    use_responses: bool = Field(default=False, description="logged answers count where the chosen teacher gave them")
    filters: dict[str, str] = Field(default_factory=dict, max_length=16, description="request metadata to have")
    exclude: dict[str, str] = Field(default_factory=dict, max_length=16, description="request metadata not to have")

    @model_validator(mode="after")
    def _few_enough(self) -> "InvocationLogs":
        if len(self.filters) + len(self.exclude) > 16:
            raise ValueError("filters and exclude together may hold 16 entries at most")
        return self


class Distillation(Section):
    max_answer_tokens: int = Field(default=1000, ge=1, description="longest answer of the teacher")
    logs: InvocationLogs | None = Field(default=None, description="none: the prompts are the dataset's")


class Reward(Section):
    """One reward of reinforcement; the whole is the weighted mean, from 0 to 1."""

    kind: Literal["exact-match", "token-f1", "numeric", "format", "json"]
    weight: float = Field(default=1.0, gt=0, le=1000)
    tolerance: float = Field(default=0.0, ge=0, description="numeric: how far off is still right")
    pattern: str | None = Field(default=None, max_length=500, description="format: regular expression to match whole")
    keys: tuple[str, ...] = Field(default=(), description="json: keys that the answer's object must have")

    @model_validator(mode="after")
    def _complete(self) -> "Reward":
        if (self.kind == "format") != (self.pattern is not None):
            raise ValueError("a reward of kind format, and no other, needs a pattern")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"the pattern is not a regular expression: {error}") from error
        return self


REWARDS = "kinds: exact-match, token-f1, numeric, format, json; docs/training.md has what each needs"


class Reinforcement(Section):
    """None means: the model's default."""

    rewards: tuple[Reward, ...] = Field(
        default=(Reward(kind="exact-match"),), min_length=1, max_length=10, description=REWARDS
    )
    samples_per_prompt: int | None = Field(
        default=None, ge=1, description="answers tried for each prompt; none: the model's default"
    )
    max_prompt_tokens: int | None = Field(default=None, ge=1, description="longest prompt; none: the model's default")
    max_answer_tokens: int | None = Field(default=None, ge=1, description="longest answer; none: the model's default")
    reasoning_effort: Literal["low", "medium", "high"] | None = Field(default=None, description="how long it thinks")
    evaluate_every: int | None = Field(default=None, ge=1, description="steps between two looks at the validation set")


class Patience(Section):
    """Hours that a job may stay in a phase without a change. Half of it is a warning, all of it the end."""

    validation_hours: Hours = Field(default=6, description="Bedrock checks the data")
    processing_hours: Hours = Field(default=12, description="Bedrock reads the data")
    waiting_hours: Hours = Field(default=12, description="data is ready and training has not started")
    training_hours: Hours = Field(default=72, description="training goes on without a change")
    stopping_hours: Hours = Field(default=6, description="the job was told to stop and has not")
    deploying_hours: Hours = Field(default=2, description="the model or its deployment is being made, or finds no room")
    stop: bool = Field(default=True, description="stop what stalls; false: only warn")


class Budget(Section):
    """Below ``limit`` a run trains by itself; above it, or with an unknown price, it waits for a yes."""

    limit: Decimal | None = Field(default=None, ge=0, description="US dollars a run; none: the stack's default")
    approval_hours: Hours = Field(default=72, description="how long a run waits for a yes before it is declined")


class Guard(Section):
    metric: str
    margin: float = Field(default=0.02, ge=0, description="how much worse than the baseline is still accepted")


def language_code(text: str) -> str:
    """``vi`` of ``vi``, ``VI`` and ``vi-VN``; ``auto`` stays. Raises ValueError for what is no code."""
    code = re.split("[-_]", text.strip().lower())[0]
    if code == "auto" or re.fullmatch("[a-z]{2,3}", code):
        return code
    raise ValueError(f"{text!r} is not a language's code of two or three letters, or auto")


class Evaluation(Section):
    metric: str = Field(default="auto", description="the primary metric, named before training")
    margin: float = Field(default=0.0, ge=0, le=1, description="by how much the candidate must be better")
    minimum_rows: int = Field(default=30, ge=1, description="fewer held-out rows are inconclusive")
    max_rows: int = Field(default=1000, ge=1, description="a sample of this size is asked, by group")
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="of the interval")
    language: Annotated[str, AfterValidator(language_code)] = Field(
        default="auto", description="of the answers: vi, en, ... or auto"
    )
    max_tokens: int = Field(default=256, ge=1, description="longest answer asked for")
    few_shot: int = Field(default=4, ge=0, le=16, description="worked examples in the few-shot baseline; 0: none")
    guards: tuple[Guard, ...] = Field(default=(), description="metrics that may not get worse: {metric, margin}")
    normaliser: dict[str, bool] = Field(default={}, description="steps of the normaliser to switch on or off, by name")
    regression: bool = Field(default=True, description="ask general questions too, to see what the model forgot")
    regression_margin: Share = Field(default=0.15, description="how much worse it may become at each kind of them")
    max_hours: Hours = Field(default=12, description="after that an unfinished evaluation fails")
    judge: str | None = Field(
        default=None, description="catalogue name of a model that compares answers; none: no judge"
    )
    judge_rows: int = Field(default=100, ge=1, description="at most so many pairs are shown to the judge")


class Deployment(Section):
    kind: Literal["on-demand", "provisioned"] = "on-demand"
    promote: bool = Field(default=True, description="a passed verdict goes live by itself")
    keep_previous_hours: float = Field(
        default=24, ge=0, le=A_YEAR, description="how long the replaced version stays for rollback"
    )


class Notifications(Section):
    slack: bool = Field(default=True, description="tell Slack about this dataset's runs, where the stack has a hook")
    mention: str | None = Field(
        default=None, description="id of the Slack member (U…) or group (S…) to mention on failures"
    )


class Recipe(Section):
    """The whole of ``tailor.yaml``."""

    method: Method = "fine-tuning"
    model: str = Field(default="nova-lite", description="a model's name from the catalogue (tailor models)")
    teacher: str | None = Field(default=None, description="distillation only: the teacher's name from the catalogue")
    description: str = Field(default="", max_length=500)
    data: Data = Data()
    split: Split = Split()
    hyperparameters: Hyperparameters = Hyperparameters()
    distillation: Distillation = Distillation()
    reinforcement: Reinforcement = Reinforcement()
    patience: Patience = Patience()
    headroom_rows: int = Field(default=0, ge=0, le=200, description="rows asked of the base before the quote; 0: none")
    budget: Budget = Budget()
    evaluation: Evaluation = Evaluation()
    deployment: Deployment = Deployment()
    notifications: Notifications = Notifications()

    @classmethod
    def parse(cls, text: str | bytes) -> "Recipe":
        """Reads YAML; raises RecipeError that lists every problem, with its line where there is one."""
        recipe, problems = cls.read(text)
        if problems:
            raise RecipeError(problems)
        return recipe

    @classmethod
    def read(cls, text: str | bytes) -> tuple["Recipe", list[Problem]]:
        """What of a YAML text is a recipe, and every problem with the rest, for which the defaults stand. Raises
        RecipeError for what is no YAML."""
        value, problems = recipe_text.load(text), None
        while True:
            try:
                return cls.model_validate(value), problems or []
            except ValidationError as error:
                found = error.errors()
                if problems is None:
                    # A list whose only entry is wrong is called too short as well: one word on it is enough.
                    inner = {detail["loc"][:end] for detail in found for end in range(1, len(detail["loc"]))}
                    kept = [detail for detail in found if detail["type"] != "too_short" or detail["loc"] not in inner]
                    problems = [_field_problem(cls, detail) for detail in kept]
                rest = _without(value, [detail["loc"] for detail in found])
                value = rest if rest != value else {}


def _without(value: dict[Any, Any], places: Iterable[tuple[int | str, ...]]) -> dict[Any, Any]:
    """A copy without the settings that hold the places, or without their sections where they hold no such setting."""
    kept = dict(value)
    for section, *rest in places:
        inner = kept.get(section)
        if rest and isinstance(inner, dict) and rest[0] in inner:
            kept[section] = {name: each for name, each in inner.items() if name != rest[0]}
        else:
            kept = {name: each for name, each in kept.items() if str(name) != str(section)}
    return kept


def _field_problem(model: type[BaseModel], detail: Any) -> Problem:
    path = [str(part) for part in detail["loc"]]
    where = ".".join(path) or "tailor.yaml"
    if detail["type"] == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        near = difflib.get_close_matches(path[-1], known, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return Problem(where, "there is no such setting", fix)
    message = detail["msg"].removeprefix("Value error, ")
    return Problem(where, f"{message} (found {detail['input']!r:.80})", "see docs/recipe.md for what it takes")


def _fields_at(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        field = model.model_fields.get(part)
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)
