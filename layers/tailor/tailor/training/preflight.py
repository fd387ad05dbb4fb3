"""Check whether a job would start: before one is submitted, and by ``tailor doctor`` at any time.

Each check names what it examined and, on failure, the remedy. A check that lacks a permission is "unknown" and never
counts as a failure: the job itself will show.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from tailor.catalog import Model, models, quotas, teacher_of, training_registries
from tailor.errors import NotFoundError, TailorError
from tailor.names import files_of_run
from tailor.recipe import Method, Recipe
from tailor.recipe_serving import RecipeGuardrail
from tailor.training.alternatives import NO_DOCUMENTS, elsewhere, what_is_left, without_training_jobs
from tailor.training.prices import PriceBook, how_to_set, item_of
from tailor.training.request import JOB_FOLDER, TRAIN_FILE
from tailor.training.trainers import TrainerName, choose

Status = Literal["ok", "warning", "failed", "unknown"]
# Methods by the name that Bedrock lists models by; reinforcement has none.
LISTED: Mapping[Method, str] = {
    "fine-tuning": "FINE_TUNING",
    "distillation": "DISTILLATION",
    "continued-pre-training": "CONTINUED_PRE_TRAINING",
}
BEDROCK, SAGEMAKER = "bedrock.amazonaws.com", "sagemaker.amazonaws.com"
_S3_URI = re.compile(r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+)*/?")


def listed_as(recipe: Recipe, model: Model) -> str | None:
    """Return the customization type of a job on this model; None for one that Bedrock lists no models by."""
    facts = model.methods.get(recipe.method)
    return LISTED["fine-tuning"] if facts and facts.record == "document" else LISTED.get(recipe.method)


@dataclass(frozen=True, slots=True)
class PreflightCheck:
    """One result. ``name`` is stable; ``remedy`` is empty if there is nothing to do."""

    name: str
    status: Status
    message: str
    remedy: str = ""


class Offers(Protocol):
    """The account's offers in its Region; implemented by :class:`tailor.aws.bedrock.Bedrock`."""

    def foundation_models(self, customization: str | None = None) -> list[dict[str, Any]]: ...
    def foundation_model(self, identifier: str) -> dict[str, Any] | None: ...
    def open_jobs(self) -> list[dict[str, Any]]: ...
    def find_job(self, name: str) -> dict[str, Any] | None: ...
    def find_model(self, name: str) -> dict[str, Any] | None: ...
    def guardrail(self, identifier: str, version: str) -> dict[str, Any] | None: ...


class AccessReader(Protocol):
    """Permissions and bucket settings; implemented by :class:`tailor.aws.access.AwsAccess`."""

    def trust(self, role_arn: str) -> dict[str, Any]:
        """Return the role's trust policy. Raises NotFoundError if the role does not exist."""

    def denied(self, principal_arn: str, action: str, resource: str, passed_to: str = BEDROCK) -> bool:
        """Return whether the principal's policies deny the action, for iam:PassRole to this service."""

    def bucket_region(self, bucket: str) -> str: ...
    def bucket_key(self, bucket: str) -> str | None:
        """Return the ARN of the bucket's own encryption key, or None for AWS's."""


@dataclass(frozen=True, slots=True)
class Place:
    """The account and Region of a job.

    ``caller_arn`` submits it; ``grader_arn`` is the reward function; ``logs_bucket`` may hold invocation logs;
    ``training_jobs``: the stack may submit training jobs to SageMaker, with ``training_role_arn``; Bedrock imports what
    they make with ``import_role_arn``.
    """

    region: str
    bucket: str
    role_arn: str
    caller_arn: str = ""
    grader_arn: str = ""
    logs_bucket: str = ""
    training_jobs: bool = False
    training_role_arn: str = ""
    import_role_arn: str = ""


