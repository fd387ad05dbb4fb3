"""template.yaml as CloudFormation gets it: after SAM's transform, which adds resources of its own."""

from functools import cache
from typing import Any, ClassVar
from unittest import mock

from tests.unit.contracts.template import ROOT

CODE = {  # what `sam deploy` replaces by places in a bucket
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


class _NoManagedPolicies:
    managed_policies: ClassVar[dict[str, str]] = {}

    def load(self) -> dict[str, str]:
        return self.managed_policies


@cache
def transformed() -> dict[str, Any]:
    # Not for everybody who collects tests: it takes a second.
    from samtranslator.translator.transform import transform  # type: ignore[import-untyped]
    from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

    source = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in source["Resources"].values():
        if place := CODE.get(resource["Type"]):
            resource["Properties"][place] = f"s3://artefacts/{resource['Properties'][place]}"
    with mock.patch.dict("os.environ", {"AWS_DEFAULT_REGION": "us-east-1"}):
        found: dict[str, Any] = transform(source, {}, _NoManagedPolicies())
    return found


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical id."""
    resources = transformed()["Resources"]
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}
