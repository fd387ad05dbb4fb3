"""Check that EventBridge accepts the patterns of the template's rules: each is put, disabled, under a temporary
name."""

import json
from collections.abc import Mapping
from typing import Any

from tailor.verify.answer import AwsAnswer
from tailor.verify.check import Check
from tailor.verify.world import World

SURELY, TOO_MANY = 4, 8
"""Wildcards in one rule that EventBridge accepts according to public reports, and that it refuses."""
_WRONG = {"source": "not-a-list"}  # a pattern that EventBridge must refuse, else its silence says nothing


def _accepted(world: World) -> dict[str, Any]:
    patterns = world.template.rules
    answers = {name: _put(world, f"rule-{number}", pattern) for number, (name, pattern) in enumerate(patterns.items())}
    return {
        "rules": sorted(patterns),
        "refused": {name: answer.said for name, answer in sorted(answers.items()) if not answer.ok},
        "a wrong pattern": _put(world, "rule-wrong", _WRONG).code or "accepted",
    }


def _complexity(world: World) -> dict[str, Any]:
    """Find the limit with rules of more and more wildcards; each is 2 more by AWS's own rule engine."""
    taken = {count: _put(world, f"rule-wild-{count}", _wildcards(count)) for count in range(SURELY, TOO_MANY + 1)}
    refused = [answer for answer in taken.values() if not answer.ok]
    return {
        f"{SURELY} wildcards accepted": taken[SURELY].ok,
        f"{TOO_MANY} wildcards accepted": taken[TOO_MANY].ok,
        "most wildcards accepted": max((count for count, answer in taken.items() if answer.ok), default=0),
        "refused with": refused[0].said if refused else "",
    }


def _wildcards(count: int) -> dict[str, Any]:
    return {"detail": {"object": {"key": [{"wildcard": f"uploads/*.{letter}"} for letter in "abcdefgh"[:count]]}}}


def _put(world: World, what: str, pattern: Mapping[str, Any]) -> AwsAnswer:
    """Put a rule with the pattern and return EventBridge's answer. It has no target and is deleted immediately."""
    name = world.named(what)
    answer = world.call("events", "put_rule", Name=name, EventPattern=json.dumps(pattern), State="DISABLED").asked()
    if answer.ok:
        world.call("events", "delete_rule", Name=name).needed()
    return answer


CHECKS = (
    Check(
        id="rules-accepted",
        assumption="EventBridge accepts the pattern of every rule of the template, and refuses an invalid one.",
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html; the limit "
        "of complexity is not documented",
        when="before deploying",
        expected={"refused": {}, "a wrong pattern": "InvalidEventPatternException"},
        look=_accepted,
        permissions=("events:PutRule", "events:DeleteRule"),
        varies=frozenset({"rules"}),
    ),
    Check(
        id="rule-complexity",
        assumption="EventBridge accepts a rule with four wildcards (8 by AWS's own rule engine) and refuses one "
        "with eight (16). No rule of the template has any.",
        source="AWS's rule engine (aws/event-ruler); field reports: 8 and 9 taken, 12 and 16 refused",
        when="before deploying",
        expected={f"{SURELY} wildcards accepted": True, f"{TOO_MANY} wildcards accepted": False},
        look=_complexity,
        permissions=("events:PutRule", "events:DeleteRule"),
    ),
)