def preflight(
    recipe: Recipe,
    model: Model,
    place: Place,
    *,
    offers: Offers,
    access: AccessReader | None,
    name: str = "",
    files: str = "",
    prices: PriceBook | None = None,
) -> list[PreflightCheck]:
    """Return all checks, in the order in which a person would fix them.

    Args:
        name: the job's name, if there is a run; ``files`` is the folder of the run's files then.
        prices: given to check whether training has a price.
    """
    trainer = choose(recipe, model, region=place.region, enabled=place.training_jobs)
    if trainer.name == "sagemaker":
        checks = [check_training_job(recipe, model, place)]
    else:
        checks = [_asked("model", lambda: check_offer(recipe, model, place.region, offers))]
    checks += [
        _asked("lifecycle", lambda: check_lifecycle(recipe, model, place, offers)),
        check_hosting(recipe, model),
    ]
    if recipe.method == "distillation":
        checks.append(_asked("teacher", lambda: check_teacher(recipe, model, offers)))
        checks += check_logs(recipe, place)
    if guardrail := recipe.guardrail:
        checks.append(_asked("guardrail", lambda: check_guardrail(guardrail, place.region, offers)))
    if trainer.name == "bedrock":
        checks.append(_asked("quota", lambda: check_quota(offers)))
    if prices is not None:
        checks.append(check_price(recipe, model, prices, trainer.name))
    if name:
        checks += [check_keys(files, place), _asked("name", lambda: check_name_is_free(name, offers))]
    if access is not None:
        checks += check_access(recipe, model, place, access, trainer.name)
    return checks


def preflight_adopted(recipe: Recipe, model: Model, place: Place, *, offers: Offers) -> list[PreflightCheck]:
    """Return the checks of a run whose model was made elsewhere: only its deployment and its evaluation count."""
    checks = [check_hosting(recipe, model)]
    if guardrail := recipe.guardrail:
        checks.append(_asked("guardrail", lambda: check_guardrail(guardrail, place.region, offers)))
    return checks


def failures(checks: Iterable[PreflightCheck]) -> str:
    """Return what prevents a job from starting, as a sentence; empty if nothing does."""
    return "; ".join(f"{check.message}. To do: {check.remedy}" for check in checks if check.status == "failed")


def check_offer(recipe: Recipe, model: Model, region: str, offers: Offers) -> PreflightCheck:
    """Check whether this Region offers the model for the method today; the catalogue may be out of date."""
    listed = listed_as(recipe, model)
    if listed is None:
        if offers.foundation_model(model.training_id) or offers.foundation_model(model.base_id):
            return PreflightCheck("model", "ok", f"{region} has {model.title}")
    else:
        summaries = offers.foundation_models(listed)
        offered = [summary["modelId"] for summary in summaries]
        if any(identifier in model.ids or identifier.startswith(model.base_id + ":") for identifier in offered):
            return PreflightCheck("model", "ok", f"{region} offers {model.title} for {recipe.method}")
        if not offered and recipe.method == "continued-pre-training":
            return PreflightCheck(
                "model", "failed", f"no model in {region} supports continued pre-training today", NO_DOCUMENTS
            )
        names = [known.name for known in models() if known.ids & set(offered) and recipe.method in known.methods]
        if names:
            remedy = f"choose one that it offers: {', '.join(names)}; or {elsewhere(model)}"
            return PreflightCheck(
                "model", "failed", f"{region} does not offer {model.title} for {recipe.method}", remedy
            )
    return PreflightCheck(
        "model", "failed", f"{region} does not offer {model.title} for {recipe.method}", elsewhere(model)
    )


def check_guardrail(guardrail: RecipeGuardrail, region: str, offers: Offers) -> PreflightCheck:
    """Check whether the recipe's guardrail is there: without it, no question of the evaluation is answered."""
    named = f"version {guardrail.version} of the guardrail {guardrail.id}"
    found = offers.guardrail(guardrail.id, guardrail.version)
    if found is None:
        remedy = "create it in Bedrock's console, or mend guardrail.id and guardrail.version in tailor.yaml"
        return PreflightCheck("guardrail", "failed", f"{region} has no {named} in this account", remedy)
    status = str(found["status"])
    if status != "READY":
        return PreflightCheck("guardrail", "warning", f"{named} is {status.lower()}", "wait until it is ready")
    return PreflightCheck("guardrail", "ok", f"{named} is there")


