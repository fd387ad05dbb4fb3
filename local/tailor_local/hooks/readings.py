"""Read templates and policies quickly: the emulator does so for each deployment and each request."""

from functools import lru_cache
from typing import Any

import yaml

from tailor_local.hooks.needed import inside

POLICIES = 1000  # different texts of policies whose statements are kept


def read_templates_quickly() -> None:
    """Parse templates with libyaml. PyYAML's own parser takes a second for ours, several times in a deployment."""
    engine = inside("services.cloudformation.engine")

    class CfnLoader(yaml.CSafeLoader):
        yaml_constructors = engine.CfnLoader.yaml_constructors

    engine.CfnLoader = CfnLoader


def read_policies_once() -> None:
    """Keep the statements of policies, which are parsed again twice for each request."""
    evaluator = inside("core.iam_evaluator")
    original = evaluator.parse_policy_document
    kept = lru_cache(POLICIES)(original)

    def parse_policy_document(doc: Any) -> list[Any]:
        return list(kept(doc)) if isinstance(doc, str) else list(original(doc))

    evaluator.parse_policy_document = parse_policy_document
