"""The one place that touches the emulator (`ministack`) inside: plugs Bedrock in, corrects what differs from AWS.

Every name that is used from inside the emulator is in NEEDED, so that a test can say which of them a new version of the
emulator has moved.
"""

import contextlib
import hashlib
import importlib
import inspect
import json
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from tailor_local import timelapse
from tailor_local.bedrock.platform import Credentials, Scope
from tailor_local.bedrock.service import Bedrock

SERVICE_PRINCIPAL = "bedrock.amazonaws.com"
SESSION_SECONDS = 12 * 3600
CONTROL_PREFIX = "/_tailor/"
LAYERS_SETTING = "TAILOR_LAYERS"  # where unpacked layers are kept for the next cloud
LAYER_SECONDS = 7 * 24 * 3600  # since a layer was last used
OVERDUE = 60.0  # seconds after which a schedule starts a function again, whatever became of the last start

# module → name → parameters that are relied on (None: not a function)
NEEDED: dict[str, dict[str, tuple[str, ...] | None]] = {
    "app": {
        "_loaded_modules": None,
        "app": ("scope", "receive", "send"),
        "main": (),
        "pin_request_origin": ("source_ip", "secure_transport"),
        "SERVICE_HANDLERS": None,
    },
    "core.iam_actions": {
        "extract_iam_action": ("service", "method", "path", "headers", "body", "query_params"),
        "identity_denial_message": ("action", "principal_arn", "resource", "explicit_deny"),
    },
    "core.iam_evaluator": {
        "enforce": ("access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"),
        "EvalContext": None,
        "AuthError": None,
        "_service_principal_matches": ("principal", "service"),
        "_action_matches": ("request_action", "actions", "not_actions"),
        "_conditions_met": ("conditions", "ctx"),
    },
    "core.lambda_runtime": {"_detect_runtime_binary": ("runtime",), "zipfile": None},
    "core.responses": {
        "get_account_id": (),
        "get_region": (),
        "request_scope": ("account_id", "region"),
        "StreamingResponse": None,
    },
    "core.router": {"extract_access_key_id": ("headers", "query_params")},
    "services.apigateway_v1": {
        "_import_rest_api": ("spec", "base_data"),
        "_put_gateway_response": ("api_id", "response_type", "data"),
    },
    "services.cloudformation.provisioners": {"_sfn_definition": ("props",)},
    "services.eventbridge": {
        "_put_events": ("data", "allow_aws_source"),
        "_parse_rate_seconds": ("expr",),
        "_SCHEDULER_TICK_INTERVAL": None,
        "_dispatch_to_lambda": ("arn", "payload"),
    },
    "services.iam": {"_roles": None},
    "services.lambda_svc": {
        "invoke_async_with_retry": ("func", "event"),
        "_execute_function": ("func", "event"),
        "_get_func_record_for_ref": ("function_ref",),
        "_execution_record_for_config": ("func", "config"),
    },
    "services.scheduler": {"_SCHEDULE_TICK_INTERVAL": None},
    "services.stepfunctions": {
        "_executions": None,
        "_ExecutionError": None,
        "_resolve_path_or_ctx": ("path", "data", "ctx"),
        "_run_distributed_map": ("state_def", "raw_input", "effective", "iterator", "execution", "ctx"),
        "_run_sub_machine": ("states", "start_at", "input_data", "execution", "ctx"),
    },
    "services.sts": {"register_session": ("access_key", "session")},
}


def missing() -> list[str]:
    """What this module needs of the emulator and does not find: empty with a version that fits."""
    problems = []
    for module_name, names in NEEDED.items():
        module = _module(module_name)
        for name, parameters in names.items():
            found = getattr(module, name, None)
            if found is None:
                problems.append(f"ministack.{module_name}.{name} is gone")
            elif parameters is not None and not set(parameters) <= set(inspect.signature(found).parameters):
                problems.append(f"ministack.{module_name}.{name} no longer takes {', '.join(parameters)}")
    return problems


def _module(name: str) -> Any:
    return importlib.import_module(f"ministack.{name}")


