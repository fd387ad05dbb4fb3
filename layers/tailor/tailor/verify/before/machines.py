"""Check that Step Functions accepts the definitions of the state machines."""

import json
from collections.abc import Mapping
from typing import Any

from tailor.verify.check import Check
from tailor.verify.world import World

# A definition that Step Functions must refuse, else its silence says nothing.
_WRONG = json.dumps({"StartAt": "First", "States": {"First": {"Type": "Pass", "Next": "Nowhere"}}})


def _valid(world: World) -> dict[str, Any]:
    function = f"arn:aws:lambda:{world.region}:{world.account}:function:tailor-verify"
    asked = dict(world.template.machines(function))
    answers = {name: _validate(world, definition) for name, definition in asked.items()}
    return {
        "machines": sorted(asked),
        "refused": {name: _why(answer) for name, answer in answers.items() if answer["result"] != "OK"},
        "a wrong definition": _validate(world, _WRONG)["result"],
    }


def _validate(world: World, definition: str) -> Mapping[str, Any]:
    return world.call(
        "stepfunctions", "validate_state_machine_definition", definition=definition, type="STANDARD"
    ).needed()


def _why(answer: Mapping[str, Any]) -> list[str]:
    return [f"{found['code']}: {found['message']} ({found.get('location', '')})" for found in answer["diagnostics"]]


CHECKS = (
    Check(
        id="state-machines-valid",
        assumption="Step Functions accepts the definition of every state machine, and refuses an invalid one.",
        source="https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html",
        when="before deploying",
        expected={"refused": {}, "a wrong definition": "FAIL"},
        look=_valid,
        permissions=("states:ValidateStateMachineDefinition",),
        varies=frozenset({"machines"}),
    ),
)
