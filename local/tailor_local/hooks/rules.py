"""Refuse rules that EventBridge finds too complex, and deliver to a queue only what its policy allows."""

import json
from contextvars import ContextVar
from typing import Any

from tailor_local.complexity import LIMIT, rule_complexity
from tailor_local.hooks.needed import inside

SERVICE = "events.amazonaws.com"
# As AWS words it, by public reports and the EventBridge user guide.
TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a "
    "wildcard character"
)
_delivery: ContextVar[tuple[dict[str, Any], dict[str, Any]]] = ContextVar("delivery")  # rule and target


def refuse_patterns() -> None:
    """Check each event pattern and its complexity; the emulator's CloudFormation accepts any."""
    eventbridge, provisioners = inside("services.eventbridge"), inside("services.cloudformation.provisioners")
    error, create = eventbridge._event_pattern_error, provisioners._eb_rule_create

    def _event_pattern_error(text: Any) -> str | None:
        if reason := error(text):
            return str(reason)
        return TOO_COMPLEX if text and rule_complexity(json.loads(text)) > LIMIT else None

    def _eb_rule_create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        pattern = props.get("EventPattern") or ""
        if reason := _event_pattern_error(pattern if isinstance(pattern, str) else json.dumps(pattern)):
            raise ValueError(f"Event pattern is not valid. Reason: {reason}")
        return create(logical_id, props, stack_name)

    eventbridge._event_pattern_error = _event_pattern_error
    provisioners._eb_rule_create = _eb_rule_create
    provisioners._RESOURCE_HANDLERS["AWS::Events::Rule"]["create"] = _eb_rule_create


def ask_queues() -> None:
    """Let a rule send to a queue only what the queue's policy allows.

    The rest goes to the rule's own dead-letter queue, if that one's policy allows it; else it is lost, as on AWS.
    """
    eventbridge, queues = inside("services.eventbridge"), inside("services.sqs")
    invoke, send = eventbridge._invoke_target, eventbridge._dispatch_to_sqs

    def _invoke_target(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> Any:
        token = _delivery.set((rule, target))
        try:
            return invoke(target, event, rule, view)
        finally:
            _delivery.reset(token)

    def _dispatch_to_sqs(spec: Any, payload: str, sqs_parameters: Any = None) -> None:
        rule, target = _delivery.get()
        dead = target.get("DeadLetterConfig", {}).get("Arn")
        for queue in filter(None, [str(spec), dead]):
            if queues.queue_policy_allows(queue, SERVICE, rule.get("Arn", ""), spec.account_id):
                send(inside("core.arn").parse_arn(queue), payload, sqs_parameters)
                return

    eventbridge._invoke_target = _invoke_target
    eventbridge._dispatch_to_sqs = _dispatch_to_sqs
