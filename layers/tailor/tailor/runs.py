"""Runs: one dataset version with one recipe each. States, allowed moves, and who acts on which.

The table is authoritative and events are hints: every function reads the run again before it acts, and moves it by one
conditional write (:meth:`RunStore.save`). The history only grows; its length is the run's ``sequence``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol, TypedDict, Unpack

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from tailor.costs import Quote
from tailor.errors import ConflictError, LostRaceError, NotFoundError
from tailor.names import files_of_run
from tailor.recipe import Recipe
from tailor.records import Record
from tailor.run_records import AdoptedRecord, DeploymentRecord, EvaluationRecord, JobRecord, ReportRecord, StallRecord


class State(StrEnum):
    RECEIVED = "received"
    PREPARING = "preparing"
    PREPARED = "prepared"
    REJECTED = "rejected"
    AWAITING_APPROVAL = "awaiting-approval"
    APPROVED = "approved"
    DECLINED = "declined"
    TRAINING = "training"
    TRAINED = "trained"
    TRAINING_FAILED = "training-failed"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    DEPLOY_FAILED = "deploy-failed"
    EVALUATING = "evaluating"
    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    EVALUATION_FAILED = "evaluation-failed"
    LIVE = "live"
    STANDBY = "standby"
    PAUSED = "paused"
    RETIRED = "retired"
    RESTORING = "restoring"


MOVES: Mapping[State, frozenset[State]] = {
    # Superseded: its folder holds something else by now, which has a run of its own. Stopped: or holds nothing.
    State.RECEIVED: frozenset({State.PREPARING, State.STOPPED, State.SUPERSEDED}),
    State.PREPARING: frozenset({State.PREPARED, State.REJECTED, State.STOPPED, State.SUPERSEDED}),
    State.PREPARED: frozenset(
        {State.AWAITING_APPROVAL, State.TRAINING, State.TRAINING_FAILED, State.STOPPED, State.SUPERSEDED}
    ),
    State.AWAITING_APPROVAL: frozenset({State.APPROVED, State.DECLINED, State.STOPPED, State.SUPERSEDED}),
    State.APPROVED: frozenset({State.TRAINING, State.TRAINING_FAILED, State.STOPPED, State.SUPERSEDED}),
    # Approved: one more attempt.
    State.TRAINING: frozenset({State.TRAINED, State.APPROVED, State.TRAINING_FAILED, State.STOPPED}),
    State.TRAINED: frozenset({State.DEPLOYING, State.DEPLOY_FAILED, State.RETIRED}),
    # Trained: one more attempt.
    State.DEPLOYING: frozenset({State.DEPLOYED, State.TRAINED, State.DEPLOY_FAILED, State.RETIRED}),
    # Trained: its model units go at the end of a day, and it is measured when they are made again.
    State.DEPLOYED: frozenset({State.EVALUATING, State.LIVE, State.TRAINED, State.RETIRED}),
    State.EVALUATING: frozenset(
        {State.PASSED, State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED, State.TRAINED, State.RETIRED}
    ),
    # Evaluating: another version went live since, and the two must be compared.
    State.PASSED: frozenset({State.LIVE, State.EVALUATING, State.INCONCLUSIVE, State.RETIRED}),
    State.FAILED: frozenset({State.LIVE, State.RETIRED}),
    State.INCONCLUSIVE: frozenset({State.LIVE, State.RETIRED}),
    State.EVALUATION_FAILED: frozenset({State.LIVE, State.RETIRED}),
    # Retired: its project was taken offline. Restoring: its deployment is gone, and it is deployed again. Paused: its
    # model units are deleted for a time.
    State.LIVE: frozenset({State.STANDBY, State.RETIRED, State.RESTORING, State.PAUSED}),
    State.PAUSED: frozenset({State.RESTORING, State.RETIRED}),
    State.STANDBY: frozenset({State.LIVE, State.RETIRED}),
    # A person may have it tried again: from what was prepared, or from the beginning. So has its folder's old content.
    State.REJECTED: frozenset({State.RECEIVED}),
    State.DECLINED: frozenset({State.PREPARED}),
    State.TRAINING_FAILED: frozenset({State.PREPARED}),
    State.STOPPED: frozenset({State.RECEIVED, State.PREPARED}),
    State.SUPERSEDED: frozenset({State.RECEIVED, State.PREPARED}),
    # The model is kept: a person may have it deployed and measured again, or deployed again and put live.
    State.DEPLOY_FAILED: frozenset({State.TRAINED, State.RESTORING}),
    State.RETIRED: frozenset({State.RESTORING}),
    State.RESTORING: frozenset({State.LIVE, State.DEPLOY_FAILED, State.RETIRED}),
}
_AGAIN = {State.RECEIVED, State.PREPARED, State.TRAINED, State.RESTORING}  # where a person sends a run that has ended
# States that a run leaves only if a person acts.
TERMINAL = frozenset(state for state, following in MOVES.items() if following <= _AGAIN)

# The job is not submitted yet: nothing is spent, and a change of the folder ends the run.
NOT_BEGUN = frozenset(state for state, following in MOVES.items() if State.SUPERSEDED in following)

# Which function acts on a run in a state; the template's rules say the same, and a test compares the two. States
# that are missing wait for Bedrock (track, reconcile), for a person, or for nothing.
ACTORS: Mapping[State, str] = {
    State.RECEIVED: "prepare",
    State.PREPARING: "prepare",
    State.PREPARED: "train",
    State.APPROVED: "train",
    State.TRAINED: "provision",
    State.DEPLOYED: "evaluate",
    State.EVALUATING: "evaluate",
    State.PASSED: "provision",
    State.FAILED: "provision",
    State.INCONCLUSIVE: "provision",
    State.EVALUATION_FAILED: "provision",
    State.RESTORING: "provision",
}


class Change(Record):
    """One entry of a run's history. ``sequence`` counts from 1."""

    sequence: int
    state: State
    at: datetime
    by: str = Field(description="a function's name, or the person who moved the run by hand")
    reason: str = ""