def check_training_job(recipe: Recipe, model: Model, place: Place) -> PreflightCheck:
    """Check whether SageMaker's training jobs can train the run: the stack, the model and the Region."""
    facts, registries = model.methods.get(recipe.method), training_registries()
    if not place.training_jobs:
        message = "this stack may submit no training jobs to SageMaker"
        return PreflightCheck("model", "failed", message, without_training_jobs(recipe.method, model))
    if facts is None or facts.sagemaker is None:
        message = f"SageMaker's training jobs offer no {recipe.method} of {model.title}"
        return PreflightCheck("model", "failed", message, "leave trainer out, or choose another model (tailor models)")
    if place.region not in registries:
        message = f"AWS publishes no training image of Nova in {place.region}"
        return PreflightCheck("model", "failed", message, f"deploy Tailor in {' or '.join(registries)}")
    job = facts.sagemaker
    message = f"a training job of SageMaker on {job.instances} {job.instance_type} trains {model.title}"
    return PreflightCheck("model", "ok", message)


def check_lifecycle(recipe: Recipe, model: Model, place: Place, offers: Offers) -> PreflightCheck:
    """Check that the model accepts new jobs: not in its legacy period. Bedrock overrides the catalogue."""
    details = offers.foundation_model(model.training_id) or offers.foundation_model(model.base_id)
    status = ((details or {}).get("modelLifecycle") or {}).get("status")
    if status == "LEGACY":
        message = (
            f"AWS is retiring {model.title}: it takes no new jobs, and serves what was tuned until its end of life"
        )
        return PreflightCheck(
            "lifecycle", "failed", message, what_is_left(recipe.method, model, place.region, place.training_jobs)
        )
    if status == "ACTIVE":
        return PreflightCheck("lifecycle", "ok", f"{model.title} is active")
    if model.lifecycle.status == "retired":
        ended = f" on {model.lifecycle.end_of_life}" if model.lifecycle.end_of_life else ""
        message = f"AWS retired {model.title}{ended}"
        return PreflightCheck(
            "lifecycle", "failed", message, what_is_left(recipe.method, model, place.region, place.training_jobs)
        )
    return PreflightCheck("lifecycle", "unknown", f"Bedrock says nothing of the lifecycle of {model.title}")


def check_hosting(recipe: Recipe, model: Model) -> PreflightCheck:
    kind = recipe.deployment.kind
    if model.lifecycle.status == "retired":
        return PreflightCheck("hosting", "unknown", f"AWS lists nothing for {model.title} any more")
    if kind in model.hosting.kinds:
        return PreflightCheck("hosting", "ok", f"a custom {model.title} can be served {kind}")
    if not model.hosting.kinds:
        return PreflightCheck(
            "hosting", "failed", f"AWS lists no way to serve a custom {model.title}", "choose another model"
        )
    others = " or ".join(model.hosting.kinds)
    message = f"AWS does not list {kind} deployment for a custom {model.title}"
    return PreflightCheck("hosting", "failed", message, f"set deployment.kind to {others}, or choose another model")


def check_teacher(recipe: Recipe, model: Model, offers: Offers) -> PreflightCheck:
    teacher = teacher_of(recipe, model)
    if offers.foundation_model(teacher.base_id):
        return PreflightCheck("teacher", "ok", f"the teacher {teacher.title} is there")
    known = {other.name for other in models() if other.lifecycle.status != "retired"} - {teacher.name}
    others = [name for name in model.method("distillation").teachers if name in known]
    remedy = f"choose another teacher: {', '.join(others)}" if others else "choose another student (tailor models)"
    return PreflightCheck("teacher", "failed", f"this Region does not have the teacher {teacher.title}", remedy)


