"""The local Step Functions says what is wrong with a definition."""

import json
from typing import Any

import pytest

from tailor_local.hooks.definitions import diagnostics

PASS = {"Type": "Pass", "End": True}


@pytest.mark.parametrize(
    ("states", "codes"),
    [
        ({"A": PASS}, []),
        ({"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}, []),
        ({"A": {"Type": "Pass", "Next": "Nowhere"}}, ["MISSING_TRANSITION_TARGET"]),
        ({"A": PASS, "B": PASS}, ["MISSING_TRANSITION_TARGET"]),
        ({"A": {"Type": "Pas", "End": True}}, ["SCHEMA_VALIDATION_FAILED"]),
        (
            {"A": {"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "X", "States": {"B": PASS}}}},
            ["MISSING_TRANSITION_TARGET", "MISSING_TRANSITION_TARGET"],
        ),
    ],
)
def test_a_definition_is_looked_through(states: dict[str, Any], codes: list[str]) -> None:
    found = diagnostics(json.dumps({"StartAt": "A", "States": states}))
    assert [item["code"] for item in found] == codes


def test_what_is_not_json_is_refused() -> None:
    assert [item["code"] for item in diagnostics("StartAt: A")] == ["INVALID_JSON_DESCRIPTION"]
