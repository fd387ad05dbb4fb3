"""Check that the API answers as an OpenAI client expects: unknown callers, unknown paths, oversized bodies."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tailor.serving import keys
from tailor.verify.check import Check
from tailor.verify.deployed import HttpResponse
from tailor.verify.world import World

# API Gateway takes 10 MiB, Lambda 6 MiB: each has its own way of refusing what is larger.
ABOVE_LAMBDA, ABOVE_GATEWAY = 6_300_000, 11_000_000


def _strangers(world: World) -> dict[str, Any]:
    well_formed = f"tailor-{world.name}-{'a' * 40}"
    return {
        "no key": _said(_get(world, "/models")),
        "a wrong key": _said(_get(world, "/models", well_formed)),
        "no such path": _said(_get(world, "/nothing", well_formed)),
    }


def _callers(world: World) -> dict[str, Any]:
    """Return headers with and without a key of the session's project, which has no model."""
    secret, _ = keys.create(world.deployed.serving, world.named("key"), [world.name], by=world.deployed.by)
    listed = _get(world, "/models", secret)
    return {
        "models": _said(listed),
        "listed": [item["id"] for item in _document(listed).get("data", [])],
        "no such model": _said(_ask(world, secret, 10)),
        "a body above Lambda's limit": _said(_ask(world, secret, ABOVE_LAMBDA)),
        "a body above API Gateway's limit": _said(_ask(world, secret, ABOVE_GATEWAY)),
    }


def _stages(world: World) -> dict[str, Any]:
    found = world.call("apigateway", "get_stages", restApiId=world.deployed.api_id).needed()["item"]
    names = [stage["stageName"] for stage in found]
    return {"stages": len(names), "a stage that SAM adds": "Stage" in names}


def _get(world: World, path: str, secret: str = "") -> HttpResponse:
    return world.deployed.http("GET", world.deployed.api + path, _headers(secret))


def _ask(world: World, secret: str, size: int) -> HttpResponse:
    body = json.dumps({"model": world.name, "messages": [{"role": "user", "content": "x" * size}]}).encode()
    headers = {**_headers(secret), "content-type": "application/json"}
    return world.deployed.http("POST", f"{world.deployed.api}/chat/completions", headers, body)


def _headers(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"} if secret else {}


def _said(response: HttpResponse) -> str:
    """Return status and error code, as in ``404 not_found``."""
    error = _document(response).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return f"{response.status} {code}" if code else str(response.status)


def _document(response: HttpResponse) -> Mapping[str, Any]:
    try:
        found = json.loads(response.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_DOCS = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"

CHECKS = (
    Check(
        id="api-strangers",
        assumption="API Gateway answers requests without a valid key and for unknown paths with the template's "
        "own errors, which OpenAI clients can read.",
        source=_DOCS + "supported-gateway-response-types.html",
        when="after deploying",
        cost=Decimal("0.001"),
        expected={
            "no key": "401 invalid_api_key",
            "a wrong key": "401 invalid_api_key",
            "no such path": "404 not_found",
        },
        look=_strangers,
        permissions=("cloudformation:DescribeStacks",),
    ),
    Check(
        id="api-callers",
        assumption="A key lists its models; an unknown model is 404, and a body that is too large for Lambda or "
        "for API Gateway is 413.",
        source=_DOCS + "limits.html",
        when="after deploying",
        cost=Decimal("0.001"),
        expected={
            "models": "200",
            "listed": [],
            "no such model": "404 model_not_found",
            "a body above Lambda's limit": "413 request_too_large",
            "a body above API Gateway's limit": "413 request_too_large",
        },
        look=_callers,
        permissions=("dynamodb:PutItem",),
    ),
    Check(
        id="api-stages",
        assumption="The API has the template's stage and no other public one.",
        source="https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/"
        "sam-specification-template-anatomy-globals.html; SAM #191",
        when="after deploying",
        expected={"stages": 1, "a stage that SAM adds": False},
        look=_stages,
        permissions=("apigateway:GET",),
    ),
)
