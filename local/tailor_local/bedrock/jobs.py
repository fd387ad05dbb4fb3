"""Serve the API of model customization jobs, with its refusals. The jobs themselves run in `runner`."""

from typing import Any

from tailor_local.bedrock import foundation
from tailor_local.bedrock.context import Call, find, page, wanted
from tailor_local.bedrock.errors import conflict, invalid, over_quota
from tailor_local.bedrock.foundation import FoundationModel
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import PHASES, Job, State

OPEN = ("InProgress", "Stopping")
FINE_TUNING = "FINE_TUNING"


def find_job(state: State, scope: Scope, identifier: str) -> Job:
    return find(state.jobs, scope, identifier, "job")


def create_job(call: Call) -> dict[str, Any]:
    repeated = call.repeated()
    if repeated:
        return {"jobArn": repeated}
    request = call.request
    base = _base_model(call)
    _check_method(call, base)
    own = [job for job in call.state.jobs.values() if call.scope.owns(job.arn)]
    if any(job.name == request["jobName"] for job in own):
        raise conflict("The provided job name is currently in use.")
    models = [model for model in call.state.models.values() if call.scope.owns(model.arn)]
    running = [job for job in own if job.status in OPEN]
    taken = {model.name for model in models} | {job.model_name for job in running}
    if request["customModelName"] in taken:
        raise conflict("The provided custom model name is currently in use.")
    if len(running) >= call.standin.quota("jobs"):
        raise over_quota("You have reached the maximum number of model customization jobs for your account.")
    if len(models) + len(running) >= call.standin.quota("models"):
        raise over_quota("You have reached the maximum number of custom models for your account.")
    job = Job(
        arn=call.scope.arn("model-customization-job", f"{base.training_id}/{call.state.new_id()}"),
        name=request["jobName"],
        model_name=request["customModelName"],
        base=base.training_id,
        created=call.now,
        modified=call.now,
        request=request,
        phases={
            phase: {"status": "NotStarted", "creationTime": call.now, "lastModifiedTime": call.now} for phase in PHASES
        },
    )
    call.state.jobs[job.arn] = job
    call.tag(job.arn, "jobTags")
    call.remember_token(job.arn)
    call.standin.start_job(call.scope, job)
    return {"jobArn": job.arn}


def _base_model(call: Call) -> FoundationModel:
    identifier = call.request["baseModelIdentifier"]
    for model in call.state.models.values():
        if call.scope.owns(model.arn) and identifier in (model.arn, model.name):
            return foundation.trained(model.base, call.scope)
    return foundation.trained(identifier, call.scope)


def _check_method(call: Call, base: FoundationModel) -> None:
    request = call.request
    method = request.get("customizationType", FINE_TUNING)
    if method not in foundation.methods(base, call.standin.desk.faults):
        raise invalid(f"The model {base.training_id} does not support the customization type {method}.")
    config = request.get("customizationConfig") or {}
    needed = {"DISTILLATION": "distillationConfig", "REINFORCEMENT_FINE_TUNING": "rftConfig"}.get(method)
    if needed and needed not in config:
        raise invalid(f"customizationConfig.{needed} is required for the customization type {method}.")
    if config and not needed:
        raise invalid(f"customizationConfig is not supported for the customization type {method}.")
    training = request["trainingDataConfig"]
    if ("s3Uri" in training) == ("invocationLogsConfig" in training):
        raise invalid("trainingDataConfig must have exactly one of s3Uri and invocationLogsConfig.")
    if "s3Uri" in training and training["s3Uri"].endswith("/"):
        raise invalid(
            "Invalid training input data configuration. Check the input data S3 Uris (Uri should be a file, not a "
            "directory) and retry request."
        )
    if method == "REINFORCEMENT_FINE_TUNING":
        if "lambdaGrader" not in config["rftConfig"].get("graderConfig", {}):
            raise invalid("customizationConfig.rftConfig.graderConfig.lambdaGrader is required.")
        if request.get("hyperParameters"):
            raise invalid("Hyperparameters of this customization type belong in customizationConfig.rftConfig.")
    elif method == "DISTILLATION":
        _check_teacher(config["distillationConfig"]["teacherModelConfig"]["teacherModelIdentifier"], base)
    foundation.check_hyperparameters(base, request.get("hyperParameters") or {})


def _check_teacher(identifier: str, student: FoundationModel) -> None:
    name = foundation.bare(identifier)
    teacher = next((model for model in foundation.everything() if name in model.names), None)
    if teacher is None:
        raise invalid("The provided teacher model identifier is invalid.")
    if teacher.id not in student.teachers:
        raise invalid(f"The model {teacher.id} can't be the teacher of {student.training_id}.")


def get_job(call: Call) -> dict[str, Any]:
    return shown(call.scope, find_job(call.state, call.scope, call.request["jobIdentifier"]))


def shown(scope: Scope, job: Job) -> dict[str, Any]:
    """Return a job as GetModelCustomizationJob gives it."""
    given = job.request
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "outputModelName": job.model_name,
        "outputModelArn": job.model_arn,
        "clientRequestToken": given.get("clientRequestToken"),
        "roleArn": given["roleArn"],
        "outputModelKmsKeyArn": given.get("customModelKmsKeyId"),
        "status": job.status,
        "statusDetails": job.phases,
        "failureMessage": job.failure,
        "creationTime": job.created,
        "lastModifiedTime": job.modified,
        "endTime": job.ended,
        "baseModelArn": scope.arn("foundation-model", job.base),
        "hyperParameters": given.get("hyperParameters") or {},
        "trainingDataConfig": given["trainingDataConfig"],
        "validationDataConfig": given.get("validationDataConfig") or {"validators": []},
        "outputDataConfig": given["outputDataConfig"],
        "customizationType": job.method,
        "trainingMetrics": None if job.training_loss is None else {"trainingLoss": job.training_loss},
        "validationMetrics": [{"validationLoss": loss} for loss in job.validation_losses] or None,
        "vpcConfig": given.get("vpcConfig"),
        "customizationConfig": given.get("customizationConfig"),
    }


def list_jobs(call: Call) -> dict[str, Any]:
    request = call.request
    items = [
        {
            "jobArn": job.arn,
            "baseModelArn": call.scope.arn("foundation-model", job.base),
            "jobName": job.name,
            "status": job.status,
            "statusDetails": job.phases,
            "lastModifiedTime": job.modified,
            "creationTime": job.created,
            "endTime": job.ended,
            "customModelArn": job.model_arn,
            "customModelName": job.model_name,
            "customizationType": job.method,
        }
        for job in call.state.jobs.values()
        if call.scope.owns(job.arn)
        and wanted(request, job.name, job.created, "creationTimeBefore", "creationTimeAfter")
        and request.get("statusEquals", job.status) == job.status
    ]
    return page(call, items, "modelCustomizationJobSummaries", "creationTime")


def stop_job(call: Call) -> dict[str, Any]:
    job = find_job(call.state, call.scope, call.request["jobIdentifier"])
    if job.status not in OPEN:
        raise conflict(f"The job can't be stopped: its status is {job.status}.")
    job.status = "Stopping"
    job.modified = call.now
    return {}
