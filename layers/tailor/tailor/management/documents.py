"""Documents of the API for people: what it answers, as pydantic models, from which docs/openapi.json is made.

Times are ISO 8601 in UTC, amounts US dollars as text, scores shares of 1. Later versions may add members.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from tailor.costs import Every
from tailor.runs import State
from tailor.vietnamese import as_asked

Prose = Annotated[str, PlainSerializer(lambda text: as_asked(text), when_used="json")]
"""A sentence for people: answered in the language that the request asks for."""
type Amounts = list[str] | None
"""Low, expected and high in US dollars; null if any of it is unknown."""


class Document(BaseModel):
    """Base of all documents."""

    model_config = ConfigDict(frozen=True)


class QuoteTotals(Document):
    """Price of a run in advance, as far as an approval needs it."""

    currency: str
    totals: dict[Every, Amounts] = Field(description="by period: once, a month, a day")
    unknown: list[Prose] = Field(description="items whose price is not known")
    advice: list[Prose] = Field(description="what to know before paying")


class QuoteLine(Document):
    """One item of a quote. Amounts are null where the price is not known."""

    item: str
    title: Prose
    every: Every
    low: Decimal | None
    expected: Decimal | None
    high: Decimal | None
    how: Prose = Field(description="how the amount comes about, or why it is unknown")


class QuoteDocument(QuoteTotals):
    """Price of a run in advance, item by item."""

    lines: list[QuoteLine]


class TimelineEntry(Document):
    """One entry of a run's history."""

    state: State
    at: datetime
    by: str = Field(description="a function, person:NAME, or key:NAME (ID)")
    reason: str


class FindingSummary(Document):
    code: str
    severity: str
    count: int


class DataDocument(Document):
    """Result of the check of the dataset."""

    usable: bool
    headline: Prose
    counts: dict[str, int] = Field(description="rows, used, rejected, train, validation, test and others")
    media: dict[str, int]
    findings: list[FindingSummary] = Field(description="the first codes; /findings has the texts")


class Phase(Document):
    name: str
    status: str
    since: datetime


class JobDocument(Document):
    """The customization job at Bedrock."""

    status: str | None
    attempt: int
    submitted_at: datetime | None
    phases: list[Phase]
    training_loss: float | None
    validation_loss: float | None


class EvaluationDocument(Document):
    """The verdict, and the figures it rests on."""

    verdict: str
    headline: Prose | None
    reasons: list[Prose]
    metric: str | None
    candidate: float | None
    baseline: float | None
    baseline_arm: str | None = Field(
        default=None, description="what it was compared with: base, base-few-shot, live or teacher"
    )
    difference: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    rows: int | None


class Wait(Document):
    """Cause of a run's delay. ``wait`` is normal, ``stuck`` is longer than the recipe's patience."""

    level: Literal["wait", "warn", "stuck"]
    phase: str
    message: Prose
    since: datetime


class Links(Document):
    """Addresses of the reports, for anyone who has them, until ``expire_at``. Null where there is no report yet."""

    data_report: str | None
    data_report_vi: str | None = Field(description="the same in Vietnamese, where its readers or the rows are")
    evaluation_report: str | None
    evaluation_report_vi: str | None = Field(description="the same in Vietnamese, where the answers are")
    labels: str | None = Field(description="page on which people label answers")
    expire_at: datetime


class RunSummary(Document):
    """A run in a list."""

    id: str
    object: Literal["run"] = "run"
    project: str
    dataset: str
    method: str
    model: str
    state: State
    open: bool = Field(description="whether the run goes on, or waits for somebody")
    created_at: datetime
    changed_at: datetime
    reason: str = Field(description="why it is in this state; may be empty")
    verdict: str | None
    actions: list[str] = Field(description="what can be posted to /v1/runs/{run}/{action} in this state")


class RunDocument(RunSummary):
    """All that is known of a run."""

    timeline: list[TimelineEntry] = Field(description="the oldest first")
    data: DataDocument | None
    quote: QuoteDocument | None
    answer_by: datetime | None = Field(description="until when a run that awaits approval waits for it")
    job: JobDocument | None
    deployment: str | None = Field(description="status of the deployment at Bedrock")
    evaluation: EvaluationDocument | None
    waits: Wait | None
    origin: Prose | None = Field(description="of a model that was made elsewhere and adopted; null: the run trains one")
    newer: str | None = Field(description="the run of what its folder holds since this one trains")
    links: Links


class RunList(Document):
    """A page of runs, the one that changed last first. ``after: last_id`` gives the next page."""

    object: Literal["list"] = "list"
    data: list[RunSummary]
    first_id: str | None
    last_id: str | None
    has_more: bool


class FindingDocument(Document):
    """A finding of the data check. ``lines`` are the first places, ``count`` all."""

    code: str
    severity: str
    message: str
    fix: str
    file: str | None
    lines: list[int]
    count: int


class FindingList(Document):
    object: Literal["list"] = "list"
    data: list[FindingDocument]
    has_more: bool


class CurvePoint(Document):
    step: int
    epoch: float | None
    loss: float | None = Field(description="null where it is no finite number")


