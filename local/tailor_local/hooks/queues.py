"""Deliver a queue's messages to functions as on AWS: in batches as large as allowed, under the function's role.

Lambda's words on a visibility timeout as reported in github-aws-runners/terraform-aws-github-runner issue 465; how far
a mapping scales: docs.aws.amazon.com/lambda, "Configuring scaling behavior for SQS event source mappings".
"""

import json
import math
import time
from typing import Any

from tailor_local import timelapse
from tailor_local.bedrock.platform import Scope
from tailor_local.hooks.identity import denial, take_role
from tailor_local.hooks.needed import inside

SERVICE = "lambda.amazonaws.com"
EVENT_BYTES = 6 * 2**20  # docs.aws.amazon.com/lambda: quotas, invocation payload
RECORD_BYTES = 1024  # of a message besides its body
UNCAPPED = 1250  # batches at once of a mapping without a cap, as far as the account's concurrency goes
NEEDED_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")


def fill_batches() -> None:
    """A batch is as large as the mapping says and fits into an event, and waits for more as long as its window says.

    The emulator takes ten at a time, at once. Windows, and the time after which what failed or was put back comes
    again, are times of the local cloud.
    """
    functions, queues = inside("services.lambda_svc"), inside("services.sqs")
    run_batch, put_back = functions._run_sqs_batch, queues._HANDLERS["ChangeMessageVisibility"]
    begun: dict[str, float] = {}  # queue → when its next batch was begun

    def _receive_messages_for_esm(queue_url: str, max_number: int) -> list[dict[str, Any]]:
        with queues._queues_lock:
            queue = queues._get_q(queue_url)
            queues._expire_retained(queue)
            queues._dlq_sweep(queue)
            now = time.time()
            ready = [message for message in queue["messages"] if message.get("visible_at", 0) <= now]
            if not ready:
                begun.pop(queue_url, None)
                return []
            waited = now - begun.setdefault(queue_url, now)
            if len(ready) < max_number and waited < timelapse.seconds(window(queue) / 60):
                return []
            del begun[queue_url]
            visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
            found: list[dict[str, Any]] = queues._collect_msgs(queue, fitting(ready[:max_number]), visibility)
            return found

    def window(queue: dict[str, Any]) -> float:
        arn = queue["attributes"].get("QueueArn")
        mappings = [mapping for *_, mapping in functions._iter_all_esms() if mapping.get("EventSourceArn") == arn]
        return max((float(mapping.get("MaximumBatchingWindowInSeconds") or 0) for mapping in mappings), default=0)

    def _run_sqs_batch(
        esm: Any, func_rec: Any, event: Any, batch: list[dict[str, Any]], queue_url: str, queue_name: str
    ) -> None:
        run_batch(esm, func_rec, event, batch, queue_url, queue_name)
        with queues._queues_lock:
            visibility = int(queues._get_q(queue_url)["attributes"].get("VisibilityTimeout", "30"))
            for message in batch:  # those that are still in the queue
                message["visible_at"] = min(message["visible_at"], time.time() + timelapse.seconds(visibility / 60))

    def _change_visibility(data: dict[str, Any], url: str) -> Any:
        pause = math.ceil(timelapse.seconds(int(data.get("VisibilityTimeout", 30)) / 60))
        return put_back(data | {"VisibilityTimeout": pause}, url)

    queues._HANDLERS["ChangeMessageVisibility"] = _change_visibility
    queues._receive_messages_for_esm = _receive_messages_for_esm
    functions._run_sqs_batch = _run_sqs_batch


def fitting(messages: list[dict[str, Any]]) -> int:
    """Return how many of the messages fit into one event, at least one."""
    size = 0
    for number, message in enumerate(messages):
        size += len(json.dumps(message["body"])) + RECORD_BYTES
        if size > EVENT_BYTES:
            return max(1, number)
    return len(messages)


def check_mappings() -> None:
    """A queue is joined to a function only as AWS allows it; the emulator joins any two.

    Its CloudFormation keeps numbers that come from parameters as texts, and a mapping without a cap has five batches at
    once at most.
    """
    functions = inside("services.lambda_svc")
    handler = inside("services.cloudformation.provisioners")._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create, provision, change = functions._create_esm, handler["create"], handler["update"]
    functions._ESM_SQS_DEFAULT_CONCURRENCY = UNCAPPED

    def _create_esm(data: dict[str, Any]) -> Any:
        problem = mapping_problem(data)
        return (
            functions.error_response_json("InvalidParameterValueException", problem, 400) if problem else create(data)
        )

    def created(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        return provision(logical_id, checked(properties), stack)

    def updated(name: str, old: Any, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        return change(name, old, checked(properties), *rest, **named)

    def checked(properties: dict[str, Any]) -> dict[str, Any]:
        if problem := mapping_problem(properties):
            raise ValueError(f"Resource handler returned message: Invalid request provided: {problem}")
        cap = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
        return properties | {"ScalingConfig": {"MaximumConcurrency": int(cap)}} if cap else properties

    functions._create_esm = _create_esm
    handler["create"], handler["update"] = created, updated


def mapping_problem(properties: dict[str, Any]) -> str | None:
    """Return why AWS would not let a function take this queue's messages; None for other sources too."""
    source = str(properties.get("EventSourceArn", ""))
    queue = inside("services.sqs")._queue_by_arn(source) if ":sqs:" in source else None
    _, config, _ = inside("services.lambda_svc")._get_func_record_for_ref(properties.get("FunctionName", ""))
    if queue is None or not config:
        return None
    visible, timeout = int(queue["attributes"].get("VisibilityTimeout", 30)), int(config.get("Timeout", 3))
    if visible < timeout:
        return f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds"
    if int(properties.get("BatchSize") or 10) > 10 and not int(properties.get("MaximumBatchingWindowInSeconds") or 0):
        return "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    region, account = source.split(":")[3:5]
    scope = Scope(account, region)
    role = take_role(SERVICE, str(config["Role"]), scope, str(config["FunctionArn"]))
    for action in NEEDED_ACTIONS:
        if role is None or denial(role.access_key, scope, f"sqs:{action}", source):
            return f"The provided execution role does not have permissions to call {action} on SQS"
    return None
