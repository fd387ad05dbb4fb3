"""API Gateway's authorizer: accept a key or answer 401; answer browsers' preflights, which carry no key."""

import os
from typing import Any

from aws_lambda_powertools import Logger

from tailor.aws.keys import KeyTable
from tailor.errors import NotAllowedError
from tailor.serving import keys
from tailor.serving.origins import AllowedOrigins

logger = Logger()
store = KeyTable(os.environ["SERVING_TABLE"])  # without the settings' class, which needs pydantic
recent = keys.RecentKeys(store)
origins = AllowedOrigins(os.environ.get("ALLOWED_ORIGINS", ""))


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
    if "methodArn" not in event:
        return _preflight(event, headers)
    try:
        key = keys.authenticate(recent.key, headers)
    except NotAllowedError:
        logger.info("key refused")
        # API Gateway answers 401 to exactly this word, and 500 to any other error.
        raise Exception("Unauthorized") from None
    logger.info("key accepted", extra={"key": key.id})
    return {
        "principalId": key.id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
        },
        "context": keys.Caller.of(key).to_context(),
    }


def _preflight(event: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    """Answer OPTIONS for every page; the browser decides by the headers."""
    allowed = origins.preflight(headers.get("origin"), headers.get("access-control-request-headers"))
    own = {"x-request-id": event["requestContext"]["requestId"], "allow": "GET, HEAD, OPTIONS, POST"}
    return {"statusCode": 204, "headers": own | allowed, "body": ""}
