"""The stand-in's state: jobs, models, deployments, throughputs, tags and tokens.

Times are seconds since 1970. Everything here can be written as JSON, so that it outlives a restart.
"""

import dataclasses
import hashlib
import threading
from dataclasses import dataclass, field
from typing import Any

from tailor_local.bedrock.platform import Scope

PHASES = ("validationDetails", "dataProcessingDetails", "trainingDetails")
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass
class Job:
    arn: str
    name: str
    model_name: str
    base: str  # training id of the foundation model
    created: float
    modified: float
    request: dict[str, Any]  # as CreateModelCustomizationJob got it
    status: str = "InProgress"
    phases: dict[str, dict[str, Any]] = field(default_factory=dict)
    failure: str | None = None
    ended: float | None = None
    model_arn: str | None = None
    training_loss: float | None = None
    validation_losses: list[float] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    @property
    def method(self) -> str:
        return str(self.request.get("customizationType", "FINE_TUNING"))


@dataclass
class TrainingJob:
    """A training job of SageMaker."""

    arn: str
    name: str
    created: float
    modified: float
    request: dict[str, Any]  # as CreateTrainingJob got it
    status: str = "InProgress"
    secondary: str = "Starting"
    transitions: list[dict[str, Any]] = field(default_factory=list)
    failure: str | None = None
    started: float | None = None
    ended: float | None = None
    losses: dict[str, float] = field(default_factory=dict)


@dataclass
class ModelPackage:
    """A model package of SageMaker."""

    arn: str
    created: float
    request: dict[str, Any]  # as CreateModelPackage got it


@dataclass
class Model:
    arn: str
    name: str
    base: str
    created: float
    job_arn: str | None  # none of an imported model
    weights: str  # file of the learner's model, in the stand-in's directory
    ready: float = 0  # when it is Active
    failure: str | None = None
    technique: str = "lora"  # "full": all weights were trained, which only model units serve
    imported: dict[str, Any] | None = None  # {"uri", "role", "key"} of an imported model; no role: a package's

    def status(self, now: float) -> str:
        if now < self.ready or not (self.weights or self.failure):
            return "Creating"
        return "Failed" if self.failure else "Active"


@dataclass
class Deployment:
    arn: str
    name: str
    model_arn: str
    created: float
    updated: float
    ready: float  # when it is Active
    description: str | None = None
    failure: str | None = None
    update: dict[str, Any] | None = None  # {"model_arn", "ready"} while the model behind it changes

    def status(self, now: float) -> str:
        if now < self.ready:
            return "Creating"
        return "Failed" if self.failure else "Active"


@dataclass
class Throughput:
    arn: str
    name: str
    model_arn: str
    units: int
    created: float
    modified: float
    ready: float
    commitment: str | None = None
    desired_model_arn: str | None = None

    def status(self, now: float) -> str:
        if now >= self.ready:
            return "InService"
        return "Updating" if self.modified > self.created else "Creating"


@dataclass
class Guardrail:
    """One guardrail. ``versions`` holds what each of its versions was made with, ``DRAFT`` what it has now."""

    arn: str
    name: str
    created: float
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[1]


@dataclass
class State:
    jobs: dict[str, Job] = field(default_factory=dict)
    training_jobs: dict[str, TrainingJob] = field(default_factory=dict)
    packages: dict[str, ModelPackage] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    throughputs: dict[str, Throughput] = field(default_factory=dict)
    guardrails: dict[str, Guardrail] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)  # operation and token → ARN
    usage: dict[str, dict[str, int]] = field(default_factory=dict)  # model id or ARN → tokens metered
    made: int = 0  # resources ever made: ids come from it, so they are the same in every run

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "State":
        return cls(
            jobs={arn: Job(**job) for arn, job in data["jobs"].items()},
            training_jobs={arn: TrainingJob(**job) for arn, job in data.get("training_jobs", {}).items()},
            packages={arn: ModelPackage(**item) for arn, item in data.get("packages", {}).items()},
            models={arn: Model(**model) for arn, model in data["models"].items()},
            deployments={arn: Deployment(**item) for arn, item in data["deployments"].items()},
            throughputs={arn: Throughput(**item) for arn, item in data["throughputs"].items()},
            guardrails={arn: Guardrail(**item) for arn, item in data.get("guardrails", {}).items()},
            tags=data["tags"],
            tokens=data["tokens"],
            usage=data["usage"],
            made=data["made"],
        )

    def new_id(self) -> str:
        """Twelve lower-case letters and digits, as Bedrock's resource ids are."""
        self.made += 1
        number = int.from_bytes(hashlib.sha256(str(self.made).encode()).digest())
        return "".join(ALPHABET[number // 36**place % 36] for place in range(12))

    def token_key(self, scope: Scope, operation: str, token: str) -> str:
        return f"{scope.account}/{scope.region}/{operation}/{token}"

    def meter(self, model: str, input_tokens: int, output_tokens: int) -> None:
        used = self.usage.setdefault(model, {"calls": 0, "inputTokens": 0, "outputTokens": 0})
        used["calls"] += 1
        used["inputTokens"] += input_tokens
        used["outputTokens"] += output_tokens


class Store:
    """The state behind one lock; jobs run in threads of their own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.state = State()
        self.calls: dict[str, int] = {}  # operation → how often it was asked for, refused calls too

    def count(self, operation: str) -> int:
        """Note one more call; returns how many there were of this operation."""
        with self.lock:
            self.calls[operation] = self.calls.get(operation, 0) + 1
            return self.calls[operation]
