"""The recipe: ``tailor.yaml`` beside the data. Every setting has a default, so a recipe is optional.

Unknown keys are refused and the nearest known one is suggested: a misspelt setting must not be ignored silently.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, ValidationError, model_validator

from tailor import recipe_text
from tailor.errors import Problem, RecipeError
from tailor.recipe_problems import SettingError, problems_of
from tailor.recipe_section import Hours, Key, Section, Share
from tailor.recipe_serving import Deployment, RecipeGuardrail, Retention

Method = Literal["fine-tuning", "distillation", "continued-pre-training", "reinforcement", "preference-optimization"]
Trainer = Literal["auto", "bedrock", "sagemaker"]
METHODS: tuple[Method, ...] = get_args(Method)


class Columns(Section):
    """Names of the columns (or JSON keys) for each role; roles without a name are guessed and reported."""

    question: str | None = Field(default=None, description="the user's text")
    answer: str | None = Field(default=None, description="the answer, or a list of correct answers")
    worse: str | None = Field(
        default=None, description="preference-optimization only: the worse of two answers; answer names the better one"
    )
    context: str | None = Field(default=None, description="a passage that the question is about; placed before it")
    choices: str | list[str] | None = Field(
        default=None, description="multiple choice: a column of lists, or a list of columns with one choice each"
    )
    image: str | None = Field(default=None, description="an image's name, path or S3 URI")
    video: str | None = Field(default=None, description="a video's name, path or S3 URI")
    system: str | None = Field(default=None, description="the row's system prompt")
    group: str | None = Field(default=None, description="rows with the same value stay in one split")
    category: str | None = Field(default=None, description="kind of question; scores are reported for each")
    split: str | None = Field(default=None, description="train, validation or test")
    id: str | None = Field(default=None, description="the row's id")


class Data(Section):
    format: str = Field(default="auto", description="name of a format in docs/data-formats.md, or auto")
    columns: Columns = Columns()
    questions: str | None = Field(
        default=None,
        description="continued pre-training only: file of held-out questions and answers that decide the verdict",
    )
    system: str | None = Field(default=None, description="system prompt for rows without one")
    prompt: str | None = Field(
        default=None, description="question for rows without one, such as captions of images", min_length=1
    )
    first_choice: Literal[0, 1] | None = Field(
        default=None, description="number of the first choice if answers are numbers; none: inferred from the rows"
    )
    reasoning: Literal["auto", "keep"] = Field(
        default="auto",
        description="reasoning in answers: learnt as such or taken out, as the model takes it; keep: left in the text",
    )
    unanswerable: str | None = Field(
        default=None, description="answer to questions that the passage does not answer (SQuAD 2)", min_length=1
    )
    documents: Literal["auto", "whole", "lines"] = Field(
        default="auto",
        description="continued pre-training: whole files are documents, or (lines) each line of a text file is one; "
        "auto: whole files, but lines and parts of fewer than three",
    )
    on_error: Literal["reject", "skip"] = Field(
        default="reject", description="what to do about an unusable row: reject the dataset or skip the row"
    )
    max_errors: Share = Field(default=0.1, description="with on_error: skip, the maximum share of unusable rows")
    redact: bool = Field(default=False, description="replace personal data and secrets by placeholders")
    duplicates: Literal["keep", "drop"] = Field(default="keep", description="what to do with duplicate rows")
    at_scale: bool = Field(
        default=False, description="check with several functions in parallel, even if the dataset is small"
    )


class Split(Section):
    """Shares of the groups. Rows of one group (an image, a document, a conversation) stay in one split."""

    train: Share = Field(
        default=0.8, description="share of the groups to train on; if only others are given, what they leave"
    )
    validation: Share = Field(
        default=0.1, description="validates during training; added to train if the model uses none"
    )
    test: Share = Field(default=0.1, description="held out for the evaluation; never used in training")
    group: Literal["auto", "image", "row"] | str = Field(
        default="auto", description="what forms a group, or the name of a column"
    )
    seed: int = Field(default=0, description="another seed gives another assignment")

    @model_validator(mode="before")
    @classmethod
    def _take_the_rest(cls, value: Any) -> Any:
        """Without ``train``, all that the others leave is for training."""
        if not isinstance(value, dict) or "train" in value or not {"validation", "test"} & value.keys():
            return value
        shares = [value.get(name, cls.model_fields[name].default) for name in ("validation", "test")]
        numbers = all(isinstance(share, int | float) and not isinstance(share, bool) for share in shares)
        return {**value, "train": max(0.0, round(1 - sum(shares), 9))} if numbers else value

    @model_validator(mode="after")
    def _adds_up(self) -> "Split":
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            shares = f"train {self.train:g}, validation {self.validation:g}, test {self.test:g}"
            fix = "write all three, such as {train: 0.7, validation: 0.1, test: 0.2}; or test alone"
            raise SettingError(f"the shares add up to {total:g}, not to 1: {shares}", fix)
        if not self.train:
            raise SettingError("train may not be 0: there would be nothing to learn from", "give the others less")
        return self


class Hyperparameters(Section):
    """Training hyperparameters. None: the model's default, adapted to the size of the data."""

    epochs: int | None = Field(default=None, description="passes over the data; none: chosen from the data", ge=1)
    learning_rate: float | None = Field(default=None, description="step size; none: chosen from the data", gt=0)
    warmup_steps: int | None = Field(
        default=None, description="steps of rising learning rate; none: chosen from the data", ge=0
    )
    batch_size: int | None = Field(default=None, description="rows per step; none: chosen from the data", ge=1)
    beta: float | None = Field(
        default=None,
        description="preference-optimization only: how closely the model keeps to its base; none: the model's default",
        gt=0,
    )


