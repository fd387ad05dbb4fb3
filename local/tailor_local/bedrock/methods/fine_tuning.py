"""Fine-tuning: learns from conversations with the answers that are wanted.

Where every conversation begins with the same request, there is nothing to tell answers apart by: they are documents,
and the model learns which word follows which.
"""

from collections.abc import Sequence

from tailor_local.bedrock import data
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.learner.classifier import Classifier, Example, Step, train
from tailor_local.bedrock.learner.ngrams import WordModel
from tailor_local.bedrock.methods import pretraining
from tailor_local.bedrock.methods.work import Curve, Work


class FineTuning:
    """``limited``: by Bedrock's number of records."""

    def __init__(self, work: Work, *, limited: bool = True) -> None:
        self._work, self._limited = work, limited
        earlier = work.earlier_model()
        self.model: Classifier | WordModel = earlier if isinstance(earlier, Classifier) else Classifier()
        self._examples: list[Example] = []
        self._validation: list[Example] = []

    def read(self) -> None:
        work = self._work
        if work.training_uri is None:
            raise DataError("Invocation logs can only be used for distillation.")
        training = data.conversations(work.storage, work.training_uri, work.base, work.job.method)
        held_out = [data.conversations(work.storage, uri, work.base, work.job.method) for uri in work.validation_uris]
        if self._limited:
            data.check_count(work.job.method, len(training.rows) + sum(len(dataset.rows) for dataset in held_out))
        self._examples = training.examples()
        self._validation = [example for dataset in held_out for example in dataset.examples()]
        work.meter(training.tokens * work.epochs)
        if _are_documents(self._examples):
            earlier = work.earlier_model()
            self.model = earlier if isinstance(earlier, WordModel) else WordModel()

    def prepare(self) -> None:
        """Nothing: features are made while training."""

    def train(self) -> Curve:
        if isinstance(self.model, WordModel):
            read, held_out = ([example.answer for example in each] for each in (self._examples, self._validation))
            return pretraining.learn(self.model, read, held_out, self._work)
        return learn(self.model, self._examples, self._validation, self._work)


def _are_documents(examples: Sequence[Example]) -> bool:
    asked = {example.prompt.question for example in examples if not example.prompt.images}
    return len(asked) == 1 and len({example.answer for example in examples}) > 1


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
