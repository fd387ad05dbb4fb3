"""CreateCustomModel: a model that SageMaker trained, read from its bucket with the role that the caller passes, or by a
model package, which Bedrock reads with its own credentials.

What a checkpoint of Nova looks like is not documented, and its bucket is the service's own. The stand-in's SageMaker
writes two files there, and only such a folder can be imported.
"""

import json
import logging
import threading
import time
from typing import Any

from tailor_local import timelapse
from tailor_local.bedrock import foundation, packages
from tailor_local.bedrock.context import Call, Standin
from tailor_local.bedrock.errors import conflict, invalid, not_found, over_quota
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import Model
from tailor_local.bedrock.storage import Storage, StorageError, split

log = logging.getLogger("tailor.bedrock")
IMPORTED = "IMPORTED"
ABOUT, WEIGHTS = "checkpoint.json", "weights.npz"  # {"base": training id, "technique": "lora" or "full"}; the learner's


def escrow(account: str) -> str:
    """Return what the names of the buckets begin with in which SageMaker keeps an account's checkpoints."""
    return f"customer-escrow-{account}-"


def create_custom_model(call: Call) -> dict[str, Any]:
    if repeated := call.repeated():
        return {"modelArn": repeated}
    request = call.request
    uri = _source(call)
    if "roleArn" not in request and request.get("modelSourceConfig"):
        raise invalid("roleArn is required to read the model's data source.")
    role = request["roleArn"] if request.get("modelSourceConfig") else None
    own = [model for model in call.state.models.values() if call.scope.owns(model.arn)]
    if any(model.name == request["modelName"] for model in own):
        raise conflict("The provided custom model name is currently in use.")
    if len(own) >= call.standin.quota("models"):
        raise over_quota("You have reached the maximum number of custom models for your account.")
    model = Model(
        arn=call.scope.arn("custom-model", f"imported/{call.state.new_id()}"),
        name=request["modelName"],
        base="",
        created=call.now,
        job_arn=None,
        weights="",
        ready=call.now + timelapse.seconds(call.standin.desk.faults.model_minutes),
        failure=call.standin.desk.faults.model_failure,
        imported={"uri": uri, "role": role, "key": request.get("modelKmsKeyArn")},
    )
    call.state.models[model.arn] = model
    call.tag(model.arn, "modelTags")
    call.remember_token(model.arn)
    start(call.standin, call.scope, model)
    return {"modelArn": model.arn}


def _source(call: Call) -> str:
    """Return the folder in S3. Raises ValidationException unless there is exactly one source, in SageMaker's own
    bucket."""
    given = [name for name in ("modelSourceConfig", "customModelDataSource") if call.request.get(name)]
    if len(given) != 1:
        raise invalid("Exactly one of modelSourceConfig and customModelDataSource must be provided.")
    if given == ["customModelDataSource"]:
        arn = call.request["customModelDataSource"]["modelPackageArnDataSource"]["modelPackageArn"]
        found = packages.checkpoint_of(call.state, arn)
        if found is None:
            raise not_found(f"The model package {arn} is not found, or is not of restricted type.")
        return found
    uri = str(call.request["modelSourceConfig"]["s3DataSource"]["s3Uri"])
    if not split(uri)[0].startswith(escrow(call.scope.account)):
        raise invalid("The S3 URI must be in the Amazon-managed bucket that SageMaker AI writes model artifacts to.")
    return uri.rstrip("/")


def start(standin: Standin, scope: Scope, model: Model) -> None:
    """Read the checkpoint in a thread of its own: S3 is asked with the role's credentials."""
    threading.Thread(target=_read, args=(standin, scope, model), name=f"import-{model.name}", daemon=True).start()


def _read(standin: Standin, scope: Scope, model: Model) -> None:
    try:
        failure = _fetch(standin, scope, model)
    except Exception:
        log.exception("the import of %s broke down", model.name)
        failure = "Encountered an unexpected error when importing the model."
    if failure:
        with standin.store.lock:
            model.failure, model.ready = failure, time.time()


def _fetch(standin: Standin, scope: Scope, model: Model) -> str | None:
    """Take the checkpoint over. Returns why it can't be."""
    source = model.imported or {}
    credentials = (
        standin.platform.own_credentials()  # of a package
        if source["role"] is None
        else standin.platform.take_role(source["role"], scope, model.arn)
    )
    if credentials is None:
        return f"Could not assume provided IAM role. Please verify that the role exists: {source['role']}"
    storage = Storage(standin.platform.endpoint, scope.region, credentials)
    try:
        storage.listed(source["uri"] + "/")
        about = json.loads(storage.read(f"{source['uri']}/{ABOUT}"))
        weights = storage.read(f"{source['uri']}/{WEIGHTS}")
    except StorageError as error:
        return f"Amazon Bedrock could not read the model artifacts ({error})."
    if foundation.by_training_id(about["base"]) is None:
        return "The model architecture is not supported."
    file = f"model-{model.arn.rsplit('/', 1)[1]}.npz"
    (standin.directory / file).write_bytes(weights)
    with standin.store.lock:
        model.base, model.technique, model.weights = about["base"], about["technique"], file
    return None