_ABSENT_AT_FIRST = ("stall", "quote", "job", "deployment", "adopted")


class Updates(TypedDict, total=False):
    """Fields of a run that steps set."""

    lease_until: datetime | None
    attempts: int
    stall: StallRecord | None
    recipe: Recipe
    report: ReportRecord
    quote: Quote | None
    job: JobRecord | None
    deployment: DeploymentRecord | None
    evaluation: EvaluationRecord
    newer: str


class Run(Record):
    id: str
    project: str
    dataset: str
    prefix: str = Field(description="the dataset's folder in the bucket, as it was uploaded")
    fingerprint: str = Field(description="SHA-256 of the dataset's files and its recipe, 64 hex digits")
    recipe: Recipe = Recipe()
    has_recipe: bool = Field(default=True, description="false: a data file alone started it")
    newer: str = Field(default="", description="the run of what its folder holds since this one trains")
    created_at: datetime
    history: list[Change]
    files: str = Field(
        default_factory=lambda known: f"runs/{known['id']}/",
        description="the folder of this run's files in the bucket; rows of earlier versions do not tell it",
    )
    adopted: AdoptedRecord | None = Field(default=None, description="the model made elsewhere; none: it trains one")
    revision: int = Field(default=0, description="grows with every write; the optimistic lock")
    lease_until: datetime | None = Field(default=None, description="somebody works on this run until then")

    attempts: int = Field(default=0, description="how often the work of this state was begun")
    stall: StallRecord | None = Field(default=None, description="what keeps it in this state")

    # What each step found out. In the table, {} stands for None.
    report: ReportRecord = Field(default=ReportRecord(), description="set by prepare")
    quote: Quote | None = Field(default=None, description="set by prepare: what training would cost")
    job: JobRecord | None = Field(default=None, description="set by train and track")
    deployment: DeploymentRecord | None = Field(default=None, description="set by provision")
    evaluation: EvaluationRecord = Field(default=EvaluationRecord(), description="set by evaluate")

    @field_validator(*_ABSENT_AT_FIRST, mode="before")
    @classmethod
    def _none_for_empty(cls, stored: Any) -> Any:
        return stored or None

    @model_serializer(mode="wrap")
    def _empty_for_none(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found = dump(self)
        documents: dict[str, Any] = found | {name: {} for name in _ABSENT_AT_FIRST if getattr(self, name) is None}
        return documents

    @classmethod
    def start(cls, *, now: datetime, by: str = "prepare", reason: str = "", **fields: Any) -> "Run":
        """Return a new run in state ``received``; ``fields`` are those of the class."""
        first = Change(sequence=1, state=State.RECEIVED, at=now, by=by, reason=reason)
        files = files_of_run(fields["project"], fields["id"])
        return cls(created_at=now, history=[first], files=files, **fields)

    @property
    def state(self) -> State:
        return self.history[-1].state

    @property
    def states(self) -> list[State]:
        """Return all states of its history, the first one first."""
        return [change.state for change in self.history]

    @property
    def sequence(self) -> int:
        return self.history[-1].sequence

    def change(self, sequence: int) -> Change:
        """Return an entry of the history, counted from 1. Raises NotFoundError."""
        if not 1 <= sequence <= len(self.history):
            raise NotFoundError(f"run {self.id} has no change {sequence}")
        return self.history[sequence - 1]

    @property
    def results(self) -> str:
        """Return the folder of the evaluation's report and answers; those on sealed rows lie in one of their own."""
        return f"{self.files}evaluation/{'sealed/' if self.evaluation.opened_by else ''}"

    @property
    def is_open(self) -> bool:
        return self.state not in TERMINAL

    @property
    def is_superseded(self) -> bool:
        """Return whether another run of the same folder took its place; "prepare" stopped such runs in earlier
        versions."""
        return self.state == State.SUPERSEDED or (self.state == State.STOPPED and self.history[-1].by == "prepare")

    @property
    def job_arn(self) -> str:
        """Return the customization job's ARN. Raises NotFoundError if none was submitted."""
        return self._needed(self.job.arn if self.job else None, "customization job")

    @property
    def model_arn(self) -> str:
        """Return the custom model's ARN. Raises NotFoundError if there is none."""
        return self._needed(self.job.model_arn if self.job else None, "custom model")

    @property
    def deployment_arn(self) -> str:
        """Return the ARN of the deployment, even of one that was deleted. Raises NotFoundError if there was none."""
        return self._needed(self.deployment.arn if self.deployment else None, "deployment")

    def _needed(self, arn: str | None, what: str) -> str:
        if arn is None:
            raise NotFoundError(f"run {self.id} has no {what}")
        return arn

    @property
    def answer_by(self) -> datetime:
        """Return the time until which a run that awaits approval waits for it."""
        approval = self.quote.approval if self.quote else None
        return approval.until if approval else self.history[-1].at + timedelta(hours=self.recipe.budget.approval_hours)

    def leased(self, now: datetime) -> bool:
        return self.lease_until is not None and self.lease_until > now

    def held_up(self, level: Literal["wait", "warn", "stuck"], phase: str, message: str, now: datetime) -> "Run | None":
        """Return a copy that records what delays it, or None if that is recorded already. A wait sends no notice."""
        known = self.stall if self.stall and self.stall.phase == phase else None
        if known and known.level == level and (level != "wait" or known.message == message):
            return None
        since = known.since if known else now
        return self.updated(stall=StallRecord(level=level, phase=phase, message=message, since=since, at=now))

    def updated(self, **updates: Unpack[Updates]) -> "Run":
        """Return a copy in the same state."""
        return self.model_copy(update=dict(updates))

    def moved(
        self, to: State, *, by: str, reason: str = "", now: datetime | None = None, **updates: Unpack[Updates]
    ) -> "Run":
        """Return a copy in state ``to``, without lease or stall. Raises ConflictError if the move is not allowed."""
        if to not in MOVES[self.state]:
            raise ConflictError(f"run {self.id} is {self.state}: it can't become {to}")
        change = Change(sequence=self.sequence + 1, state=to, at=now or datetime.now(UTC), by=by, reason=reason[:1000])
        cleared = Updates(lease_until=None, attempts=0, stall=None)
        return self.model_copy(update={**cleared, **updates, "history": [*self.history, change]})


MAX_ATTEMPTS = 5  # what killed a long step five times kills it a sixth time


@contextmanager
def giving_back(store: "RunStore", run: Run) -> Iterator[None]:
    """Release the lease of a claimed run if the block fails, so that a retry need not wait for its end."""
    try:
        yield
    except Exception:
        with suppress(ConflictError):
            store.save(run.updated(lease_until=None))
        raise


def claim(
    store: "RunStore", found: str | Run, *, begin: State, working: State, seconds: float, by: str, now: datetime
) -> Run | None:
    """Claim a run for a long step; return None if the step is done or another worker has the run.

    The first delivery moves it from ``begin`` to ``working`` with a lease of ``seconds``. A later one takes it over
    only when the lease has expired, that is, when the first worker was killed.

    Args:
        found: the run's id, or the run as it was read.
    """
    run = store.get(found) if isinstance(found, str) else found
    lease = now + timedelta(seconds=seconds)
    if run.state == begin:
        run = run.moved(working, by=by, now=now, lease_until=lease, attempts=1)
    elif run.state == working and not run.leased(now):
        run = run.updated(lease_until=lease, attempts=run.attempts + 1)
    else:
        return None
    try:
        return store.save(run)
    except ConflictError:
        return None


def find(store: "RunStore", run_id: str) -> Run | None:
    """Return a run, or None if it was removed: an event about it may still arrive, and then there is nothing to do."""
    try:
        return store.get(run_id)
    except NotFoundError:
        return None


MOST_TRIES = 10


def insist[T](act: Callable[[], T]) -> T:
    """Return the result of ``act``, which reads, decides and writes; repeat it if another writer was first.

    If the move is no longer allowed by then, ``act``'s error is raised. There is no pause: after a lost race, another
    writer has made progress.

    Raises:
        LostRaceError: ten attempts in a row were lost.
    """
    for _ in range(MOST_TRIES - 1):
        with suppress(LostRaceError):
            return act()
    return act()


class RunStore(Protocol):
    """Storage of runs. The DynamoDB implementation is :class:`tailor.aws.runs.DynamoRunStore`."""

    def get(self, run_id: str) -> Run:
        """Return a run, read consistently. Raises NotFoundError."""

    def create(self, run: Run) -> bool:
        """Store a new run; return False if it exists: the same upload twice is one run."""

    def save(self, run: Run) -> Run:
        """Write a run if it has not changed since it was read; return it with its new revision.

        Raises:
            LostRaceError: the run has changed.
        """

    def open_runs(self, unreadable: list[str] | None = None, most: int | None = None) -> list[Run]:
        """Return all runs in a non-terminal state, oldest change first, from a sparse index.

        Args:
            unreadable: ids of runs that this version can't read are added to it, so they don't hide the others.
            most: how many to read, if not all.
        """

    def project_runs(self, project: str) -> list[Run]:
        """Return a project's runs, newest first."""

    def newest_runs(self, project: str, until: datetime | None = None, page: int | None = None) -> Iterator[Run]:
        """Yield a project's runs, the one that changed last first, and read no more of them than is taken.

        Args:
            until: when the first of them changed last, at the latest.
            page: how many are read at once, if not as many as fit.
        """