class CurveDocument(Document):
    """Losses of the job as far as Bedrock has written them, and what they say."""

    object: Literal["curve"] = "curve"
    state: str
    sentence: Prose
    advice: Prose
    training: list[CurvePoint]
    validation: list[CurvePoint]


class ApprovalDocument(Document):
    """A run that asked for approval of its cost, with the decision if there is one."""

    id: str
    object: Literal["approval"] = "approval"
    status: Literal["awaiting", "approved", "declined", "stopped", "superseded"]
    project: str
    dataset: str
    method: str
    model: str
    reason: str = Field(description="why a person decides")
    asked_at: datetime
    expires_at: datetime | None
    quote: QuoteTotals
    decided_at: datetime | None
    decided_by: str | None
    decision_reason: str | None


class ApprovalList(Document):
    object: Literal["list"] = "list"
    data: list[ApprovalDocument]


class UploadDocument(Document):
    object: Literal["upload"] = "upload"
    project: str
    dataset: str
    status: Literal["done"] = "done"


class PieceDocument(Document):
    """Bytes of a file that have not arrived: all of it (``part`` 0), or one of its parts."""

    name: str
    part: int
    offset: int
    size: int


class OpenUploadDocument(Document):
    """An upload under way. No run starts before it is finished."""

    object: Literal["upload"] = "upload"
    project: str
    dataset: str
    status: Literal["open"] = "open"
    begun_at: datetime
    begun_by: str
    resumed: bool = Field(description="whether it had been begun before")
    files: int
    bytes: int
    remaining_bytes: int
    remaining: list[PieceDocument] = Field(description="what has not arrived, in the order of the files")
    ignored: list[str] = Field(default=[], description="files that systems and tools leave behind: not uploaded")


class LinkDocument(Document):
    """Address for the PUT of a piece. It needs these headers, and takes exactly the bytes that were announced."""

    name: str
    part: int
    url: str
    headers: dict[str, str]


class LinkList(Document):
    object: Literal["list"] = "list"
    data: list[LinkDocument]
    expire_at: datetime


class RowFinding(Document):
    code: str
    severity: str
    message: str
    fix: str


class ColumnDocument(Document):
    """A column, or a key. ``role``: what of a row it is, as in the recipe's ``data.columns``; null if it is none."""

    name: str
    role: str | None
    fate: Prose


class PreviewRowDocument(Document):
    line: int
    cells: list[str] = Field(description="a text for each column")
    pictures: list[str] = Field(description="small, as data URLs")
    findings: list[RowFinding]


class PreviewFileDocument(Document):
    name: str
    format: str
    columns: list[ColumnDocument]
    rows: list[PreviewRowDocument]


class PreviewDocument(Document):
    """Preview of a dataset: its first rows, checked as its run will check all of them."""

    object: Literal["preview"] = "preview"
    project: str
    dataset: str
    method: str
    model: str
    whole: bool = Field(description="whether these are all rows; else what only all of them can tell is not said")
    usable: bool | None = Field(description="null where not all rows were checked")
    headline: Prose
    checked: int
    rejected: int
    files: list[PreviewFileDocument]
    findings: list[RowFinding] = Field(description="about files and the dataset")
    quote: QuoteDocument | None = Field(description="where all rows were checked and can be used")
    recipe: str = Field(description="the recipe with the changes; empty: all defaults")
    recipe_problems: list[Prose]


class DeletedModel(Document):
    """A custom model that was deleted, in OpenAI's shape."""

    id: str
    object: Literal["model"] = "model"
    deleted: Literal[True] = True


class UsageLine(Document):
    """Usage of a day, a key or a version. Costs are by the prices of today, null where one is unknown."""

    name: str = Field(description="the day, the key's id, or the run; empty in the total")
    requests: int
    errors: int
    throttled: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    images: int
    p50_ms: int | None
    p95_ms: int | None
    cost_usd: str | None
    known_cost_usd: str = Field(description="cost of the requests whose price is known")
    unpriced_requests: int


class UsageBudget(Document):
    """Budget of a project's calls in a calendar month (UTC), and what they have cost in it."""

    month: str
    limit_usd: str
    spent_usd: str


class ProjectUsageDocument(Document):
    """Usage and cost of calls of a project's model."""

    id: str = Field(description="the project, which is the model's name")
    object: Literal["usage"] = "usage"
    first_day: date
    last_day: date
    currency: Literal["USD"] = "USD"
    total: UsageLine | None = Field(description="null without any request")
    days: list[UsageLine] = Field(description="days with requests, the first one first")
    keys: list[UsageLine]
    versions: list[UsageLine]
    budget: UsageBudget | None = Field(description="null where the project has none")


class ServiceDocument(Document):
    """Live version of a project, and those before it."""

    id: str = Field(description="the project, which is the model's name")
    object: Literal["service"] = "service"
    live: str | None = Field(description="the run that answers")
    previous: list[str] = Field(description="runs that can be rolled back to, the last one first")
    offline_reason: str | None = Field(description="why nothing is live; null if a version is, or none ever was")
    paused: bool = Field(default=False, description="whether the version that was live comes back by itself")
    ended: list[str] = Field(default=[], description="runs whose deployments were taken down by this request")
