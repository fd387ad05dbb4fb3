"""Records that a run keeps of each step's outcome. The full documents are among the run's files.

A record is written back as it was read: values that no step has set stay out of the row, and values that this version
does not know stay in it, because a row is always written as a whole and a newer function may have set them.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from tailor.costs import Moment, field_names


class JobStatus(StrEnum):
    """A customization job's status at Bedrock."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


class DeploymentStatus(StrEnum):
    """A deployment's status: the first three are Bedrock's, the others a run's own."""

    CREATING = "Creating"
    ACTIVE = "Active"
    FAILED = "Failed"
    DELETING = "Deleting"  # somebody retired the run
    DELETED = "Deleted"
    GONE = "Gone"  # Bedrock has no such deployment
    LENT = "Lent"  # its model units measure a newer version


class RunRecord(BaseModel):
    """Base of a run's records."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy. Raises TypeError for a name that is no field: pydantic would keep a misspelt one as extra."""
        if unknown := set(update or ()) - set(type(self).model_fields):
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        return super().model_copy(update=update, deep=deep)

    @model_serializer(mode="wrap")
    def _as_set(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found = dump(self)
        return {name: found.get(name) for name in field_names(self) if name in self.model_fields_set}


class ExecutionRecord(RunRecord):
    """The state machine's executions that a step handed the run to, if its work was too much for one function."""

    execution: str | None = Field(default=None, description="ARN of the last one")
    executions: int = Field(default=0, description="how many were started")


class FindingCount(RunRecord):
    code: str
    severity: str
    count: int


class AdoptedRecord(RunRecord):
    """Origin of a model that was made elsewhere, which the run measures and serves in place of training one."""

    source: str = Field(description="a custom model's ARN, a model package's ARN, or a checkpoint in S3")
    base: str = Field(description="its base model, by the catalogue's name")
    imported: bool = Field(description="Bedrock makes a custom model of it for this stack, which may delete that one")
    measured_only: bool = Field(
        default=False, description="the data were uploaded for this: no row need be to train on"
    )

    @property
    def settings(self) -> dict[str, str]:
        """Return the recipe's settings that the model decides, whatever the dataset's recipe says."""
        return {"model": self.base, "trainer": "auto"}

    @property
    def origin(self) -> str:
        """Describe in words whose model it is."""
        what = "imported into Bedrock from" if self.imported else "the custom model"
        return f"made elsewhere, {what} {self.source}"


class ReportRecord(ExecutionRecord):
    """Summary of the dataset's report; report.json holds all of it."""

    usable: bool | None = None
    headline: str | None = None
    counts: dict[str, int] = Field(default={}, description="rows, used, rejected, train, validation, test and others")
    findings: tuple[FindingCount, ...] = Field(default=(), description="the first codes, in the report's order")
    tokens: dict[str, int] = {}
    media: dict[str, int] = {}
    baselines: dict[str, Any] | None = None
    location: str | None = Field(default=None, description="the report's folder in the bucket")
    headroom: dict[str, Any] | None = Field(default=None, description="how the base model did: score, rows, or error")
    system: str | None = Field(default=None, description="the system prompt that the model was trained with")


class PhaseRecord(RunRecord):
    """A job's phase: Bedrock's status of it, and the time of its last change."""

    status: str
    since: Moment


class FailedJob(RunRecord):
    arn: str
    failure: str


class EarlierCost(RunRecord):
    """US dollars that a run's jobs before the current one cost. ``most`` is None if a price is not known."""

    least: Decimal
    most: Decimal | None


class ModelDeletion(RunRecord):
    """The end of a run's custom model. It is noted first: if Bedrock refuses, the deletion is tried again."""

    at: Moment
    by: str
    reason: str


class JobRecord(RunRecord):
    """A run's customization job. One that failed before it began, or that a person had tried again, is followed by
    another one (``attempt`` 2 and so on)."""

    attempt: int = 1
    trainer: str | None = Field(
        default=None, description="sagemaker, adopted; none: Bedrock, as in all earlier versions"
    )
    spent_before: EarlierCost | None = None
    first: FailedJob | None = None
    arn: str | None = None
    status: str | None = None
    submitted_at: Moment | None = None
    request: dict[str, Any] = Field(default={}, description="the main parts of CreateModelCustomizationJob's request")
    phases: dict[str, PhaseRecord] = Field(default={}, description="validation, data-processing, training")
    training_loss: float | None = None
    validation_loss: float | None = None
    model_arn: str | None = Field(default=None, description="the custom model, once the job is done")
    model_deleted: ModelDeletion | None = None
    stop_asked_by: str | None = None
    stop_reason: str | None = None

    @property
    def training_status(self) -> str | None:
        """Bedrock's status of the phase ``training``, or None if Bedrock has not reported the phase."""
        phase = self.phases.get("training")
        return phase.status if phase else None


class DeploymentRecord(RunRecord):
    """A run's deployment, current or deleted. ``ends_at``: when provisioned model units are deleted;
    ``standby_until``: when a version that was replaced is. ``taken_from``: the run whose model units they were;
    ``taken_by``: the run that has them now."""

    arn: str
    kind: str | None = None
    status: str | None = Field(default=None, description="a DeploymentStatus, or what else Bedrock says")
    created_at: Moment | None = None
    ends_at: Moment | None = None
    standby_until: Moment | None = None
    taken_from: str | None = None
    taken_by: str | None = None
    retired_by: str | None = None
    retired_why: str | None = None


class SampleRecord(RunRecord):
    """A held-out question with the answers of the candidate and of what it must beat."""

    id: str
    question: str
    references: tuple[str, ...]
    candidate: str
    baseline: str
    gain: float


class EvaluationRecord(ExecutionRecord):
    """An evaluation's verdict and main figures (scores are shares of 1); evaluation/report.json holds all of it."""

    round: int = Field(default=1, description="grows if another version went live and the two must be compared")
    verdict: str | None = None
    headline: str | None = None
    reasons: tuple[str, ...] = ()
    metric: str | None = None
    candidate: float | None = None
    baseline: float | None = None
    baseline_arm: str | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    confidence: float | None = None
    p_value: float | None = None
    rows: int | None = None
    groups: int | None = None
    minimum_detectable_effect: float | None = None
    decisive_rows: int | None = Field(default=None, description="held-out rows that would decide the verdict")
    margin: float | None = None
    normaliser: str | None = None
    samples: tuple[SampleRecord, ...] = ()
    failed_calls: dict[str, int] = Field(default={}, description="by arm")
    paths: dict[str, str] = {}
    live: str | None = Field(default=None, description="the deployment of the live version that was measured too")
    opened_by: str | None = Field(
        default=None, description="who promoted it, so that the sealed rows decide; else none"
    )

    def next_round(self) -> Self:
        """Return the record with which the run is measured once more; its new executions are counted anew."""
        kept = {name: value for name, value in self.model_dump().items() if name not in ExecutionRecord.model_fields}
        return self.model_validate(kept | {"round": self.round + 1})

    def opened(self, by: str) -> Self:
        """Return the record with which the sealed rows are asked: a promotion opens them, and they decide."""
        return self.model_validate(self.next_round().model_dump() | {"round": 1, "opened_by": by})


class StallRecord(RunRecord):
    """Cause of a run's delay. ``wait`` is normal, ``stuck`` is past the recipe's patience."""

    level: Literal["wait", "warn", "stuck"]
    phase: str
    message: str
    since: Moment = Field(description="when the phase was first recorded")
    at: Moment
