"""Documents of a comparison of two runs. Pairs are in the order of ``runs``."""

from typing import Literal

from pydantic import Field

from tailor.management.documents import Amounts, Document, EvaluationDocument, RunSummary

type Missing = Literal["not_measured", "other_metric", "other_questions", "not_kept"]


class ComparedRun(RunSummary):
    """A run with the figures to compare."""

    evaluation: EvaluationDocument | None
    train_rows: int | None
    cost: Amounts = Field(description="low, expected and high of what is paid once, as quoted; null if unknown")
    training_loss: float | None
    validation_loss: float | None


class RecipeDifference(Document):
    """A setting of the recipe that is not the same in both. Null: not set."""

    setting: str = Field(description="such as hyperparameters.epochs")
    values: tuple[str | None, str | None]


class ComparedAnswer(Document):
    text: str
    score: float = Field(description="share of 1, by the deciding metric")


class ComparedQuestion(Document):
    """A held-out question whose answers scored differently. Texts are cut at 500 characters."""

    question: str
    group: str = Field(description="the picture, document or conversation that it is about")
    references: list[str]
    answers: list[ComparedAnswer]


class QuestionComparison(Document):
    """The held-out questions that both were asked. It decides nothing; each run's verdict does."""

    shared: int
    scores: tuple[float, float] = Field(description="mean scores on the shared questions")
    difference: float = Field(description="the second minus the first")
    interval: tuple[float, float] | None = Field(description="of the difference, about 95 %; null with a single group")
    better: tuple[int, int] = Field(description="questions that one of them answers better")
    rows: list[ComparedQuestion] = Field(description="the clearest differences first")
    has_more: bool


class ComparisonDocument(Document):
    """Two runs of a project beside each other."""

    object: Literal["comparison"] = "comparison"
    project: str
    runs: list[ComparedRun]
    recipe: list[RecipeDifference]
    questions: QuestionComparison | None
    no_questions: Missing | None = Field(
        description="why there are none; not_kept: a run was measured by an earlier version"
    )
