"""Ask the models of an evaluation through the project's guardrail, as calls of the live version are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tailor.evaluation.questions import TEACHER, Arm
from tailor.llm import Asker, Reply
from tailor.recipe import Recipe


@dataclass(frozen=True, slots=True)
class GuardedAsker:
    """Ask some models through a guardrail, and all others (a teacher, a judge) without."""

    asker: Asker
    config: dict[str, str]
    models: frozenset[str]

    def converse(self, model_id: str, request: dict[str, Any]) -> Reply:
        """Ask a model and return its reply. Raises the errors of the wrapped asker."""
        guarded = {"guardrailConfig": self.config} if model_id in self.models else {}
        return self.asker.converse(model_id, request | guarded)


def guarded(asker: Asker, recipe: Recipe, arms: Sequence[Arm]) -> Asker:
    """Return how the arms of an evaluation are asked under this recipe."""
    if recipe.guardrail is None:
        return asker
    config = {"guardrailIdentifier": recipe.guardrail.id, "guardrailVersion": recipe.guardrail.version}
    return GuardedAsker(asker, config, frozenset(arm.model_id for arm in arms if arm.name != TEACHER))
