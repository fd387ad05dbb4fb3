"""Check customization jobs that end before training: nothing is charged before that, as field reports say."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tailor import catalog
from tailor.names import files_of_run
from tailor.training.translate import translate
from tailor.verify.answer import AwsAnswer, CannotCheckError
from tailor.verify.check import Check
from tailor.verify.world import World

MODEL = "nova-micro"  # the cheapest one
PATIENCE = 1200.0
OPEN = frozenset({"InProgress", "Stopping"})
REFUSED, STOPPED = "refused", "stopped"
_ROWS = 8


def begin_refused(world: World) -> None:
    """Begin jobs that Bedrock should refuse. The third line has the form of older models, a common mistake."""
    lines = [_record(number) for number in range(_ROWS)]
    lines[2] = {"prompt": "Thủ đô của Việt Nam?", "completion": "Hà Nội"}
    world.notes[REFUSED] = _submit(world, REFUSED, lines)


def _record(number: int) -> dict[str, Any]:
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {"role": "user", "content": [{"text": f"Hộp số {number} ở kho nào?"}]},
            {"role": "assistant", "content": [{"text": f"Kho {number % 3 + 1}"}]},
        ],
    }


def _submit(world: World, what: str, records: list[dict[str, Any]]) -> AwsAnswer:
    """Return Bedrock's answer to a job with these rows under the stack's own role."""
    stack, name = world.deployed, world.named(what)
    folder = files_of_run(name, name)
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    stack.bucket.write(f"{folder}prepared/train.jsonl", lines.encode(), "application/jsonl")
    tags = [{"key": "application", "value": "tailor-verify"}]
    return world.call(
        "bedrock",
        "create_model_customization_job",
        jobName=name,
        customModelName=name,
        clientRequestToken=name,
        roleArn=stack.customization_role,
        baseModelIdentifier=catalog.model(MODEL).training_id,
        customizationType="FINE_TUNING",
        hyperParameters={"epochCount": "1"},
        trainingDataConfig={"s3Uri": stack.bucket.uri(f"{folder}prepared/train.jsonl")},
        outputDataConfig={"s3Uri": stack.bucket.uri(f"{folder}job/")},
        jobTags=tags,
        customModelTags=tags,
    )


def _refused(world: World) -> dict[str, Any]:
    answer = told(world.notes[REFUSED])
    if not answer.ok:
        return {"status": "not created", "message": answer.said}
    job = ended(world, REFUSED)
    message = str(job.get("failureMessage") or "")
    known = translate(message)
    return {**_phases(job), "message": message, "explained as": known.code if known else "nothing that is known"}


def _stopped(world: World) -> dict[str, Any]:
    """Submit and stop a job at once: a valid job that nobody stops is trained and paid for. It is begun only by callers
    who may stop jobs, which a request about a missing job shows."""
    world.call("bedrock", "stop_model_customization_job", jobIdentifier=world.named("not-there")).asked()
    answer = told(_submit(world, STOPPED, [_record(number) for number in range(_ROWS)]))
    if not answer.ok:
        return {"status": "not created", "message": answer.said}
    world.until(
        lambda: _job(world, STOPPED),
        lambda job: job["status"] not in OPEN or _phase(job, "validation") != "NotStarted",
        60,
    )
    stop = world.call("bedrock", "stop_model_customization_job", jobIdentifier=world.named(STOPPED))
    return {**_phases(ended(world, STOPPED)), "stop": stop.code or "taken"}


def told(answer: AwsAnswer) -> AwsAnswer:
    """Return the answer. Raises CannotCheckError if Bedrock's answer says nothing about the job."""
    if answer.code == "ServiceQuotaExceededException":
        raise CannotCheckError(answer.said)
    return answer.asked()


def _job(world: World, what: str) -> Mapping[str, Any]:
    return world.call("bedrock", "get_model_customization_job", jobIdentifier=world.named(what)).needed()


def ended(world: World, what: str) -> Mapping[str, Any]:
    """Return a job of this session once it has ended. Raises CannotCheckError if it does not."""
    job = world.until(lambda: _job(world, what), lambda found: found["status"] not in OPEN, PATIENCE)
    if job["status"] in OPEN:
        raise CannotCheckError(f"the job is still {job['status']} after {PATIENCE:.0f} seconds, {_phases(job)}")
    return job


def _phases(job: Mapping[str, Any]) -> dict[str, str]:
    named = {name: _phase(job, name) for name in ("validation", "training")}
    return {"status": str(job["status"]), **named}


def _phase(job: Mapping[str, Any], name: str) -> str:
    details = (job.get("statusDetails") or {}).get(f"{name}Details") or {}
    return str(details.get("status", "NotStarted"))


PERMISSIONS = (
    "bedrock:CreateModelCustomizationJob",
    "bedrock:GetModelCustomizationJob",
    "bedrock:StopModelCustomizationJob",
    "bedrock:TagResource",
    "iam:PassRole",
    "s3:PutObject",
)
_SOURCE = (
    "https://docs.aws.amazon.com/bedrock/latest/userguide/fine-tuning-troubleshooting.html; field reports: nothing is "
)

CHECKS = (
    Check(
        id="job-refused",
        assumption="A job with a malformed line of data fails in its validation, before training is billed, with"
        " a message that Tailor can explain.",
        source=_SOURCE + "charged for a job that fails before training",
        when="after deploying",
        cost=Decimal("0.01"),
        expected={"status": "Failed", "training": "NotStarted", "explained as": "not-jsonl"},
        begin=begin_refused,
        look=_refused,
        permissions=PERMISSIONS,
        varies=frozenset({"message"}),
    ),
    Check(
        id="job-stopped",
        assumption="A job that is stopped during its validation ends as Stopped, before training is billed.",
        source=_SOURCE + "charged for a job that is stopped before training",
        when="after deploying",
        cost=Decimal("0.01"),
        expected={"status": "Stopped", "training": "NotStarted", "stop": "taken"},
        look=_stopped,
        permissions=PERMISSIONS,
        varies=frozenset({"validation"}),
    ),
)
