"""Change the emulator (`ministack`) from inside, only here: add Bedrock, and correct what differs from AWS."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tailor_local import timelapse
from tailor_local.account import SERVICES, Account
from tailor_local.bedrock.service import Bedrock
from tailor_local.hooks import (
    alarms,
    asynchronous,
    concurrency,
    crowd,
    definitions,
    functions,
    identity,
    leading_keys,
    logs,
    machines,
    payloads,
    queues,
    readings,
    refusals,
    rules,
    streaming,
)
from tailor_local.hooks.identity import Emulator
from tailor_local.hooks.needed import inside, missing
from tailor_local.sagemaker import SageMaker
from tailor_local.sagemaker.front import TARGET

__all__ = ["CONTROL_PREFIX", "Emulator", "install", "missing", "run"]
CONTROL_PREFIX = "/_tailor/"
TOKEN_SECONDS = 0.01  # from an event of a stream to the next


class _Service:
    """One of the two service modules that the emulator routes to; the first also keeps the state."""

    def __init__(self, name: str, bedrock: Bedrock, keeps_state: bool) -> None:
        self._name = name
        self._bedrock = bedrock
        self._keeps_state = keeps_state

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], Any]:
        status, reply_headers, content = await self._bedrock.handle(self._name, method, path, headers, body, query)
        if isinstance(content, bytes):
            return status, reply_headers, content

        async def stream(send: Callable[[dict[str, Any]], Awaitable[None]], receive: object) -> None:
            for chunk in content:
                if chunk:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await asyncio.sleep(TOKEN_SECONDS)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        return status, reply_headers, inside("core.responses").StreamingResponse(stream)

    def get_state(self) -> dict[str, Any] | None:
        return self._bedrock.saved() if self._keeps_state else None

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        if self._keeps_state:
            self._bedrock.restore(data)

    def reset(self) -> None:
        if self._keeps_state:
            self._bedrock.reset()


class _AccountService:
    """A service that the emulator lacks: JSON 1.1, without a state of its own."""

    def __init__(self, name: str, account: Account) -> None:
        self._name, self._account = name, account

    async def __call__(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], bytes]:
        return self._account.answer(self._name, headers, body)


def _add_services(account: Account) -> None:
    """Route requests to a service by their target; the emulator checks their signatures like all others."""
    patterns, handlers = inside("core.router").SERVICE_PATTERNS, inside("app").SERVICE_HANDLERS
    for name, service in SERVICES.items():
        patterns[name] = {"target_prefixes": [service.target + "."], "host_patterns": []}
        handlers[name] = _AccountService(name, account)


def _add_sagemaker(sagemaker: SageMaker) -> None:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> tuple[int, dict[str, str], bytes]:
        return sagemaker.answer(headers, body)

    inside("core.router").SERVICE_PATTERNS["sagemaker"] = {"target_prefixes": [f"{TARGET}."], "host_patterns": []}
    inside("app").SERVICE_HANDLERS["sagemaker"] = handle


def install(bedrock: Bedrock) -> None:
    """Make the emulator of this process Tailor's. Call it before `run`."""
    modules = inside("app")._loaded_modules
    modules["bedrock"] = _Service("bedrock", bedrock, keeps_state=True)
    modules["bedrock_runtime"] = _Service("bedrock-runtime", bedrock, keeps_state=False)
    _add_services(Account(bedrock.platform, bedrock.desk, bedrock.quota))
    _add_sagemaker(bedrock.sagemaker)
    _authorise_ourselves()
    _call_loopback_secure()
    alarms.watch_own_dimensions()
    identity.simulate_in_context()
    leading_keys.tell_leading_keys()
    functions.run_outside_our_environment()
    functions.share_layers()
    functions.retry_rules()
    rules.refuse_patterns()
    rules.ask_queues()
    queues.check_mappings()
    queues.fill_batches()
    _import_gateway_responses()
    refusals.refuse_what_lambda_refuses()
    asynchronous.invoke_as_lambda_does()
    concurrency.limit_concurrency(lambda: bedrock.quota("concurrency"))
    logs.end_logs()
    streaming.stream_answers()
    payloads.limit_payloads()
    crowd.queue_requests()
    machines.run_to_the_letter()
    machines.act_in_roles()
    readings.read_templates_quickly()
    readings.read_policies_once()
    definitions.validate_definitions()
    _quicken_schedules()
    _open_control_door(bedrock)


def run() -> None:
    """Serve until a signal says otherwise."""
    with contextlib.suppress(SystemExit):
        inside("app").main()


def _authorise_ourselves() -> None:
    """The emulator checks actions that AWS does not have (Converse) on resources that it does not know (deployments).

    It goes on checking signatures for Bedrock; what is allowed, the stand-in asks for itself, operation by operation.
    """
    actions = inside("core.iam_actions")
    original = actions.extract_iam_action

    def extract_iam_action(service: str, method: str, path: str, *arguments: Any) -> str | None:
        if service == "lambda" and path.rstrip("/").endswith("/account-settings"):
            return "lambda:GetAccountSettings"  # the emulator lets everybody read them
        return (
            None
            if service in ("bedrock", "bedrock-runtime", "sagemaker")
            else original(service, method, path, *arguments)
        )

    actions.extract_iam_action = extract_iam_action


def _call_loopback_secure() -> None:
    """Report calls on loopback as secure, so that policies that demand TLS can be used here as on AWS."""
    app = inside("app")
    original = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, secure_transport: original(source_ip, True)


def _import_gateway_responses() -> None:
    """Apply the template's error bodies of API Gateway, which the emulator's import of OpenAPI omits."""
    gateway = inside("services.apigateway_v1")
    original = gateway._import_rest_api

    def _import_rest_api(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        api_id = str(original(spec, base_data))
        for kind, response in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
            gateway._put_gateway_response(api_id, kind, response)
        return api_id

    gateway._import_rest_api = _import_rest_api


def _quicken_schedules() -> None:
    """Shorten the minutes of a schedule's rate by the time-lapse."""
    eventbridge, scheduler = inside("services.eventbridge"), inside("services.scheduler")
    original = eventbridge._parse_rate_seconds
    tick = max(0.1, timelapse.seconds(1 / timelapse.SCHEDULER_TICKS_A_MINUTE))
    eventbridge._SCHEDULER_TICK_INTERVAL = tick
    scheduler._SCHEDULE_TICK_INTERVAL = tick

    def _parse_rate_seconds(expression: str) -> float | None:
        period = original(expression)
        return None if period is None else timelapse.seconds(period / 60 * timelapse.SCHEDULED_MINUTE)

    eventbridge._parse_rate_seconds = _parse_rate_seconds


def _open_control_door(bedrock: Bedrock) -> None:
    app = inside("app")
    inner = app.app

    async def with_control(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(CONTROL_PREFIX):
            await inner(scope, receive, send)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["path"] == f"{CONTROL_PREFIX}warm" and scope["method"] == "POST":
            content = json.dumps(await asyncio.to_thread(crowd.warm)).encode()
            status, headers = 200, {"Content-Type": "application/json"}
        else:
            status, headers, content = bedrock.control(scope["method"], scope["path"], body)
        wire_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": wire_headers})
        await send({"type": "http.response.body", "body": content})

    app.app = with_control