def check_logs(recipe: Recipe, place: Place) -> list[PreflightCheck]:
    """Check that the logs are in the bucket that the customization role may read."""
    logs = recipe.distillation.logs
    if logs is None:
        return []
    bucket = logs.uri.removeprefix("s3://").split("/")[0]
    if bucket == place.logs_bucket:
        return [PreflightCheck("logs", "ok", f"invocation logs in {bucket} may be read")]
    message = f"the customization role may not read invocation logs in {bucket}"
    return [PreflightCheck("logs", "failed", message, f"deploy the stack with InvocationLogsBucket={bucket}")]


def check_quota(offers: Offers) -> PreflightCheck:
    """Check the quota of jobs. A full quota is no failure: runs wait their turn."""
    running, most = len(offers.open_jobs()), quotas().customization_jobs
    if running >= most:
        message = f"{running} customization jobs run, of {most} that an account may have: new runs wait their turn"
        return PreflightCheck("quota", "warning", message, "nothing, or stop a job that nobody needs")
    return PreflightCheck("quota", "ok", f"{running} of {most} customization jobs run")


def check_price(recipe: Recipe, model: Model, prices: PriceBook, trainer: TrainerName = "bedrock") -> PreflightCheck:
    """Check whether training has a price. A run without one waits for approval."""
    item = item_of(recipe.method, model) if trainer == "sagemaker" else "training"
    if recipe.method == "reinforcement":
        message = (
            "reinforcement is billed by the hour and nobody knows the hours before: each run waits for an approval"
        )
        return PreflightCheck("price", "warning", message)
    price = prices.priced(model, datetime.now(UTC).date()).price(item)
    notes = "".join(f"; {note}" for note in prices.notes)
    if price is None:
        message = f"training {model.title} has no price, so each run waits for an approval{notes}"
        return PreflightCheck("price", "warning", message, how_to_set(model, item))
    return PreflightCheck("price", "ok", f"training costs ${price.amount:f} per {price.unit} ({price.origin}){notes}")


def check_keys(files: str, place: Place) -> PreflightCheck:
    """Check the bucket's keys: Bedrock accepts fewer characters in S3 addresses than S3."""
    uri = f"s3://{place.bucket}/{files}{TRAIN_FILE}"
    if _S3_URI.fullmatch(uri) and len(uri) <= 1024:
        return PreflightCheck("keys", "ok", "the data's addresses are of the form that Bedrock takes")
    return PreflightCheck(
        "keys", "failed", f"Bedrock does not take the address {uri}", "use a bucket name of a-z, 0-9, - and ."
    )


def check_name_is_free(name: str, offers: Offers) -> PreflightCheck:
    """Check the job's name. A job of that name is this run's own; a model without a job is not."""
    if offers.find_job(name):
        return PreflightCheck("name", "ok", f"the job {name} was submitted before and is followed")
    if offers.find_model(name):
        message = f"a custom model {name} exists that no job of this run made"
        return PreflightCheck("name", "failed", message, "delete that model, or upload the dataset under another name")
    return PreflightCheck("name", "ok", f"the name {name} is free")


