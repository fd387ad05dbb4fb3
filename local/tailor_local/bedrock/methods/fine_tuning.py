"""Fine-tuning: learns from conversations with the answers that are wanted."""

from collections.abc import Sequence

from tailor_local.bedrock import data
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.learner.classifier import Classifier, Example, Step, train
from tailor_local.bedrock.methods.work import Curve, Work


class FineTuning:
    def __init__(self, work: Work) -> None:
        self._work = work
        earlier = work.earlier_model()
        self.model = earlier if isinstance(earlier, Classifier) else Classifier()
        self._examples: list[Example] = []
        self._validation: list[Example] = []

    def read(self) -> None:
        work = self._work
        if work.training_uri is None:
            raise DataError("Invocation logs can only be used for distillation.")
        training = data.conversations(work.storage, work.training_uri, work.base, work.job.method)
        held_out = [data.conversations(work.storage, uri, work.base, work.job.method) for uri in work.validation_uris]
        data.check_count(work.job.method, len(training.rows) + sum(len(dataset.rows) for dataset in held_out))
        self._examples = training.examples()
        self._validation = [example for dataset in held_out for example in dataset.examples()]
        work.meter(training.tokens * work.epochs)

    def prepare(self) -> None:
        """Nothing: features are made while training."""

    def train(self) -> Curve:
        return learn(self.model, self._examples, self._validation, self._work)


def learn(model: Classifier, examples: Sequence[Example], validation: Sequence[Example], work: Work) -> Curve:
    """Teach ``model``; the validation loss is measured at the end."""
    curve = Curve()
    for step in train(model, examples, work.epochs, work.rate):
        work.check()
        curve.training.append(step)
    if validation:
        last = curve.training[-1]
        curve.validation.append(Step(last.number, last.epoch, model.loss(validation)))
    return curve
