"""Trained models as files: one kind a method, each with an `answer`."""

from typing import Protocol

from tailor_local.bedrock.learner.classifier import Classifier
from tailor_local.bedrock.learner.features import Prompt


class LearnedModel(Protocol):
    def answer(self, prompt: Prompt) -> str | None:
        """What training taught the model to say, or None where it says what its base says."""
        ...

    def save(self) -> bytes: ...


def load(data: bytes) -> LearnedModel:
    return Classifier.load(data)
