"""Limit the sizes of events, requests and answers, service by service.

Sources: quotas of API Gateway and Lambda; botocore, PutEvents ("the total entry size must be less than 1MB"), and
EventBridge's "Calculating PutEvents event entry size"; Step Functions' quotas, 256 KiB for a task. Wordings reported in
aws/aws-pdk issue 771 (too large an event), umihico/pythonista-chromeless issue 11 (too large an answer), awslabs/aws-
service-catalog-puppet issue 563 (EventBridge), awslabs/aws-securityhub-multiaccount-scripts issue 63 (Step Functions).
SQS (1 MiB) and SNS (256 KiB) are the emulator's own.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Any

from tailor_local.hooks.needed import inside

GATEWAY_BYTES = 10 * 2**20
REQUEST_BYTES = {"RequestResponse": 6 * 2**20, "Event": 2**20}  # of an invocation, by its type
ANSWER_BYTES = 6 * 2**20 + 100
ENTRY_BYTES = 2**20
TASK_BYTES = 256 * 2**10


def limit_payloads() -> None:
    """Refuse what is too large, where AWS does."""
    _refuse_large_requests()
    _refuse_large_events()
    _refuse_large_answers()
    _refuse_large_entries()
    _refuse_large_task_data()


def _refuse_large_requests() -> None:
    """Refuse bodies above API Gateway's 10 MiB, and events above Lambda's 6 MiB with the body as a JSON string."""
    gateway = inside("services.apigateway_v1")
    original = gateway._invoke_lambda_proxy_v1
    parameters = inspect.signature(original)

    async def _invoke_lambda_proxy_v1(*arguments: Any, **named: Any) -> Any:
        body = parameters.bind(*arguments, **named).arguments["body"] or b""
        text = body if isinstance(body, str) else body.decode(errors="replace")
        if len(body) > GATEWAY_BYTES or size(text) > REQUEST_BYTES["RequestResponse"]:
            return gateway._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        return await original(*arguments, **named)

    gateway._invoke_lambda_proxy_v1 = _invoke_lambda_proxy_v1


def _refuse_large_events() -> None:
    functions = inside("services.lambda_svc")
    handle = functions.handle_request

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> Any:
        if method == "POST" and path.endswith("/invocations"):
            given = {name.lower(): value for name, value in headers.items()}
            kind = given.get("x-amz-invocation-type", "RequestResponse")
            most = REQUEST_BYTES.get(kind)
            if most is not None and len(body) > most:
                message = f"{len(body)} byte payload is too large for the {kind} invocation type (limit {most} bytes)"
                return functions.error_response_json("RequestEntityTooLargeException", message, 413)
        return await handle(method, path, headers, body, query_params)

    functions.handle_request = handle_request


def _refuse_large_answers() -> None:
    functions = inside("services.lambda_svc")
    execute = functions._execute_function

    def _execute_function(func: dict[str, Any], event: Any) -> Any:
        result = execute(func, event)
        if result.get("error") or size(result.get("body")) <= ANSWER_BYTES:
            return result
        message = f"Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes)."
        body = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
        return {**result, "error": True, "function_error": "Unhandled", "body": body}

    functions._execute_function = _execute_function


def _refuse_large_entries() -> None:
    """Refuse a whole request if one of its entries is too large."""
    eventbridge = inside("services.eventbridge")
    put = eventbridge._put_events

    def _put_events(data: Mapping[str, Any], allow_aws_source: bool = False) -> Any:
        if any(entry_size(entry) >= ENTRY_BYTES for entry in data.get("Entries", [])):
            message = "Total size of the entries in the request is over the limit."
            return eventbridge.error_response_json("ValidationException", message, 400)
        return put(data, allow_aws_source)

    eventbridge._put_events = _put_events


def entry_size(entry: Mapping[str, Any]) -> int:
    """Return the size in bytes of an entry of PutEvents, as EventBridge counts it."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")] + (entry.get("Resources") or [])
    return (14 if entry.get("Time") else 0) + sum(len(text.encode()) for text in texts)


def _refuse_large_task_data() -> None:
    machines = inside("services.stepfunctions")
    start, call, run_map = machines._start_execution, machines._call_lambda, machines._run_distributed_map

    def _start_execution(data: dict[str, Any]) -> Any:
        if len(data.get("input", "").encode()) > TASK_BYTES:
            message = (
                "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length "
                f"less than or equal to {TASK_BYTES}"
            )
            return machines.error_response_json("ValidationException", message, 400)
        return start(data)

    def checked(what: str, result: Any) -> Any:
        if size(result) > TASK_BYTES:
            message = (
                f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service "
                "limit."
            )
            raise machines._ExecutionError("States.DataLimitExceeded", message)
        return result

    def _call_lambda(function: str, event: Any) -> Any:
        return checked(function, call(function, event))

    def _run_distributed_map(state: dict[str, Any], *rest: Any) -> Any:
        return checked(state.get("Label", "map"), run_map(state, *rest))

    machines._start_execution, machines._call_lambda = _start_execution, _call_lambda
    machines._run_distributed_map = _run_distributed_map


def size(value: Any) -> int:
    """Return the size of a value as JSON in UTF-8; of bytes, their number."""
    if value is None:
        return 0
    return len(value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode())
