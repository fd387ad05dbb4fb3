"""The state machines fit the template that deploys them and the functions that they call."""

import re
from dataclasses import dataclass
from typing import Any, get_args

import pytest
import yaml

from tailor import errors
from tailor.datasets.scale import Task
from tailor.events import AskPart, Ended, Event, Shard
from tests.unit.contracts.template import ROOT, template


@dataclass(frozen=True)
class Machine:
    """``started_with``: what a step gives it; ``maps`` and ``ending``: its states, with key and event of each."""

    name: str
    started_with: frozenset[str]
    maps: tuple[tuple[str, str, type[Event]], ...]
    ending: tuple[str, str, type[Event]]

    @property
    def text(self) -> str:
        return (ROOT / "statemachines" / f"{self.name}.asl.yaml").read_text()

    @property
    def states(self) -> dict[str, Any]:
        states: dict[str, Any] = yaml.safe_load(self.text)["States"]
        return states

    @property
    def tasks(self) -> list[dict[str, Any]]:
        parts = [state for name, _, _ in self.maps for state in self.states[name]["ItemProcessor"]["States"].values()]
        return [*parts, self.states[self.ending[0]]]


EVALUATE = Machine(
    "evaluate",
    frozenset({"run", "execution", "parts", "functions", "pause"}),
    (("AskAll", "ask", AskPart),),
    ("Score", "asked", Ended),
)
PREPARE = Machine(
    "prepare",
    frozenset({"run", "execution", "numbers", "shards", "media", "parts", "functions"}),
    (("NameMedia", "shard", Shard), ("FetchMedia", "shard", Shard), ("CheckAll", "shard", Shard)),
    ("PutTogether", "checked", Ended),
)
each = pytest.mark.parametrize("machine", [EVALUATE, PREPARE], ids=lambda machine: machine.name)


@each
def test_the_template_fills_in_all_that_the_definition_leaves_open(machine: Machine) -> None:
    given = template()["Resources"][f"{machine.name.title()}Machine"]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", machine.text)) == set(given)


@each
def test_it_reads_what_it_is_started_with(machine: Machine) -> None:
    read = set(re.findall(r": \$\.(\w+)$", machine.text, re.MULTILINE))
    assert read == machine.started_with


@each
def test_what_may_pass_is_tried_again(machine: Machine) -> None:
    for state in machine.tasks:
        named = {name for retry in state["Retry"] for name in retry["ErrorEquals"] if "." not in name}
        assert {"RetryableError", "ThrottledError"} <= named
        assert all(issubclass(getattr(errors, name), errors.RetryableError) for name in named)


@each
def test_it_gives_the_function_the_fields_that_the_function_reads(machine: Machine) -> None:
    for state, key, event in machine.maps:
        given = machine.states[state]["ItemSelector"][key]
        assert {name.removesuffix(".$") for name in given} == set(event.model_fields)
    state, key, event = machine.ending
    payload = machine.states[state]["Parameters"]["Payload"][key]
    assert {name.removesuffix(".$") for name in payload} == set(event.model_fields)


def test_media_are_named_then_fetched_before_rows_are_checked_and_only_where_there_are_any() -> None:
    states = PREPARE.states
    [any_media] = states["AnyMedia"]["Choices"]
    assert (any_media["Variable"], any_media["NumericGreaterThan"]) == ("$.parts", 0)
    assert states["AnyMedia"]["Default"] == "CheckAll"
    order = [any_media["Next"]]
    while following := states[order[-1]].get("Next"):
        order.append(following)
    assert order == ["NameMedia", "FetchMedia", "CheckAll", "PutTogether"]
    tasks = [states[name]["ItemSelector"]["shard"]["task"] for name in order[:-1]]
    assert tuple(tasks) == get_args(Task)
    assert all(states[name]["ToleratedFailurePercentage"] == 100 for name in order[:-1])
    labels = [states[name]["Label"] for name in order[:-1]]
    assert len(set(labels)) == len(labels), "a map run is named by its label"
