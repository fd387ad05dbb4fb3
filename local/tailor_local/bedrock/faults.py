"""Define faults on demand: what the stand-in does wrong when told to.

Set by a JSON file named in TAILOR_FAULTS, or at any time with ``PUT /_tailor/faults``. See docs/local-cloud.md.
"""

import fnmatch
import threading
import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tailor_local import timelapse
from tailor_local.errors import LocalCloudError
from tailor_local.quotas import checked

Phase = Literal["validation", "dataProcessing", "training"]


def _known(quotas: dict[str, int]) -> dict[str, int]:
    try:
        return checked(quotas)
    except LocalCloudError as error:
        raise ValueError(str(error)) from error


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EventFaults(_Part):
    """Faults of job state-change events."""

    lose: float = Field(default=0, ge=0, le=1, description="share of events that are never delivered")
    copies: int = Field(default=1, ge=1, le=10, description="how often each event is delivered")
    delay: float = Field(default=0, ge=0, description="seconds")
    reorder: bool = Field(default=False, description="hold each event back until the next one of any job has gone")


class Stall(_Part):
    """The phase never ends until this fault is taken away or the job is stopped."""

    job: str = Field(default="*", description="pattern of job names")
    phase: Phase = "training"


class Failure(_Part):
    """The job fails in this phase."""

    job: str = "*"
    phase: Phase = "training"
    message: str = "Encountered an internal error when processing the request."
    times: int = Field(default=1_000_000, ge=1, description="how many jobs fail")


class Refusal(_Part):
    """Calls of one operation that answer with an error."""

    operation: str = Field(description="pattern of operation names")
    rate: float = Field(default=1, ge=0, le=1)
    code: str = "ThrottlingException"
    message: str = "Too many requests, please wait before trying again."
    after: int = Field(default=0, ge=0, description="how many calls are answered first")
    times: int = Field(default=1_000_000, ge=1, description="how many calls are refused")


class Faults(_Part):
    events: EventFaults = EventFaults()
    stalls: tuple[Stall, ...] = ()
    failures: tuple[Failure, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    model_minutes: float = Field(
        default=timelapse.MODEL_MINUTES, ge=0, description="how long a trained model takes to become Active"
    )
    model_failure: str | None = Field(default=None, description="trained models end as Failed with this message")
    deployment_failure: str | None = Field(default=None, description="new deployments fail with this message")
    deployment_failures: int = Field(default=1_000_000, ge=1, description="how many deployments fail")
    hold: bool = Field(default=False, description="what is being made stays so until this fault is taken away")
    stream_failure: str | None = Field(default=None, description="streams break off with this error's member name")
    hold_streams: bool = Field(
        default=False, description="streams wait before their last token until this fault is taken away"
    )
    learn: bool = Field(default=True, description="false: training changes nothing, models answer as their base")
    offer: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="customization type → ids of foundation models that take it besides AWS's"
    )
    prices: dict[str, float] = Field(
        default_factory=dict, description="usage type → US dollars that AWS's Price List has besides, or instead"
    )
    quotas: Annotated[dict[str, int], AfterValidator(_known)] = Field(
        default_factory=dict, description="quota's name → another value"
    )


def read(text: str | bytes) -> Faults:
    """Raises LocalCloudError with every mistake named."""
    try:
        return Faults.model_validate_json(text)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise LocalCloudError(f"The faults can't be read: {problems}") from error


def read_file(path: str | None) -> Faults:
    if not path:
        return Faults()
    try:
        return read(Path(path).read_bytes())
    except OSError as error:
        raise LocalCloudError(f"TAILOR_FAULTS names {path}, which can't be read: {error.strerror}.") from error


class Desk:
    """Keeps the current faults and decides, without chance, which calls they hit."""

    def __init__(self, faults: Faults) -> None:
        self._lock = threading.Lock()
        self.faults = faults
        self._asked: dict[int, int] = {}
        self._hit: dict[int, int] = {}
        self._held = time.time() if faults.hold else None

    def now(self) -> float:
        """Return the clock by which resources become ready; it stops while a fault holds them."""
        return time.time() if self._held is None else self._held

    def replace(self, faults: Faults) -> None:
        with self._lock:
            self.faults = faults
            self._held = self.now() if faults.hold else None
            self._asked.clear()
            self._hit.clear()

    def refusal(self, operation: str) -> Refusal | None:
        """Return the error that this call gets, if any."""
        with self._lock:
            for number, fault in enumerate(self.faults.refusals):
                named = fnmatch.fnmatchcase(operation, fault.operation)
                if named and self._hits(number, fault.rate, fault.times, fault.after):
                    return fault
        return None

    def failure(self, job: str, phase: Phase) -> Failure | None:
        with self._lock:
            for number, fault in enumerate(self.faults.failures):
                named = fault.phase == phase and fnmatch.fnmatchcase(job, fault.job)
                if named and self._hits(-1 - number, 1, fault.times):
                    return fault
        return None

    def deployment_failure(self) -> str | None:
        """Return the message with which a deployment created now fails, if any."""
        with self._lock:
            hit = self.faults.deployment_failure and self._hits(1_000_001, 1, self.faults.deployment_failures)
            return self.faults.deployment_failure if hit else None

    def stalled(self, job: str, phase: Phase) -> bool:
        return any(fault.phase == phase and fnmatch.fnmatchcase(job, fault.job) for fault in self.faults.stalls)

    def event_lost(self) -> bool:
        with self._lock:
            return self._hits(1_000_000, self.faults.events.lose, 1_000_000_000)

    def _hits(self, number: int, rate: float, times: int, after: int = 0) -> bool:
        # Spread evenly: of n calls, the whole part of n × rate are hit.
        self._asked[number] = self._asked.get(number, 0) + 1
        asked = max(self._asked[number] - after, 0)
        hit = self._hit.get(number, 0)
        if hit >= times or int(asked * rate + 1e-9) == int((asked - 1) * rate + 1e-9):
            return False
        self._hit[number] = hit + 1
        return True
