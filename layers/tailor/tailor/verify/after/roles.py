"""The roles of training jobs can be taken by the services that need them, where the stack has training jobs enabled."""

from typing import Any

from tailor.verify.check import Check
from tailor.verify.cleaning import pages
from tailor.verify.world import World

ROLES = {"TrainingRole": "sagemaker.amazonaws.com", "ImportRole": "bedrock.amazonaws.com"}


def _roles(world: World) -> dict[str, Any]:
    resources = pages(
        world, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=world.deployed.name
    )
    names = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in resources}
    here = {role: service for role, service in ROLES.items() if role in names}
    others = []
    for role, service in here.items():
        document = world.call("iam", "get_role", RoleName=names[role]).needed()["Role"]["AssumeRolePolicyDocument"]
        if service not in _trusted(document):
            others.append(f"{role}: {service}")
    return {"training jobs enabled": "TrainingRole" in here, "not to be taken by its service": others}


def _trusted(document: dict[str, Any]) -> list[str]:
    """Return the services that may take a role without further conditions on who calls."""
    found: list[str] = []
    for statement in document["Statement"]:
        services = statement["Principal"].get("Service", []) if statement["Effect"] == "Allow" else []
        found += [services] if isinstance(services, str) else services
    return found


CHECKS = (
    Check(
        id="training-roles",
        assumption="SageMaker may take the stack's role for training jobs, where they are enabled, and Bedrock the one "
        "for imports: IAM has both with the template's trust policies.",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
        when="after deploying",
        expected={"not to be taken by its service": []},
        look=_roles,
        permissions=("cloudformation:ListStackResources", "iam:GetRole"),
        varies=frozenset({"training jobs enabled"}),
    ),
)
