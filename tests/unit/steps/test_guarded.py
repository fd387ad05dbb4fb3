"""An evaluation asks as the live version is called: through the recipe's guardrail."""

from typing import Any

from tailor.evaluation.questions import BASE, CANDIDATE, TEACHER, Arm
from tailor.llm import Reply
from tailor.recipe import Recipe
from tailor.steps.guarded import guarded


class Noted:
    def __init__(self) -> None:
        self.asked: dict[str, dict[str, Any]] = {}

    def converse(self, model_id: str, request: dict[str, Any]) -> Reply:
        self.asked[model_id] = request
        return Reply("đỏ", "end_turn", 1, 1, 1.0)


ARMS = [Arm(CANDIDATE, "arn:candidate"), Arm(BASE, "base"), Arm(TEACHER, "teacher")]


def test_all_arms_but_the_teacher_go_through_the_guardrail() -> None:
    noted = Noted()
    asker = guarded(noted, Recipe.parse("guardrail: {id: abc123, version: '2'}"), ARMS)
    for model in ("arn:candidate", "base", "teacher", "judge"):
        asker.converse(model, {"messages": []})
    config = {"guardrailIdentifier": "abc123", "guardrailVersion": "2"}
    assert {model for model, request in noted.asked.items() if "guardrailConfig" in request} == {
        "arn:candidate",
        "base",
    }
    assert noted.asked["base"]["guardrailConfig"] == config
    assert guarded(noted, Recipe(), ARMS) is noted
