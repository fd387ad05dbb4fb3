"""EventBridge takes the patterns of the template's rules: each is put, switched off, under a throwaway name."""

import json
from collections.abc import Mapping
from typing import Any

from tailor.verify.answer import Answer
from tailor.verify.check import Check
from tailor.verify.world import World

_WRONG = {"source": "not-a-list"}  # a pattern that EventBridge must refuse, else its silence says nothing


def _accepted(world: World) -> dict[str, Any]:
    patterns = world.template.rules
    answers = {name: _put(world, f"rule-{number}", pattern) for number, (name, pattern) in enumerate(patterns.items())}
    return {
        "rules": sorted(patterns),
        "refused": {name: answer.said for name, answer in sorted(answers.items()) if not answer.ok},
        "a wrong pattern": _put(world, "rule-wrong", _WRONG).code or "accepted",
    }


def _put(world: World, what: str, pattern: Mapping[str, Any]) -> Answer:
    """What EventBridge says of a pattern. The rule has no target, and is deleted at once."""
    name = world.named(what)
    answer = world.call("events", "put_rule", Name=name, EventPattern=json.dumps(pattern), State="DISABLED").asked()
    if answer.ok:
        world.call("events", "delete_rule", Name=name).needed()
    return answer


CHECKS = (
    Check(
        id="rules-accepted",
        assumption="EventBridge takes the pattern of every rule of the template, and refuses a pattern that is none.",
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html; the limit "
        "of complexity is not documented",
        when="before deploying",
        expected={"refused": {}, "a wrong pattern": "InvalidEventPatternException"},
        look=_accepted,
        permissions=("events:PutRule", "events:DeleteRule"),
        varies=frozenset({"rules"}),
    ),
)
