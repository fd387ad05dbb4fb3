"""The input and the result of a job's method."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tailor_local.bedrock.context import Standin
from tailor_local.bedrock.foundation import FoundationModel, hyperparameter_rules
from tailor_local.bedrock.learner.classifier import Step
from tailor_local.bedrock.learner.models import LearnedModel, load
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import Job
from tailor_local.bedrock.storage import Storage


@dataclass(frozen=True)
class Work:
    """One job with the hands of its role. ``check`` raises where the job was stopped."""

    job: Job
    base: FoundationModel
    storage: Storage
    standin: Standin
    scope: Scope
    check: Callable[[], None]

    @property
    def training_uri(self) -> str | None:
        uri: str | None = self.job.request["trainingDataConfig"].get("s3Uri")
        return uri

    @property
    def validation_uris(self) -> list[str]:
        validators = (self.job.request.get("validationDataConfig") or {}).get("validators") or []
        return [validator["s3Uri"] for validator in validators]

    @property
    def epochs(self) -> int:
        given = self.job.request.get("hyperParameters") or {}
        return int(given.get("epochCount", hyperparameter_rules(self.base)["epochCount"]["default"]))

    @property
    def rate(self) -> float:
        """Return the learning rate as Bedrock counts it; 0 where a fault says that nothing is learned."""
        if not self.standin.desk.faults.learn:
            return 0.0
        given = self.job.request.get("hyperParameters") or {}
        return float(given.get("learningRate", hyperparameter_rules(self.base)["learningRate"]["default"]))

    def earlier_model(self) -> LearnedModel | None:
        """Return the custom model that the job builds on, if it names one."""
        identifier = self.job.request["baseModelIdentifier"]
        for model in self.standin.state.models.values():
            if identifier in (model.arn, model.name):
                return load((self.standin.directory / model.weights).read_bytes())
        return None

    def meter(self, tokens: int) -> None:
        """Note tokens that were trained on, as they would be billed."""
        with self.standin.store.lock:
            self.standin.state.meter(f"training/{self.job.base}", tokens, 0)


@dataclass
class Curve:
    training: list[Step] = field(default_factory=list)
    validation: list[Step] = field(default_factory=list)


class Method(Protocol):
    """The three phases of a job: `read` and check the data, `prepare` it, `train`. Raises DataError where it fails."""

    @property
    def model(self) -> LearnedModel: ...

    def read(self) -> None: ...

    def prepare(self) -> None: ...

    def train(self) -> Curve: ...
