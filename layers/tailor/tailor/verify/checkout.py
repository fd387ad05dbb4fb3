"""Read a checkout of Tailor: what would be deployed from it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = "template.yaml"
# What is only known once it is deployed. A rule or a state machine is as good with another name in its place.
PLACEHOLDER = "tailor-verify"


class _Loader(yaml.CSafeLoader):
    pass


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _short_form)


def read_template(file: Path) -> Mapping[str, Any]:
    """Return a CloudFormation template with short forms such as ``!Ref`` expanded."""
    found: Mapping[str, Any] = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506  (a SafeLoader)
    return found


@dataclass(frozen=True)
class Checkout:
    """``root`` contains template.yaml."""

    root: Path

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """Return the template with short forms such as ``!Ref`` expanded."""
        return read_template(self.root / TEMPLATE)

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the template's resources by logical id."""
        found: Mapping[str, Mapping[str, Any]] = self.template["Resources"]
        return found

    def properties(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Yield the properties of the resources of one type."""
        return {name: item.get("Properties", {}) for name, item in self.resources.items() if item["Type"] == kind}

    @property
    def rules(self) -> dict[str, dict[str, Any]]:
        """Return the patterns of all rules by logical id, including those that SAM makes from functions' and machines'
        events."""
        found = {
            name: rule["EventPattern"]
            for name, rule in self.properties("AWS::Events::Rule").items()
            if "EventPattern" in rule
        }
        for kind in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine"):
            for owner, properties in self.properties(kind).items():
                for event, details in properties.get("Events", {}).items():
                    if details["Type"] in ("EventBridgeRule", "CloudWatchEvent"):
                        found[f"{owner}{event}"] = details["Properties"]["Pattern"]
        return {name: _filled_in(pattern) for name, pattern in found.items()}

    def machines(self, function_arn: str) -> Iterator[tuple[str, str]]:
        """Return name and definition (JSON) of each state machine, with ``function_arn`` in place of each
        function's."""
        for properties in self.properties("AWS::Serverless::StateMachine").values():
            path = self.root / properties["DefinitionUri"]
            values = dict.fromkeys(properties.get("DefinitionSubstitutions", {}), PLACEHOLDER)
            values |= {name: function_arn for name in values if name.endswith("Arn")}
            values["Partition"] = function_arn.split(":")[1]
            text = path.read_text("utf-8")
            for name, value in values.items():
                text = text.replace(f"${{{name}}}", value)
            yield path.name.split(".")[0], json.dumps(yaml.safe_load(text))

    @property
    def reserved_concurrency(self) -> int:
        """Return how many concurrent executions the template's functions reserve."""
        found = (item.get("ReservedConcurrentExecutions", 0) for item in self.properties(_FUNCTION).values())
        return sum(number for number in found if isinstance(number, int))


_FUNCTION = "AWS::Serverless::Function"


def find_checkout(start: Path) -> Checkout | None:
    """Return the checkout that contains ``start``; None if there is none."""
    for folder in (start, *start.parents):
        if (folder / TEMPLATE).is_file() and (folder / "statemachines").is_dir():
            return Checkout(folder)
    return None


def _filled_in(value: Any) -> Any:
    """Return the value without CloudFormation's functions, with placeholders for their results."""
    if isinstance(value, Mapping):
        name = next(iter(value), "")
        if len(value) == 1 and (name == "Ref" or str(name).startswith("Fn::")):
            return PLACEHOLDER
        return {key: _filled_in(item) for key, item in value.items()}
    return [_filled_in(item) for item in value] if isinstance(value, list) else value
