"""Validate definitions as Step Functions does; the emulator accepts every one.

The structure is held against cfn-lint's schema of the Amazon States Language; that states lead somewhere is looked at
here. Codes are those of ValidateStateMachineDefinition's API reference.
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tailor_local.hooks.needed import inside

Diagnostic = dict[str, str]


def validate_definitions() -> None:
    machines = inside("services.stepfunctions")

    def _validate_state_machine_definition(data: dict[str, Any]) -> Any:
        found = diagnostics(str(data.get("definition", "")))
        return inside("core.responses").json_response({"result": "FAIL" if found else "OK", "diagnostics": found})

    machines._validate_state_machine_definition = _validate_state_machine_definition


def diagnostics(definition: str) -> list[Diagnostic]:
    """List the faults of a definition (JSON) as the service does; empty if there are none."""
    try:
        document = json.loads(definition)
    except ValueError as error:
        return [_diagnostic("INVALID_JSON_DESCRIPTION", f"Invalid State Machine Definition: {error}", "")]
    if found := [
        _diagnostic("SCHEMA_VALIDATION_FAILED", error.message, "/" + "/".join(map(str, error.absolute_path)))
        for error in _validator().iter_errors(document)
    ]:
        return found
    return list(_lost(document, ""))


@cache
def _validator() -> Any:
    spec = find_spec("cfnlint")  # found without its import, which takes seconds
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("cfn-lint, whose schema of state machines is used here, is not installed")
    schema = Path(spec.submodule_search_locations[0], "data/schemas/other/step_functions/statemachine.json")
    return import_module("jsonschema").Draft7Validator(json.loads(schema.read_text()))


def _lost(machine: dict[str, Any], where: str) -> Iterator[Diagnostic]:
    """Return transitions to missing states, and states that nothing leads to."""
    states: dict[str, dict[str, Any]] = machine["States"]
    reached = set()
    for target, location in _transitions(machine, where):
        reached.add(target)
        if target not in states:
            yield _diagnostic("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", location)
    for name, state in states.items():
        if name not in reached:
            message = f'State "{name}" is not reachable.'
            yield _diagnostic("MISSING_TRANSITION_TARGET", message, f"{where}/States/{name}")
        inner = state.get("ItemProcessor") or state.get("Iterator")
        for part in (*state.get("Branches", []), *([inner] if inner else [])):
            yield from _lost(part, f"{where}/States/{name}")


def _transitions(machine: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    yield machine["StartAt"], f"{where}/StartAt"
    for name, state in machine["States"].items():
        place = f"{where}/States/{name}"
        for key in ("Next", "Default"):
            if key in state:
                yield state[key], f"{place}/{key}"
        for key in ("Choices", "Catch"):
            yield from ((item["Next"], f"{place}/{key}") for item in state.get(key, []))


def _diagnostic(code: str, message: str, location: str) -> Diagnostic:
    return {"severity": "ERROR", "code": code, "message": message, "location": location}
