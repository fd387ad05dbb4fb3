"""API Gateway's authorizer: a bearer key, or 401."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from tailor.aws.keys import KeyTable
from tailor.errors import NotAllowedError
from tailor.serving import keys

logger = Logger()
store = KeyTable(os.environ["SERVING_TABLE"])  # without the settings' class, which needs pydantic


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    try:
        key = keys.authenticate(store, _authorization(event))
    except NotAllowedError:
        logger.info("key refused")
        # API Gateway answers 401 to exactly this word, and 500 to any other error.
        raise Exception("Unauthorized") from None
    logger.info("key accepted", extra={"key": key.id})
    return {
        "principalId": key.id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": _whole_stage(event)}],
        },
        "context": keys.Caller.of(key).to_context(),
    }


def _authorization(event: dict[str, Any]) -> str:
    """The header's value, from a TOKEN or a REQUEST authorizer's event."""
    if "authorizationToken" in event:
        return str(event["authorizationToken"] or "")
    headers = event.get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == "authorization"), "")


def _whole_stage(event: dict[str, Any]) -> str:
    """API Gateway keeps the policy for a key's next requests, which may be to another method."""
    api, stage, *_ = str(event["methodArn"]).split("/")
    return f"{api}/{stage}/*"