def check_access(
    recipe: Recipe, model: Model, place: Place, access: AccessReader, trainer: TrainerName = "bedrock"
) -> list[PreflightCheck]:
    """Check that the job's role can be passed, and reaches what a job reads, writes and calls."""
    by_sagemaker = trainer == "sagemaker"
    role, service = (place.training_role_arn, SAGEMAKER) if by_sagemaker else (place.role_arn, BEDROCK)
    if not role:
        return [PreflightCheck("trust", "unknown", "the stack does not name its role for training jobs", _AGAIN)]
    trust = _asked("trust", lambda: _check_trust("trust", role, service, access))
    if trust.status == "failed":
        return [trust]
    partition = role.split(":")[1]
    data, example = f"arn:{partition}:s3:::{place.bucket}", files_of_run("example", "example")
    wanted = [
        ("read", role, "s3:GetObject", f"{data}/{example}{TRAIN_FILE}"),
        ("media", role, "s3:GetObject", f"{data}/uploads/example/example/image.png"),
        ("list", role, "s3:ListBucket", data),
        ("write", role, "s3:PutObject", f"{data}/{example}{JOB_FOLDER}output"),
    ]
    if place.caller_arn:
        wanted.insert(0, ("pass-role", place.caller_arn, "iam:PassRole", role))
    if recipe.method == "distillation":
        teacher = teacher_of(recipe, model)
        resource = f"arn:{partition}:bedrock:{place.region}::foundation-model/{teacher.base_id}"
        wanted.append(("teacher-access", place.role_arn, "bedrock:InvokeModel", resource))
    if recipe.method == "reinforcement" and place.grader_arn:
        wanted.append(("grader-access", place.role_arn, "lambda:InvokeFunction", place.grader_arn))
    asked = (_asked(name, _check_denied(name, *question, access=access, to=service)) for name, *question in wanted)
    checks = [trust, *asked]
    if by_sagemaker and (imports := place.import_role_arn):
        checks.append(_asked("import-trust", lambda: _check_trust("import-trust", imports, BEDROCK, access)))
    return [*checks, _asked("region", lambda: _check_region(place, access)), *_check_key(place, role, access)]


_AGAIN = "deploy the stack again: its template makes the role"
_WHO = {BEDROCK: "Bedrock", SAGEMAKER: "SageMaker"}


def _check_trust(name: str, role_arn: str, service: str, access: AccessReader) -> PreflightCheck:
    try:
        document = access.trust(role_arn)
    except NotFoundError:
        return PreflightCheck(name, "failed", f"there is no role {role_arn}", _AGAIN)
    for statement in _listed(document.get("Statement")):
        services = _listed((statement.get("Principal") or {}).get("Service"))
        if statement.get("Effect") == "Allow" and service in services:
            return PreflightCheck(name, "ok", f"{_WHO[service]} may take the role {role_arn.rpartition('/')[2]}")
    return PreflightCheck(name, "failed", f"the role {role_arn} does not trust {service}", _AGAIN)


def _check_denied(
    name: str, principal: str, action: str, resource: str, *, access: AccessReader, to: str = BEDROCK
) -> Callable[[], PreflightCheck]:
    def check() -> PreflightCheck:
        if access.denied(principal, action, resource, to):
            remedy = f"let it do {action}: deploy the stack again, and look for a policy that denies it"
            return PreflightCheck(name, "failed", f"{principal} may not do {action} on {resource}", remedy)
        return PreflightCheck(name, "ok", f"{action} on {resource}")

    return check


def _check_region(place: Place, access: AccessReader) -> PreflightCheck:
    found = access.bucket_region(place.bucket)
    if found == place.region:
        return PreflightCheck("region", "ok", f"bucket and jobs are in {found}")
    remedy = "the bucket and the job must be in one Region: deploy Tailor in the Region of the model"
    return PreflightCheck("region", "failed", f"the bucket is in {found}, the job would run in {place.region}", remedy)


def _check_key(place: Place, role: str, access: AccessReader) -> list[PreflightCheck]:
    """Check that the role may use the bucket's own encryption key."""
    try:
        key = access.bucket_key(place.bucket)
    except TailorError as error:
        return [PreflightCheck("key", "unknown", f"could not be asked: {error.message}")]
    if key is None or not key.startswith("arn:"):
        return []
    return [_asked("key", _check_denied("key", role, "kms:Decrypt", key, access=access))]


def _asked(name: str, check: Callable[[], PreflightCheck]) -> PreflightCheck:
    """Run a check; its status is unknown, not failed, if AWS can't be asked."""
    try:
        return check()
    except TailorError as error:
        return PreflightCheck(name, "unknown", f"could not be asked: {error.message}", error.hint)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
