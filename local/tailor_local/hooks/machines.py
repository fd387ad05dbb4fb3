"""Run state machines by the letter of their definition, each under its role."""

import json
import uuid
from contextvars import ContextVar
from typing import Any

import yaml

from tailor_local.bedrock.platform import Scope
from tailor_local.hooks.identity import denial, take_role
from tailor_local.hooks.needed import inside

STATES = "states.amazonaws.com"
DENIED = "States.Permissions"
_machine: ContextVar[str] = ContextVar("machine")  # the ARN of the machine whose task runs


def run_to_the_letter() -> None:
    """Accept definitions in YAML, apply MaxConcurrencyPath, and begin no item of a stopped execution."""
    machines, provisioners = inside("services.stepfunctions"), inside("services.cloudformation.provisioners")
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


def act_in_roles() -> None:
    """Check a state machine's role: it must allow calling a function and a map's own executions.

    The emulator does all of it itself. AWS: "Creating Step Functions workflows that use Distributed Map state in Step
    Functions", IAM policies.
    """
    machines, functions = inside("services.stepfunctions"), inside("services.lambda_svc")
    run_task, call, run_map = machines._execute_task, machines._call_lambda, machines._run_distributed_map

    def _execute_task(state: Any, raw: Any, execution: Any, ctx: dict[str, Any]) -> Any:
        _machine.set(ctx["StateMachine"]["Id"])
        return run_task(state, raw, execution, ctx)

    def _call_lambda(function: str, event: Any) -> Any:
        _, config, _ = functions._get_func_record_for_ref(function)
        if config:
            check(_machine.get(), "lambda:InvokeFunction", config["FunctionArn"])
        return call(function, event)

    def _run_distributed_map(
        state: dict[str, Any], raw: Any, effective: Any, iterator: Any, execution: Any, ctx: dict[str, Any]
    ) -> Any:
        machine = ctx["StateMachine"]["Id"]
        part = f"{machine.replace(':stateMachine:', ':execution:')}/{state.get('Label', 'map')}:{uuid.uuid4()}"
        check(machine, "states:StartExecution", machine)
        check(machine, "states:DescribeExecution", part)
        check(machine, "states:StopExecution", part)
        return run_map(state, raw, effective, iterator, execution, ctx)

    def check(machine: str, action: str, resource: str) -> None:
        if why := refusal(machine, action, resource, machines._state_machines[machine]["roleArn"]):
            raise machines._ExecutionError(DENIED, why)

    machines._execute_task = _execute_task
    machines._call_lambda = _call_lambda
    machines._run_distributed_map = _run_distributed_map


def refusal(machine: str, action: str, resource: str, role: str) -> str | None:
    """Return why a state machine's role does not allow this; None if it does."""
    region, account = machine.split(":")[3:5]
    scope = Scope(account, region)
    credentials = take_role(STATES, role, scope, machine)
    if credentials is None:
        return f"{STATES} may not take the role {role}"
    return denial(credentials.access_key, scope, action, resource)