class Emulator:
    """The emulator as the stand-in sees it; implements `bedrock.platform.Platform`."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def scope(self) -> Scope:
        responses = _module("core.responses")
        return Scope(responses.get_account_id(), responses.get_region())

    def denial(self, headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, str]) -> str | None:
        evaluator, actions = _module("core.iam_evaluator"), _module("core.iam_actions")
        key = _module("core.router").extract_access_key_id(headers, {})
        result = evaluator.enforce(key, action, "bedrock", self.scope().region, resource, dict(context))
        if result is None:
            return None
        if isinstance(result, evaluator.AuthError):
            return str(result.message)
        return str(actions.identity_denial_message(action, result.principal_arn, resource, result.decision == "Deny"))

    def take_role(self, role_arn: str, scope: Scope, source_arn: str) -> Credentials | None:
        name = role_arn.rsplit("/", 1)[-1]
        role = _module("services.iam")._roles.get_scoped(scope.account, None, name)
        if role is None or not _trusts(role["AssumeRolePolicyDocument"], role_arn, scope, source_arn):
            return None
        session = hashlib.sha256(source_arn.encode()).hexdigest()[:12]
        credentials = Credentials(f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(32))
        _module("services.sts").register_session(
            credentials.access_key,
            {
                "Arn": f"arn:aws:sts::{scope.account}:assumed-role/{name}/{session}",
                "UserId": f"{name}:{session}",
                "SecretAccessKey": credentials.secret_key,
                "SessionToken": credentials.token,
                "Expiration": time.time() + SESSION_SECONDS,
                "AccountId": scope.account,
                "PrincipalType": "AssumedRole",
            },
        )
        return credentials

    def publish(self, scope: Scope, detail_type: str, detail: Mapping[str, Any], resources: list[str]) -> None:
        entry = {
            "Source": "aws.bedrock",
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Resources": resources,
        }
        with _module("core.responses").request_scope(scope.account, scope.region):
            _module("services.eventbridge")._put_events({"Entries": [entry]}, allow_aws_source=True)


def _trusts(document: str | dict[str, Any], role_arn: str, scope: Scope, source_arn: str) -> bool:
    """Whether a trust policy lets Bedrock take the role for ``source_arn``, with the confused-deputy conditions.

    The emulator's own evaluation lets its root pass for any service, so statements are evaluated one by one here.
    """
    evaluator = _module("core.iam_evaluator")
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    context = evaluator.EvalContext(
        principal_arn=SERVICE_PRINCIPAL,
        principal_type="Service",
        principal_account=scope.account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=scope.region,
        service_context={"aws:sourceaccount": scope.account, "aws:sourcearn": source_arn},
    )
    allowed = False
    for statement in [statements] if isinstance(statements, dict) else statements:
        if (
            evaluator._action_matches("sts:AssumeRole", _list(statement, "Action"), _list(statement, "NotAction"))
            and evaluator._service_principal_matches(statement.get("Principal"), SERVICE_PRINCIPAL)
            and evaluator._conditions_met(statement.get("Condition", {}), context)
        ):
            if statement.get("Effect") == "Deny":
                return False
            allowed = True
    return allowed


def _list(statement: Mapping[str, Any], name: str) -> list[str]:
    value = statement.get(name, [])
    return [value] if isinstance(value, str) else value


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
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        return status, reply_headers, _module("core.responses").StreamingResponse(stream)

    def get_state(self) -> dict[str, Any] | None:
        return self._bedrock.saved() if self._keeps_state else None

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        if self._keeps_state:
            self._bedrock.restore(data)

    def reset(self) -> None:
        if self._keeps_state:
            self._bedrock.reset()


def install(bedrock: Bedrock) -> None:
    """Make the emulator of this process Tailor's. Call it before `run`."""
    modules = _module("app")._loaded_modules
    modules["bedrock"] = _Service("bedrock", bedrock, keeps_state=True)
    modules["bedrock_runtime"] = _Service("bedrock-runtime", bedrock, keeps_state=False)
    _authorise_ourselves()
    _call_loopback_secure()
    _run_functions_outside_our_environment()
    _share_layers()
    _retry_rules()
    _import_gateway_responses()
    _run_maps_to_the_letter()
    _quicken_schedules()
    _open_control_door(bedrock)


def run() -> None:
    """Serve until a signal says otherwise."""
    with contextlib.suppress(SystemExit):
        _module("app").main()


def _authorise_ourselves() -> None:
    """The emulator checks actions that AWS does not have (Converse) on resources that it does not know (deployments).

    It goes on checking signatures for Bedrock; what is allowed, the stand-in asks for itself, operation by operation.
    """
    actions = _module("core.iam_actions")
    original = actions.extract_iam_action

    def extract_iam_action(service: str, *arguments: Any) -> str | None:
        return None if service in ("bedrock", "bedrock-runtime") else original(service, *arguments)

    actions.extract_iam_action = extract_iam_action


def _call_loopback_secure() -> None:
    """Policies that demand TLS must hold here as on AWS, where every call uses it; loopback needs none."""
    app = _module("app")
    original = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, secure_transport: original(source_ip, True)


def _run_functions_outside_our_environment() -> None:
    """Functions find what their layers hold and nothing of the environment that the emulator runs in."""
    runtime = _module("core.lambda_runtime")
    original = runtime._detect_runtime_binary

    def _detect_runtime_binary(name: str) -> tuple[str, str]:
        binary, worker = original(name)
        return (getattr(sys, "_base_executable", binary), worker) if binary == sys.executable else (binary, worker)

    runtime._detect_runtime_binary = _detect_runtime_binary