class InvocationLogs(Section):
    """Bedrock's model invocation logs as the source of a distillation's prompts."""

    uri: str = Field(pattern=r"^s3://", description="folder of the logs, s3://bucket/prefix/")
    use_responses: bool = Field(default=False, description="use logged answers that the chosen teacher gave")
    filters: dict[Key, str] = Field(default_factory=dict, max_length=16, description="metadata that requests must have")
    exclude: dict[Key, str] = Field(
        default_factory=dict, max_length=16, description="metadata that requests must not have"
    )

    @model_validator(mode="after")
    def _few_enough(self) -> "InvocationLogs":
        if len(self.filters) + len(self.exclude) > 16:
            raise ValueError("filters and exclude together may have at most 16 entries")
        return self


class Distillation(Section):
    max_answer_tokens: int = Field(default=1000, ge=1, description="maximum tokens of the teacher's answers")
    logs: InvocationLogs | None = Field(
        default=None, description="invocation logs to use as prompts; none: the dataset's prompts"
    )


class Reward(Section):
    """One reward of reinforcement. The total is the weighted mean, from 0 to 1."""

    kind: Literal["exact-match", "token-f1", "numeric", "format", "json"]
    weight: float = Field(default=1.0, gt=0, le=1000)
    tolerance: float = Field(default=0.0, ge=0, description="numeric: maximum distance of a correct answer")
    pattern: str | None = Field(
        default=None, max_length=500, description="format: regular expression that the whole answer matches"
    )
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


REWARDS = "kinds: exact-match, token-f1, numeric, format, json; docs/training.md explains each"


class Reinforcement(Section):
    """Settings of reinforcement. None: the model's default."""

    rewards: tuple[Reward, ...] = Field(
        default=(Reward(kind="exact-match"),), min_length=1, max_length=10, description=REWARDS
    )
    samples_per_prompt: int | None = Field(
        default=None, ge=1, description="answers sampled for each prompt; none: the model's default"
    )
    max_prompt_tokens: int | None = Field(
        default=None, ge=1, description="maximum tokens of a prompt; none: the model's default"
    )
    max_answer_tokens: int | None = Field(
        default=None, ge=1, description="maximum tokens of an answer; none: the model's default"
    )
    reasoning_effort: Literal["low", "medium", "high"] | None = Field(
        default=None, description="how much the model reasons"
    )
    evaluate_every: int | None = Field(
        default=None, ge=1, description="steps between two evaluations on the validation set"
    )


class Patience(Section):
    """Hours that a job may stay in a phase without a change. After half of them it warns, after all it stops."""

    validation_hours: Hours = Field(default=6, description="Bedrock checks the data")
    processing_hours: Hours = Field(default=12, description="Bedrock reads the data")
    waiting_hours: Hours = Field(default=12, description="the data is ready and training has not started")
    training_hours: Hours = Field(default=72, description="Bedrock trains, without a change of state")
    stopping_hours: Hours = Field(default=6, description="the job was asked to stop and has not")
    deploying_hours: Hours = Field(
        default=2, description="the model or its deployment is being created, or waits for quota"
    )
    stop: bool = Field(default=True, description="stop stalled jobs; false: only warn")


class Budget(Section):
    """Below ``limit`` a run trains by itself; above it, or with an unknown price, it waits for approval.

    The stack has a limit of its own (parameter BudgetLimit), which a recipe can only lower.
    """

    limit: Decimal | None = Field(
        default=None, ge=0, description="US dollars per run, at most the stack's limit; none: the stack's limit"
    )
    training_hours: Hours = Field(
        default=8, description="SageMaker only: hours after which its job is stopped; the quote counts them all"
    )
    approval_hours: Hours = Field(default=72, description="hours to wait for approval before the run is declined")


class Guard(Section):
    metric: str
    margin: float = Field(default=0.02, ge=0, description="how much worse than the baseline is acceptable")


def language_code(text: str) -> str:
    """Return ``vi`` for ``vi``, ``VI`` and ``vi-VN``; keeps ``auto``. Raises ValueError if it is not a code."""
    code = re.split("[-_]", text.strip().lower())[0]
    if code == "auto" or re.fullmatch("[a-z]{2,3}", code):
        return code
    raise SettingError(f"{text!r} is not a language code of two or three letters, or auto", "write vi, en, or auto")


