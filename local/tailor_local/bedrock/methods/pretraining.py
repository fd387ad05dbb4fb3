"""Continued pre-training: reads plain documents and learns which word follows which."""

from collections.abc import Sequence

from tailor_local.bedrock import data, tokens
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.learner.classifier import Step
from tailor_local.bedrock.learner.ngrams import WordModel
from tailor_local.bedrock.methods.work import Curve, Work

METHOD = "CONTINUED_PRE_TRAINING"
BATCH = 8  # documents


class Pretraining:
    def __init__(self, work: Work) -> None:
        self._work = work
        earlier = work.earlier_model()
        self.model = earlier if isinstance(earlier, WordModel) else WordModel()
        self._documents: list[str] = []
        self._validation: list[str] = []

    def read(self) -> None:
        work = self._work
        if work.training_uri is None:
            raise DataError("Invocation logs can only be used for distillation.")
        self._documents = self._texts(work.training_uri)
        self._validation = [text for uri in work.validation_uris for text in self._texts(uri)]
        data.check_count(METHOD, len(self._documents) + len(self._validation))
        work.meter(sum(map(tokens.of_text, self._documents)) * work.epochs)

    def _texts(self, uri: str) -> list[str]:
        texts = []
        for line, record in enumerate(data.read_lines(self._work.storage, uri), 1):
            text = record.get("input")
            if not isinstance(text, str) or not text.strip() or len(record) != 1:
                raise DataError(f"Invalid record at line {line}: it must have one key, input, which holds text.")
            texts.append(text)
        return texts

    def prepare(self) -> None:
        """Nothing: documents are read as they are."""

    def train(self) -> Curve:
        return learn(self.model, self._documents, self._validation, self._work)


def learn(model: WordModel, documents: Sequence[str], validation: Sequence[str], work: Work) -> Curve:
    """Train on the documents; a batch's loss is measured before it is read, the validation documents' before and after
    all."""
    curve = Curve()
    number = 0

    def validate(epoch: int) -> None:
        if validation:
            curve.validation.append(Step(number, epoch, model.loss(validation)))

    validate(0)
    for epoch in range(work.epochs):
        for start in range(0, len(documents), BATCH):
            work.check()
            batch = documents[start : start + BATCH]
            curve.training.append(Step(number, epoch, model.loss(batch)))
            number += 1
            if work.rate and epoch == 0:
                model.read(batch)
    validate(work.epochs - 1)
    return curve
