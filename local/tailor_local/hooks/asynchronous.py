"""Invoke functions asynchronously as Lambda does: retries, events that wait for capacity, the dead-letter queue.

Sources: docs.aws.amazon.com/lambda, "How Lambda handles errors and retries with asynchronous invocation" (two retries
of a function's error; throttled events go back to the queue for up to six hours, after 1 second to 5 minutes) and
"Adding a dead-letter queue" (the event as it is, with RequestID, ErrorCode and ErrorMessage as attributes).
"""

import contextvars
import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from tailor_local import timelapse
from tailor_local.bedrock.platform import Scope
from tailor_local.hooks.identity import denial, take_role
from tailor_local.hooks.needed import inside

log = logging.getLogger("tailor.lambda")
LAMBDA = "lambda.amazonaws.com"
RETRIES = 2
AGE_SECONDS = 6 * 3600
THROTTLED_MINUTES, LONGEST_MINUTES = 1 / 60, 5.0  # from a throttled event to its next attempt, at first and at most
MESSAGE_BYTES = 1024  # of an error's message, as an attribute of a dead letter


def invoke_as_lambda_does() -> None:
    """Retry throttled events without counting an attempt, and use a template's dead-letter queues, unlike the
    emulator."""
    functions = inside("services.lambda_svc")

    def invoke_async_with_retry(func: dict[str, Any], event: Any) -> None:
        work = contextvars.copy_context().run
        threading.Thread(target=work, args=(_work, func, event), name="invocation", daemon=True).start()

    functions.invoke_async_with_retry = invoke_async_with_retry
    _take_dead_letter_queues_in()


def _work(func: dict[str, Any], event: Any) -> None:
    functions = inside("services.lambda_svc")
    config = func.get("config") or func
    with inside("core.responses").request_scope(*functions._account_region_from_function_config(config)):
        given = func.get("event_invoke_config") or (func.get("event_invoke_configs") or {}).get("$LATEST") or {}
        result = _attempts(func, event, given)
        if result is None:
            return
        log.warning("%s failed for good: %s", config["FunctionName"], result.get("body"))
        if destination := ((given.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination"):
            functions._route_async_failure(destination, config["FunctionName"], event, result)
        elif queue := (config.get("DeadLetterConfig") or {}).get("TargetArn"):
            _send_dead_letter(queue, config["Role"], event, result)


def _attempts(func: dict[str, Any], event: Any, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the last attempt's result, or None if an attempt succeeded."""
    retries = given.get("MaximumRetryAttempts", RETRIES)
    ends = time.monotonic() + timelapse.seconds(given.get("MaximumEventAgeInSeconds", AGE_SECONDS) / 60)
    failures, throttled = 0, THROTTLED_MINUTES
    while True:
        result: dict[str, Any] = inside("services.lambda_svc")._execute_function(func, event)
        if not result.get("error"):
            return None
        if result.get("throttle"):
            pause, throttled = throttled, min(2 * throttled, LONGEST_MINUTES)
        else:
            failures += 1
            pause = timelapse.ASYNC_RETRY_MINUTES * failures
        pause = timelapse.seconds(pause)
        if failures > retries or time.monotonic() + pause > ends:
            return result
        time.sleep(pause)


def _send_dead_letter(arn: str, role: str, event: Any, result: Mapping[str, Any]) -> None:
    """Send a dead letter if the function's role allows it; otherwise it is lost, as on AWS."""
    _, _, service, region, account, name = arn.split(":", 5)
    if service != "sqs":
        log.warning("dead letters go to queues only in the local cloud: %s", arn)
        return
    scope = Scope(account, region)
    credentials = take_role(LAMBDA, role, scope, arn)
    why = denial(credentials.access_key, scope, "sqs:SendMessage", arn) if credentials else f"{LAMBDA} may not take it"
    if why:
        log.warning("a dead letter for %s is lost: %s", arn, why)
        return
    queues = inside("services.sqs")
    url = queues._queue_url(name)
    queues._act_send_message(
        {"QueueUrl": url, "MessageBody": json.dumps(event), "MessageAttributes": _attributes(result)}, url
    )


def _attributes(result: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    body = result.get("body")
    told = (body.get("errorMessage") or body.get("message") or "") if isinstance(body, dict) else str(body or "")
    message = told.encode()[:MESSAGE_BYTES].decode(errors="ignore") or "unknown"
    return {
        "RequestID": {"DataType": "String", "StringValue": str(uuid.uuid4())},
        "ErrorCode": {"DataType": "Number", "StringValue": "429" if result.get("throttle") else "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": message},
    }


def _take_dead_letter_queues_in() -> None:
    """Set each function's dead-letter queue from its template."""
    functions, handlers = (
        inside("services.lambda_svc"),
        inside("services.cloudformation.provisioners")._RESOURCE_HANDLERS,
    )
    handler = handlers["AWS::Lambda::Function"]
    create, update = handler["create"], handler["update"]

    def take_in(made: tuple[str, Any], properties: Mapping[str, Any]) -> Any:
        functions._functions[made[0]]["config"]["DeadLetterConfig"] = properties.get("DeadLetterConfig") or {}
        return made

    def created(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        return take_in(create(logical_id, properties, *rest), properties)

    def updated(name: str, old: Any, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        return take_in(update(name, old, properties, *rest, **named), properties)

    handlers["AWS::Lambda::Function"] = {**handler, "create": created, "update": updated}