class Evaluation(Section):
    metric: str = Field(default="auto", description="primary metric, chosen before training")
    margin: float = Field(default=0.0, ge=0, le=1, description="how much better the candidate must be, as a fraction")
    minimum_rows: int = Field(default=30, ge=1, description="with fewer held-out rows the verdict is inconclusive")
    max_rows: int = Field(
        default=1000, ge=1, description="maximum number of held-out rows that are asked; whole groups"
    )
    sealed: float = Field(
        default=0.0, ge=0, le=0.9, description="share of the held-out rows that only a promotion may open; whole groups"
    )
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="confidence level of the interval")
    language: Annotated[str, AfterValidator(language_code)] = Field(
        default="auto", description="language of the answers: vi, en, ... or auto"
    )
    max_tokens: int = Field(default=256, ge=1, description="maximum tokens of an answer")
    few_shot: int = Field(default=4, ge=0, le=16, description="examples in the few-shot baseline; 0: no such baseline")
    guards: tuple[Guard, ...] = Field(default=(), description="metrics that may not get worse: {metric, margin}")
    normaliser: dict[Key, bool] = Field(default={}, description="steps of the normaliser to switch on or off, by name")
    regression: bool = Field(default=True, description="also ask general questions, to detect forgetting")
    regression_margin: Share = Field(
        default=0.15, description="how much worse it may get at each kind of general question"
    )
    max_hours: Hours = Field(default=12, description="hours after which an unfinished evaluation fails")
    judge: str | None = Field(
        default=None, description="model that compares answers (tailor models lists them); none: no judge"
    )
    judge_rows: int = Field(default=100, ge=1, description="maximum number of pairs for the judge")


class Notifications(Section):
    slack: bool = Field(default=True, description="notify Slack about this dataset's runs, if the stack has a hook")
    mention: str | None = Field(
        default=None, description="id of a Slack member (U…) or group (S…) to mention on failures"
    )
    language: Literal["en", "vi"] | None = Field(
        default=None, description="language of this dataset's notices; none: the stack's (NoticeLanguage)"
    )


class Recipe(Section):
    """A complete ``tailor.yaml``."""

    method: Method = "fine-tuning"
    model: str = Field(default="nova-lite", description="base model (tailor models lists them)")
    teacher: str | None = Field(
        default=None, description="distillation only: teacher model; none: the first listed for the model"
    )
    trainer: Trainer = Field(
        default="auto",
        description="who trains: bedrock (a customization job) or sagemaker (a training job, where the stack has it "
        "enabled); auto: Bedrock, or SageMaker for what Bedrock does not take",
    )
    description: str = Field(default="", max_length=500)
    data: Data = Data()
    split: Split = Split()
    hyperparameters: Hyperparameters = Hyperparameters()
    distillation: Distillation = Distillation()
    reinforcement: Reinforcement = Reinforcement()
    patience: Patience = Patience()
    headroom_rows: int = Field(
        default=0, ge=0, le=200, description="rows that the base model answers before the quote; 0: none"
    )
    budget: Budget = Budget()
    evaluation: Evaluation = Evaluation()
    deployment: Deployment = Deployment()
    guardrail: RecipeGuardrail | None = Field(
        default=None, description="a guardrail of Amazon Bedrock that all calls go through; none: no guardrail"
    )
    retention: Retention = Retention()
    notifications: Notifications = Notifications()

    @property
    def kept(self) -> Retention:
        """Return how long models are kept: for good in recipes of earlier versions, which did not say."""
        return self.retention if "retention" in self.model_fields_set else Retention(not_passed_days=0)

    @classmethod
    def parse(cls, text: str | bytes) -> "Recipe":
        """Parse YAML into a recipe. Raises RecipeError that lists every problem, with its line if known."""
        recipe, problems = cls.read(text)
        if problems:
            raise RecipeError(problems)
        return recipe

    @classmethod
    def read(cls, text: str | bytes) -> tuple["Recipe", list[Problem]]:
        """Return the valid settings of a YAML text as a recipe, with defaults for the rest, and every problem.

        Raises:
            RecipeError: the text is not YAML.
        """
        value, problems = recipe_text.load(text), None
        while True:
            try:
                return cls.model_validate(value), problems or []
            except ValidationError as error:
                found = error.errors()
                if problems is None:
                    # A list whose only entry is wrong is also reported as too short: one problem is enough.
                    inner = {detail["loc"][:end] for detail in found for end in range(1, len(detail["loc"]))}
                    kept = [detail for detail in found if detail["type"] != "too_short" or detail["loc"] not in inner]
                    problems = problems_of(cls, kept)
                rest = _without(value, [detail["loc"] for detail in found])
                value = rest if rest != value else {}


def _without(value: dict[Any, Any], places: Iterable[tuple[int | str, ...]]) -> dict[Any, Any]:
    """Return a copy without the settings at the given places, or without their sections if they have none."""
    kept = dict(value)
    for section, *rest in places:
        inner = kept.get(section)
        if rest and isinstance(inner, dict) and rest[0] in inner:
            kept[section] = {name: each for name, each in inner.items() if name != rest[0]}
        else:
            kept = {name: each for name, each in kept.items() if str(name) != str(section)}
    return kept
