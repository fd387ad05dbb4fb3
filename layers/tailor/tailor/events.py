"""Events that Tailor receives and sends. AWS's events are hints: only the needed fields are read, leniently.

Schemas: Amazon EventBridge reference for S3 and Bedrock (docs.aws.amazon.com/eventbridge/latest/ref); our own in
docs/architecture.md.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tailor.runs import Run, State

SOURCE = "tailor"
RUN_CHANGED = "Run Changed"
RUN_DUE = "Run Due"
RUN_STALLED = "Run Stalled"
UPLOAD_ANSWERED = "Upload Answered"
BUDGET_REACHED = "Budget Reached"
ORPHAN_FOUND = "Orphan Found"


class Event(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class _Bucket(Event):
    name: str


class _Object(Event):
    key: str = Field(description="as it is in S3: unlike direct S3 notifications, not URL-encoded")
    size: int = Field(default=0, description="in bytes; missing where it was deleted")


class _Moved(Event):
    bucket: _Bucket
    object: _Object
    reason: str = ""


class ObjectEvent(Event):
    """``aws.s3`` "Object Created" or "Object Deleted", the whole event: a queue's message holds one as its body."""

    source: Literal["aws.s3"]
    detail_type: Literal["Object Created", "Object Deleted"] = Field(alias="detail-type")
    time: datetime = Field(description="when the object was complete, to the second")
    detail: _Moved


class WakeUp(Event):
    """Body of a message of the queue of wake-ups: a folder to look at."""

    folder: str


class JobStateChange(Event):
    """``detail`` of ``aws.bedrock`` "Model Customization Job State Change" and of ``aws.sagemaker`` "SageMaker Training
    Job State Change"; the rest of it is not read on purpose."""

    job_arn: str = Field(validation_alias=AliasChoices("jobArn", "TrainingJobArn"))


class RunChanged(Event):
    """``detail`` of Tailor's own "Run Changed" and "Run Due": one entry of a run's history."""

    version: Literal[1] = 1
    run: str
    project: str
    dataset: str
    method: str
    model: str
    state: State
    previous: State | None
    sequence: int
    at: datetime
    by: str
    reason: str = ""

    @classmethod
    def of(cls, run: Run, index: int = -1) -> Self:
        """Return the event for the change at ``index`` of the run's history."""
        change = run.history[index]
        before = run.history[change.sequence - 2].state if change.sequence > 1 else None
        return cls(
            run=run.id,
            project=run.project,
            dataset=run.dataset,
            method=run.recipe.method,
            model=run.recipe.model,
            state=change.state,
            previous=before,
            sequence=change.sequence,
            at=change.at,
            by=change.by,
            reason=change.reason,
        )


class RunStalled(RunChanged):
    """``detail`` of Tailor's own "Run Stalled": the run's last change, and what is known of its stall by then."""

    level: Literal["warn", "stuck"]
    phase: str = Field(
        description="validation, processing, waiting, training, stopping, model, room, deploying, idle or budget"
    )
    message: str


class UploadAnswered(Event):
    """``detail`` of Tailor's own "Upload Answered": what people are told of an upload that starts no run.

    ``id`` is the same for every repetition; ``code``, ``severity``, ``message`` and ``fix`` are those of a finding.
    """

    version: Literal[1] = 1
    id: str
    folder: str
    project: str
    dataset: str = Field(description="empty where no dataset can be")
    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    fix: str
    objects: int
    bytes: int
    at: datetime


class BudgetReached(Event):
    """``detail`` of Tailor's own "Budget Reached": calls of a key or a project cost a share of their monthly budget.

    ``owner`` is the key's id, or the project's name; ``project`` the one whose call reached it. US dollars.
    """

    version: Literal[1] = 1
    kind: Literal["key", "project"]
    owner: str
    project: str
    month: str
    percent: int
    limit: Decimal
    spent: Decimal
    at: datetime


class OrphanFound(Event):
    """``detail`` of Tailor's own "Orphan Found": something at Bedrock that no run needs, or a model that is not kept.

    ``id`` is the notice's.
    """

    version: Literal[1] = 1
    id: str
    project: str
    run: str = Field(description="the run that it was made for, by its tags; empty if they name none")
    arn: str
    what: str
    why: str = Field(description="why no run needs it, as a clause")
    removed: bool = Field(description="false: it is removed once it is older")
    hours: float = Field(description="age in hours at which it is removed")
    at: datetime


class AskPart(Event):
    """Input of a function in an evaluation's state machine: chunks to ask."""

    run: str
    execution: str
    chunks: frozenset[int]


class Shard(Event):
    """Input of a function in a large dataset's state machine: the number of a shard, or of a part of the media,
    the work to do with it, and how many of both there are.
    """

    run: str
    execution: str
    task: Literal["name", "fetch", "check"] = "check"
    number: int
    shards: int
    parts: int = 0


class Ended(Event):
    """The result of a state machine."""

    run: str
    execution: str


def changes_between(old: Run | None, new: Run) -> list[RunChanged]:
    """Return the entries of ``new``'s history that ``old`` lacks: usually one, none if only fields changed."""
    seen = old.sequence if old else 0
    return [RunChanged.of(new, index) for index in range(seen, len(new.history))]


def stall_between(old: Run | None, new: Run) -> RunStalled | None:
    """Return the stall that ``new`` has and ``old`` had not, or None if it needs no notice."""
    stall = new.stall
    if stall is None or stall.level == "wait" or (old is not None and old.stall == stall):
        return None
    named = {"level": stall.level, "phase": stall.phase, "message": stall.message}
    return RunStalled.model_validate(RunChanged.of(new).model_dump() | named)


def detail(event: dict[str, Any]) -> dict[str, Any]:
    """Return the detail of an EventBridge event."""
    value = event.get("detail")
    return value if isinstance(value, dict) else {}
