"""List every name used from inside the emulator, so that a test shows which of them a new version moved."""

import importlib
import inspect
from typing import Any

# module → name → parameters that are relied on (None: not a function)
NEEDED: dict[str, dict[str, tuple[str, ...] | None]] = {
    "app": {
        "_loaded_modules": None,
        "app": ("scope", "receive", "send"),
        "main": (),
        "pin_request_origin": ("source_ip", "secure_transport"),
        "SERVICE_HANDLERS": None,
    },
    "core.arn": {"parse_arn": ("value",)},
    "core.iam_actions": {
        "extract_iam_action": ("service", "method", "path", "headers", "body", "query_params"),
        "dynamodb_service_context": ("body",),
        "identity_denial_message": ("action", "principal_arn", "resource", "explicit_deny"),
    },
    "core.iam_evaluator": {
        "enforce": ("access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"),
        "EvalContext": None,
        "AuthError": None,
        "evaluate": ("ctx", "policies", "limits"),
        "_service_principal_matches": ("principal", "service"),
        "_action_matches": ("request_action", "actions", "not_actions"),
        "_conditions_met": ("conditions", "ctx"),
        "parse_policy_document": ("doc",),
    },
    "core.lambda_runtime": {
        "_detect_runtime_binary": ("runtime",),
        "_worker_class_for": ("config",),
        "Worker": ("func_name", "config", "code_zip"),
        "_signal": ("proc",),
        "acquire_worker": ("func_name", "config", "code_zip", "qualifier"),
        "ensure_spawned": ("worker",),
        "release_worker": ("worker",),
        "_collect": ("proc", "deadline"),
        "zipfile": None,
    },
    "core.responses": {
        "get_account_id": (),
        "get_region": (),
        "request_scope": ("account_id", "region"),
        "StreamingResponse": None,
        "json_response": ("data",),
    },
    "core.router": {"extract_access_key_id": ("headers", "query_params"), "SERVICE_PATTERNS": None},
    "services.apigateway_v1": {
        "_import_rest_api": ("spec", "base_data"),
        "_put_gateway_response": ("api_id", "response_type", "data"),
        "_invoke_lambda_proxy_v1": ("integration", "body"),
        "_call_lambda_raw": ("function_ref", "event"),
        "_invoke_authorizer_lambda": ("authorizer", "event"),
        "_authorizers_v1": None,
        "_resources": None,
        "_gw_error": ("response_type", "message"),
    },
    "services.cloudformation.engine": {"CfnLoader": None},
    "services.cloudformation.provisioners": {
        "_sfn_definition": ("props",),
        "_RESOURCE_HANDLERS": None,
        "_eb_rule_create": ("logical_id", "props", "stack_name"),
    },
    "services.cloudwatch": {"_evaluate_alarm": ("alarm",), "_metrics": None, "_dims_key": ("dims",)},
    "services.dynamodb": {"_tables": None},
    "services.eventbridge": {
        "_put_events": ("data", "allow_aws_source"),
        "_parse_rate_seconds": ("expr",),
        "_SCHEDULER_TICK_INTERVAL": None,
        "_dispatch_to_lambda": ("arn", "payload"),
        "error_response_json": ("code", "message", "status"),
        "_dispatch_to_sqs": ("spec", "payload", "sqs_parameters"),
        "_event_pattern_error": ("pattern_str",),
        "_invoke_target": ("target", "event", "rule", "view"),
    },
    "services.iam": {"_roles": None, "_IAM_HANDLERS": None},
    "services.lambda_svc": {
        "invoke_async_with_retry": ("func", "event"),
        "_execute_function": ("func", "event"),
        "_get_func_record_for_ref": ("function_ref",),
        "_execution_record_for_config": ("func", "config"),
        "handle_request": ("method", "path", "headers", "body", "query_params"),
        "error_response_json": ("code", "message", "status"),
        "_functions": None,
        "_inflight": None,
        "_inflight_total": None,
        "_inflight_lock": None,
        "_inflight_key": ("config",),
        "_reserved_concurrency": ("func", "config"),
        "_acquire_execution_slot": ("func", "config"),
        "_throttle_response": ("reason_code", "msg", "retry_after"),
        "_get_account_settings": (),
        "_ACCOUNT_CONCURRENCY_CAP": None,
        "_put_function_concurrency": ("func_name", "data"),
        "_account_region_from_function_config": ("config",),
        "_route_async_failure": ("target_arn", "func_name", "event", "result"),
        "_create_function": ("data",),
        "_update_config": ("name", "data"),
        "_create_esm": ("data",),
        "_ESM_SQS_DEFAULT_CONCURRENCY": None,
        "_validate_total_unzipped_size": ("code_zip", "layers"),
        "_unzipped_size": ("zip_data",),
        "_layer_unzipped_size": ("attachment",),
        "_resolve_layer_zip": ("attachment",),
        "_iter_all_esms": (),
        "_run_sqs_batch": ("esm", "func_rec", "event", "batch", "queue_url", "queue_name"),
    },
    "services.scheduler": {"_SCHEDULE_TICK_INTERVAL": None},
    "services.sqs": {
        "_queue_by_arn": ("arn",),
        "_queues_lock": None,
        "_collect_msgs": ("q", "max_n", "vis_timeout"),
        "_dlq_sweep": ("q",),
        "_expire_retained": ("q",),
        "_get_q": (),
        "_receive_messages_for_esm": ("queue_url", "max_number"),
        "queue_policy_allows": ("queue_arn", "service", "source_arn", "source_account"),
        "_queue_url": ("name",),
        "_HANDLERS": None,
        "_act_send_message": ("data", "qurl"),
    },
    "services.stepfunctions": {
        "_start_execution": ("data",),
        "error_response_json": ("code", "message", "status"),
        "_executions": None,
        "_state_machines": None,
        "_ExecutionError": None,
        "_execute_task": ("state_def", "raw_input", "execution", "ctx"),
        "_call_lambda": ("func_ref", "event"),
        "_resolve_path_or_ctx": ("path", "data", "ctx"),
        "_run_distributed_map": ("state_def", "raw_input", "effective", "iterator", "execution", "ctx"),
        "_validate_state_machine_definition": ("data",),
        "_run_sub_machine": ("states", "start_at", "input_data", "execution", "ctx"),
    },
    "services.sts": {"register_session": ("access_key", "session")},
}


def missing() -> list[str]:
    """List the parts of the emulator that are needed and not there; empty for a version that fits."""
    problems = []
    for module_name, names in NEEDED.items():
        module = inside(module_name)
        for name, parameters in names.items():
            found = getattr(module, name, None)
            if found is None:
                problems.append(f"ministack.{module_name}.{name} is gone")
            elif parameters is not None and not set(parameters) <= set(inspect.signature(found).parameters):
                problems.append(f"ministack.{module_name}.{name} no longer takes {', '.join(parameters)}")
    return problems


def inside(name: str) -> Any:
    """Return a module of the emulator."""
    return importlib.import_module(f"ministack.{name}")
