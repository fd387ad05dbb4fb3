"""How each customization type learns: what it reads, and the learner that takes it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tailor_local.bedrock import data
from tailor_local.bedrock.context import Standin
from tailor_local.bedrock.data import DataError, Dataset
from tailor_local.bedrock.foundation import FoundationModel, hyperparameter_rules
from tailor_local.bedrock.learner.classifier import Classifier, Example, Step, train
from tailor_local.bedrock.learner.models import LearnedModel, load
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import Job
from tailor_local.bedrock.storage import Storage


@dataclass
class Curve:
    training: list[Step] = field(default_factory=list)
    validation: list[Step] = field(default_factory=list)


@dataclass
class Material:
    """What validation read. ``validation`` is empty where the job has no validation file."""

    base: FoundationModel
    training: Dataset
    validation: list[Example]


class Learner(Protocol):
    @property
    def model(self) -> LearnedModel: ...

    def train(self, rate: float, check: Callable[[], None]) -> Curve:
        """Learn; ``check`` raises where the job was stopped."""
        ...


def read(job: Job, base: FoundationModel, storage: Storage) -> Material:
    """Read and check a job's data. Raises DataError."""
    uri = job.request["trainingDataConfig"].get("s3Uri")
    if uri is None:
        raise DataError("Invocation logs are not part of this stand-in.")
    training = data.conversations(storage, uri, base, job.method)
    validators = (job.request.get("validationDataConfig") or {}).get("validators") or []
    held_out = [data.conversations(storage, item["s3Uri"], base, job.method) for item in validators]
    data.check_count(job.method, len(training.rows) + sum(len(dataset.rows) for dataset in held_out))
    return Material(base, training, [example for dataset in held_out for example in dataset.examples()])


def prepare(job: Job, material: Material, standin: Standin, scope: Scope, storage: Storage) -> Learner:
    """The learner of a job's method, starting from its base model."""
    return FineTuning(starting_model(job, standin), material, epochs(job, material.base))


def starting_model(job: Job, standin: Standin) -> Classifier:
    """An earlier custom model where the job builds on one, else an empty model."""
    identifier = job.request["baseModelIdentifier"]
    for model in standin.state.models.values():
        if identifier in (model.arn, model.name):
            earlier = load((standin.directory / model.weights).read_bytes())
            if isinstance(earlier, Classifier):
                return earlier
    return Classifier()


def epochs(job: Job, base: FoundationModel) -> int:
    given = job.request.get("hyperParameters") or {}
    return int(given.get("epochCount", hyperparameter_rules(base)["epochCount"]["default"]))


def learning_rate(job: Job) -> float:
    given = job.request.get("hyperParameters") or {}
    return float(given.get("learningRate", "0.00001"))


class FineTuning:
    """Learns from examples: conversations with the answers that are wanted."""

    def __init__(self, model: Classifier, material: Material, epochs: int) -> None:
        self.model = model
        self._examples = material.training.examples()
        self._validation = material.validation
        self._epochs = epochs

    def train(self, rate: float, check: Callable[[], None]) -> Curve:
        curve = Curve()
        for step in train(self.model, self._examples, self._epochs, rate):
            check()
            curve.training.append(step)
        if self._validation:
            last = curve.training[-1]
            curve.validation.append(Step(last.number, last.epoch, self.model.loss(self._validation)))
        return curve
