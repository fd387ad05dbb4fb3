"""Trained models as files: one kind a method, each with an `answer`."""

from typing import Protocol

from tailor_local.bedrock.learner import ngrams, policy
from tailor_local.bedrock.learner.classifier import Classifier
from tailor_local.bedrock.learner.features import Prompt
from tailor_local.bedrock.learner.ngrams import WordModel
from tailor_local.bedrock.learner.policy import Policy


class LearnedModel(Protocol):
    def answer(self, prompt: Prompt) -> str | None:
        """Return the answer that training taught the model; None if it answers as its base does."""
        ...

    def save(self) -> bytes: ...


def load(data: bytes) -> LearnedModel:
    if data.startswith(ngrams.MARK):
        return WordModel.load(data)
    if data.startswith(policy.MARK):
        return Policy.load(data)
    return Classifier.load(data)
