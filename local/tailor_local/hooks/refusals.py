"""Refuse the function settings that Lambda refuses, by its API and in a template, in its words.

Sources: docs.aws.amazon.com/lambda, quotas. Wordings as reported: the environment in github-aws-runners/
terraform-aws-github-runner issue 3594, sizes in lambci/git-lambda-layer issue 27. How Lambda words its refusal of a
sixth layer was not found.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tailor_local.hooks.needed import inside

ENVIRONMENT_BYTES = 4096
LAYERS = 5
UNPACKED_BYTES = 262_144_000  # of a function and its layers
INVALID = "InvalidParameterValueException"


def refuse_what_lambda_refuses() -> None:
    """Call it before hooks that act on what was made of a template."""
    functions, handlers = (
        inside("services.lambda_svc"),
        inside("services.cloudformation.provisioners")._RESOURCE_HANDLERS,
    )
    create, update = functions._create_function, functions._update_config

    def refused(why: str) -> Any:
        return functions.error_response_json(INVALID, why, 400)

    def _create_function(data: dict[str, Any]) -> Any:
        why = problem(data)
        return refused(why) if why else create(data)

    def _update_config(name: str, data: dict[str, Any]) -> Any:
        why = problem(data)
        return refused(why) if why else update(name, data)

    def _validate_total_unzipped_size(code: bytes | None, layers: Sequence[Any] | None) -> Any:
        why = too_large(code, layers or ())
        return refused(why) if why else None

    functions._create_function, functions._update_config = _create_function, _update_config
    functions._validate_total_unzipped_size = _validate_total_unzipped_size
    function = "AWS::Lambda::Function"
    handlers[function] = {**handlers[function], "create": _creating(handlers[function]["create"])}


def problem(data: Mapping[str, Any]) -> str | None:
    """Return Lambda's message about a function's settings; None if it accepts them."""
    variables = (data.get("Environment") or {}).get("Variables") or {}
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > ENVIRONMENT_BYTES:
        return (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {measured}"
        )
    if len(data.get("Layers") or []) > LAYERS:
        return f"A function can't have more than {LAYERS} layers."
    return None


def too_large(code: bytes | None, layers: Sequence[Any]) -> str | None:
    """Return Lambda's message about a function that is too large with its layers, or None."""
    functions = inside("services.lambda_svc")
    size = functions._unzipped_size(code) + sum(functions._layer_unzipped_size(layer) for layer in layers)
    if size <= UNPACKED_BYTES:
        return None
    return (
        f"Function code combined with layers exceeds the maximum allowed size of {UNPACKED_BYTES} bytes. "
        f"The actual size is {size} bytes."
    )


def _creating(create: Callable[..., Any]) -> Callable[..., Any]:
    functions = inside("services.lambda_svc")

    def created(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if why := problem(properties):
            raise ValueError(f"Resource handler returned message: {why}")
        made = create(logical_id, properties, stack)
        record = functions._functions[made[0]]
        if why := too_large(record["code_zip"], record["config"]["Layers"]):
            del functions._functions[made[0]]
            raise ValueError(f"Resource handler returned message: {why}")
        return made

    return created