def _retry_rules() -> None:
    """A rule invokes a function asynchronously: two retries, then the function's dead-letter queue. The emulator
    calls it once. And a schedule whose minute lasts a second must not start a function that is still at work, as it
    would not on AWS: the starts would pile up."""
    eventbridge, functions = _module("services.eventbridge"), _module("services.lambda_svc")
    at_work: dict[str, float] = {}  # functions started by a schedule → when
    execute = functions._execute_function

    def _execute_function(func: dict[str, Any], event: dict[str, Any]) -> Any:
        try:
            return execute(func, event)
        finally:
            at_work.pop((func.get("config") or func).get("FunctionArn", ""), None)

    def _dispatch_to_lambda(arn: str, payload: str) -> None:
        record, config, _ = functions._get_func_record_for_ref(arn)
        if not record or not config:
            return
        event = json.loads(payload)
        if isinstance(event, dict) and event.get("detail-type") == "Scheduled Event":
            now = time.monotonic()
            if now - at_work.get(config["FunctionArn"], -OVERDUE) < OVERDUE:
                return
            at_work[config["FunctionArn"]] = now
        functions.invoke_async_with_retry(functions._execution_record_for_config(record, config), event)

    functions._execute_function = _execute_function
    eventbridge._dispatch_to_lambda = _dispatch_to_lambda


def _share_layers() -> None:
    """Every worker of every function unpacks its layers anew, 150 MB for some; here each layer is unpacked once.

    What Python compiles of it is then there for the next worker too, so that cold starts are quick.
    """
    runtime = _module("core.lambda_runtime")
    shared = Path(os.environ.get(LAYERS_SETTING) or Path(tempfile.gettempdir()) / "layers")
    shared.mkdir(parents=True, exist_ok=True)
    for layer in shared.iterdir():
        if layer.stat().st_mtime < time.time() - LAYER_SECONDS:
            shutil.rmtree(layer, ignore_errors=True)
    lock = threading.Lock()

    class SharedZip(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
            folder, archive = Path(path or "."), str(self.filename)
            if not folder.name.startswith("layer_"):
                super().extractall(path, members, pwd)
                return
            listed = "\n".join(f"{item.filename} {item.CRC} {item.file_size}" for item in self.infolist())
            with lock:
                unpacked = shared / hashlib.sha256(listed.encode()).hexdigest()
                if not unpacked.is_dir():
                    partial = unpacked.with_suffix(f".{os.getpid()}")
                    super().extractall(partial)
                    with contextlib.suppress(OSError):  # another cloud may have been quicker
                        partial.rename(unpacked)
                    shutil.rmtree(partial, ignore_errors=True)
            os.utime(unpacked)
            folder.rmdir()
            folder.symlink_to(unpacked)
            Path(archive).unlink()

    runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZip,
        BadZipFile=zipfile.BadZipFile,
        LargeZipFile=zipfile.LargeZipFile,
        LargeFileError=zipfile.LargeZipFile,
    )


def _import_gateway_responses() -> None:
    """API Gateway's own errors look as the template says; the emulator's import of OpenAPI leaves that part out."""
    gateway = _module("services.apigateway_v1")
    original = gateway._import_rest_api

    def _import_rest_api(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        api_id = str(original(spec, base_data))
        for kind, response in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
            gateway._put_gateway_response(api_id, kind, response)
        return api_id

    gateway._import_rest_api = _import_rest_api


def _run_maps_to_the_letter() -> None:
    """Step Functions takes definitions in YAML, reads MaxConcurrencyPath, and begins no item of a stopped execution."""
    machines, provisioners = _module("services.stepfunctions"), _module("services.cloudformation.provisioners")
    definition, run_map, run_item = (
        provisioners._sfn_definition,
        machines._run_distributed_map,
        machines._run_sub_machine,
    )

    def _sfn_definition(props: dict[str, Any]) -> str:
        return json.dumps(yaml.safe_load(definition(props)))

    def _run_distributed_map(state: dict[str, Any], raw: Any, effective: Any, *rest: Any) -> Any:
        if path := state.get("MaxConcurrencyPath"):
            state = state | {"MaxConcurrency": machines._resolve_path_or_ctx(path, effective, rest[-1])}
        return run_map(state, raw, effective, *rest)

    def _run_sub_machine(states: Any, start_at: str, given: Any, execution: Any, ctx: dict[str, Any]) -> Any:
        if machines._executions[ctx["Execution"]["Id"]]["status"] == "ABORTED":
            raise machines._ExecutionError("States.Aborted", "the execution was stopped")
        return run_item(states, start_at, given, execution, ctx)

    provisioners._sfn_definition = _sfn_definition
    machines._run_distributed_map = _run_distributed_map
    machines._run_sub_machine = _run_sub_machine


def _quicken_schedules() -> None:
    """Minutes of a schedule's rate last as long as time-lapse says."""
    eventbridge, scheduler = _module("services.eventbridge"), _module("services.scheduler")
    original = eventbridge._parse_rate_seconds
    tick = max(0.1, timelapse.seconds(1 / timelapse.SCHEDULER_TICKS_A_MINUTE))
    eventbridge._SCHEDULER_TICK_INTERVAL = tick
    scheduler._SCHEDULE_TICK_INTERVAL = tick

    def _parse_rate_seconds(expression: str) -> float | None:
        period = original(expression)
        return None if period is None else timelapse.seconds(period / 60)

    eventbridge._parse_rate_seconds = _parse_rate_seconds


def _open_control_door(bedrock: Bedrock) -> None:
    app = _module("app")
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
        status, headers, content = bedrock.control(scope["method"], scope["path"], body)
        wire_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": wire_headers})
        await send({"type": "http.response.body", "body": content})

    app.app = with_control
