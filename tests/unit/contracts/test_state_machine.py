"""The state machine of large evaluations fits the template that deploys it and the function that it calls."""

import re
from typing import Any

import pytest
import yaml

from tailor import errors
from tailor.events import AskPart, Ended
from tests.unit.contracts.template import ROOT, template

TEXT = (ROOT / "statemachines" / "evaluate.asl.yaml").read_text()
STATES: dict[str, Any] = yaml.safe_load(TEXT)["States"]
ASK = STATES["AskAll"]["ItemProcessor"]["States"]["Ask"]
STARTED_WITH = {"run", "execution", "parts", "functions", "pause"}


def test_the_template_fills_in_all_that_the_definition_leaves_open() -> None:
    given = template()["Resources"]["EvaluateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == set(given)


def test_it_reads_what_it_is_started_with() -> None:
    read = set(re.findall(r": \$\.(\w+)$", TEXT, re.MULTILINE))
    assert read == STARTED_WITH


@pytest.mark.parametrize("state", [ASK, STATES["Score"]], ids=["ask", "score"])
def test_what_may_pass_is_tried_again(state: dict[str, Any]) -> None:
    named = {name for retry in state["Retry"] for name in retry["ErrorEquals"] if "." not in name}
    assert {"RetryableError", "ThrottledError"} <= named
    assert all(issubclass(getattr(errors, name), errors.RetryableError) for name in named)


def test_it_gives_the_function_the_fields_that_the_function_reads() -> None:
    part = STATES["AskAll"]["ItemSelector"]["ask"]
    ending = STATES["Score"]["Parameters"]["Payload"]["asked"]
    assert {name.removesuffix(".$") for name in part} == set(AskPart.model_fields)
    assert {name.removesuffix(".$") for name in ending} == set(Ended.model_fields)
