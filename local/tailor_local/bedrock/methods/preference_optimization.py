"""Preference optimization (DPO): learns which of two answers to a question is better."""

from tailor_local.bedrock import preferences
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.learner.classifier import Classifier, Pair, Step, pair_loss, train_pairs
from tailor_local.bedrock.methods.work import Curve, Work


class PreferenceOptimization:
    """``beta`` is the recipe's: how closely the model keeps to its base; ``least`` pairs are needed for a step."""

    def __init__(self, work: Work, beta: float, least: int) -> None:
        self._work, self._beta, self._least = work, beta, least
        self.model = Classifier()
        self._pairs: list[Pair] = []
        self._validation: list[Pair] = []

    def read(self) -> None:
        work = self._work
        if work.training_uri is None:
            raise DataError("there are no training data")
        found = preferences.read(work.storage, work.training_uri, work.base)
        if len(found.pairs) < self._least:
            raise DataError(f"{len(found.pairs)} pairs are fewer than a step takes (global_batch_size {self._least})")
        self._pairs = found.pairs
        for uri in work.validation_uris:
            self._validation += preferences.read(work.storage, uri, work.base).pairs
        work.meter(found.tokens * work.epochs)

    def train(self) -> Curve:
        curve = Curve()
        for step in train_pairs(self.model, self._pairs, self._work.epochs, self._work.rate, self._beta):
            self._work.check()
            curve.training.append(step)
        if self._validation:
            last = curve.training[-1]
            loss = pair_loss(self.model, self._validation, self._beta)
            curve.validation.append(Step(last.number, last.epoch, loss))
        return curve
