"""Limit how many functions an account may run at once, with the errors of Lambda and its callers.

Sources: docs.aws.amazon.com/lambda (lambda-concurrency, Invoke, PutFunctionConcurrency), botocore's ThrottleReason; the
limit of 10 and the wording of a refused reservation as reported in aws-samples/amazon-rekognition-serverless-
large-scale-image-and-video-processing issue 6; API Gateway's 500 for a throttled function in the re:Post question
QUfI6bsdd0SOiPeyimzxSkfQ.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tailor_local.hooks.needed import inside

FEW = 1000  # accounts whose limit was raised so far must leave more unreserved
UNRESERVED, UNRESERVED_OF_FEW = 100, 10
THROTTLED = "Rate Exceeded."


def limit_concurrency(limit: Callable[[], int]) -> None:
    """Limit executions to ``limit()`` at once; reservations are subtracted from it, whether used or not."""
    functions = inside("services.lambda_svc")
    settings, respond = functions._get_account_settings, functions._throttle_response

    def _acquire_execution_slot(func: dict[str, Any], config: dict[str, Any]) -> tuple[str | None, str | None]:
        key, reserved = functions._inflight_key(config), functions._reserved_concurrency(func, config)
        running = functions._inflight
        with functions._inflight_lock:
            if reserved is not None and running.get(key, 0) >= reserved:
                return None, "function"
            if reserved is None and not room(limit(), reservations(), running):
                return None, "account"
            running[key] = running.get(key, 0) + 1
            functions._inflight_total += 1
        return key, None

    def _throttle_response(reason_code: str, msg: str, retry_after: int = 1) -> Any:
        response = respond(reason_code, THROTTLED, retry_after)
        response["body"]["Type"] = "User"
        return response

    def _get_account_settings() -> Any:
        functions._ACCOUNT_CONCURRENCY_CAP = limit()
        return settings()

    functions._acquire_execution_slot = _acquire_execution_slot
    functions._throttle_response = _throttle_response
    functions._get_account_settings = _get_account_settings
    _refuse_reservations(limit)
    _throttle_the_gateway()
    _name_what_a_machine_meets()


def room(limit: int, reserved: Mapping[str, int], running: Mapping[str, int]) -> bool:
    """Return whether a function without a reservation may run beside ``running`` (executions by function)."""
    return sum(number for key, number in running.items() if key not in reserved) < limit - sum(reserved.values())


def reservations() -> dict[str, int]:
    """Return reserved executions by function, with the keys of running ones."""
    functions = inside("services.lambda_svc")
    records = [record for name in list(functions._functions.keys()) if (record := functions._functions.get(name))]
    return {
        functions._inflight_key(record["config"]): int(record["concurrency"])
        for record in records
        if record.get("concurrency") is not None
    }


def refusal(name: str, wanted: int, limit: int) -> str | None:
    """Return why ``wanted`` executions can't be reserved for a function; None if they can."""
    minimum = UNRESERVED if limit >= FEW else UNRESERVED_OF_FEW
    others = sum(number for key, number in reservations().items() if not key.endswith(f":{name}"))
    if limit - others - wanted >= minimum:
        return None
    return (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
        f"below its minimum value of [{minimum}]."
    )


def _refuse_reservations(limit: Callable[[], int]) -> None:
    """Refuse reservations, of PutFunctionConcurrency and of a template, whose reservations the emulator ignores."""
    functions, handlers = (
        inside("services.lambda_svc"),
        inside("services.cloudformation.provisioners")._RESOURCE_HANDLERS,
    )
    put, handler = functions._put_function_concurrency, handlers["AWS::Lambda::Function"]
    create, update = handler["create"], handler["update"]

    def _put_function_concurrency(name: str, data: dict[str, Any]) -> Any:
        if why := refusal(name, int(data.get("ReservedConcurrentExecutions", 0)), limit()):
            return functions.error_response_json("InvalidParameterValueException", why, 400)
        return put(name, data)

    def reserved(name: str, properties: Mapping[str, Any], make: Callable[[], tuple[str, Any]]) -> Any:
        wanted = properties.get("ReservedConcurrentExecutions")
        if wanted is not None and (why := refusal(name, int(wanted), limit())):
            raise ValueError(f"Resource handler returned message: {why}")
        made = make()
        functions._functions[made[0]]["concurrency"] = None if wanted is None else int(wanted)
        return made

    def created(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        return reserved("", properties, lambda: create(logical_id, properties, *rest))

    def updated(name: str, old: Any, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        return reserved(name, properties, lambda: update(name, old, properties, *rest, **named))

    functions._put_function_concurrency = _put_function_concurrency
    handlers["AWS::Lambda::Function"] = {**handler, "create": created, "update": updated}


def _throttle_the_gateway() -> None:
    """Turn a function's 429 into API Gateway's 500, as for a failed integration."""
    gateway = inside("services.apigateway_v1")
    call = gateway._call_lambda_raw

    async def _call_lambda_raw(*arguments: Any, **named: Any) -> tuple[Any, str | None]:
        result, problem = await call(*arguments, **named)
        return (None, THROTTLED) if result and result.get("throttle") else (result, problem)

    gateway._call_lambda_raw = _call_lambda_raw


def _name_what_a_machine_meets() -> None:
    """Fail a state machine's task with Lambda.TooManyRequestsException, by which it can be retried."""
    machines = inside("services.stepfunctions")
    call = machines._call_lambda

    def _call_lambda(function: str, event: Any) -> Any:
        try:
            return call(function, event)
        except machines._ExecutionError as error:
            if error.error == "Lambda.Unknown" and f'"message": "{THROTTLED}"' in str(error.cause):
                raise machines._ExecutionError("Lambda.TooManyRequestsException", THROTTLED) from error
            raise

    machines._call_lambda = _call_lambda
