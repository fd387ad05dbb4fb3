from typing import Any

import pytest

from tailor import catalog
from tailor.errors import NotAllowedError, NotFoundError
from tailor.names import files_of_run
from tailor.recipe import Recipe
from tailor.training.alternatives import what_is_left
from tailor.training.preflight import BEDROCK, SAGEMAKER, Place, PreflightCheck, failures, preflight

ROLE = "arn:aws:iam::123456789012:role/tailor-customization"
CALLER = "arn:aws:iam::123456789012:role/tailor-train"
GRADER = "arn:aws:lambda:us-east-1:123456789012:function:tailor-grade"
KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
PLACE = Place("us-east-1", "tailor-data", ROLE, CALLER, GRADER)
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}}]}

OTHERS = {"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}}}


GUARDED = Recipe.parse("guardrail: {id: abc, version: '1'}")


class Region:
    """A Region of Bedrock: ids by method, lifecycles by id, jobs and models by name."""

    def __init__(self, offered: dict[str, list[str]], status: str = "ACTIVE", **more: Any) -> None:
        self.offered, self.status = offered, status
        self.jobs: list[str] = more.get("jobs", [])
        self.own: list[str] = more.get("models", [])
        self.closed = more.get("closed", False)
        self.guardrails: dict[tuple[str, str], dict[str, Any]] = more.get("guardrails", {})

    def foundation_models(self, customization: str | None = None) -> list[dict[str, Any]]:
        if self.closed:
            raise NotAllowedError("listing foundation models: not authorized")
        return [{"modelId": identifier} for identifier in self.offered.get(customization or "", [])]

    def foundation_model(self, identifier: str) -> dict[str, Any] | None:
        known = {each for ids in self.offered.values() for each in ids}
        return {"modelId": identifier, "modelLifecycle": {"status": self.status}} if identifier in known else None

    def open_jobs(self) -> list[dict[str, Any]]:
        return [{"jobName": name} for name in self.jobs]

    def find_job(self, name: str) -> dict[str, Any] | None:
        return {"jobName": name} if name in self.jobs else None

    def find_model(self, name: str) -> dict[str, Any] | None:
        return {"modelName": name} if name in self.own else None

    def guardrail(self, identifier: str, version: str) -> dict[str, Any] | None:
        return self.guardrails.get((identifier, version))


class Account:
    def __init__(self, refused: set[str] | None = None, trust: Any = TRUST, **more: Any) -> None:
        self.refused, self.document = refused or set(), trust
        self.home: str = more.get("region", "us-east-1")
        self.key: str | None = more.get("key")
        self.asked: list[tuple[str, str, str]] = []
        self.passed: set[str] = set()

    def trust(self, role_arn: str) -> dict[str, Any]:
        if self.document is None:
            raise NotFoundError("no such role")
        found: dict[str, Any] = self.document
        return found

    def denied(self, principal_arn: str, action: str, resource: str, passed_to: str = BEDROCK) -> bool:
        if "iam:SimulatePrincipalPolicy" in self.refused:
            raise NotAllowedError("simulating: not authorized")
        self.asked.append((principal_arn, action, resource))
        self.passed.add(passed_to)
        return action in self.refused

    def bucket_region(self, bucket: str) -> str:
        return self.home

    def bucket_key(self, bucket: str) -> str | None:
        return self.key


AWS = {
    "FINE_TUNING": ["amazon.nova-lite-v1:0:300k", "amazon.nova-micro-v1:0:128k"],
    "DISTILLATION": ["amazon.nova-lite-v1:0:300k"],
    "": ["amazon.nova-pro-v1:0", "amazon.nova-2-lite-v1:0"],
}


def checked(
    recipe: Recipe, offers: Region | None = None, access: Account | None = None, name: str = "colours-1", **place: Any
) -> dict[str, PreflightCheck]:
    where = Place(**{**vars_of(PLACE), **place})
    model = catalog.model(recipe.model)
    files, region, account = files_of_run("colours", name), offers or Region(AWS), access or Account()
    found = preflight(recipe, model, where, offers=region, access=account, name=name, files=files)
    return {check.name: check for check in found}


def vars_of(place: Place) -> dict[str, str]:
    return {name: getattr(place, name) for name in place.__dataclass_fields__}


@pytest.mark.parametrize(
    "recipe", [Recipe(), Recipe(method="distillation"), Recipe(method="reinforcement", model="nova-2-lite")]
)
def test_where_all_is_well_nothing_fails(recipe: Recipe) -> None:
    found = checked(recipe)
    assert {check.status for check in found.values()} == {"ok"}
    assert failures(found.values()) == ""


@pytest.mark.parametrize(
    ("recipe", "offers", "access", "place", "failing", "says"),
    [
        (Recipe(), Region({"FINE_TUNING": []}), None, {}, "model", "us-east-1"),
        (Recipe(model="llama-3-3-70b"), None, None, {}, "model", "us-west-2"),
        (Recipe(), Region(AWS, status="LEGACY"), None, {}, "lifecycle", "choose nova-micro or nova-pro or nova-2-lite"),
        (Recipe(model="llama-3-1-8b"), None, None, {}, "hosting", "provisioned"),
        (Recipe(method="distillation"), Region({**AWS, "": []}), None, {}, "teacher", "student"),
        (Recipe(), Region(AWS, models=["colours-1"]), None, {}, "name", "another name"),
        (GUARDED, Region(AWS, guardrails={("abc", "2"): {"status": "READY"}}), None, {}, "guardrail", "guardrail.id"),
        (Recipe(), None, None, {"bucket": "Tailor=Data"}, "keys", "bucket name"),
        (Recipe(), None, Account(trust=None), {}, "trust", "deploy"),
        (Recipe(), None, Account(trust=OTHERS), {}, "trust", "deploy"),
        (Recipe(), None, Account({"s3:GetObject"}), {}, "read", "s3:GetObject"),
        (Recipe(), None, Account({"s3:PutObject"}), {}, "write", "s3:PutObject"),
        (Recipe(), None, Account({"s3:ListBucket"}), {}, "list", "s3:ListBucket"),
        (Recipe(), None, Account({"iam:PassRole"}), {}, "pass-role", "iam:PassRole"),
        (Recipe(), None, Account({"kms:Decrypt"}, key=KEY), {}, "key", "kms:Decrypt"),
        (Recipe(), None, Account(region="eu-west-1"), {}, "region", "one Region"),
        (Recipe(method="distillation"), None, Account({"bedrock:InvokeModel"}), {}, "teacher-access", "InvokeModel"),
        (
            Recipe(method="reinforcement", model="nova-2-lite"),
            None,
            Account({"lambda:InvokeFunction"}),
            {},
            "grader-access",
            "lambda:InvokeFunction",
        ),
    ],
)  # fmt: skip
def test_each_failure_is_named_with_its_remedy(
    recipe: Recipe, offers: Any, access: Any, place: dict[str, str], failing: str, says: str
) -> None:
    found = checked(recipe, offers, access, **place)
    assert found[failing].status == "failed"
    assert says in found[failing].remedy
    assert found[failing].message in failures(found.values())


def test_continued_pre_training_is_said_to_be_impossible_with_what_can_be_done_instead() -> None:
    recipe = Recipe(method="continued-pre-training", model="titan-text-express")
    found = checked(recipe)["model"]
    assert found.status == "failed"
    assert "no model in us-east-1 supports continued pre-training today" in found.message
    assert "fine-tune" in found.remedy


def test_continued_pre_training_works_where_a_region_offers_it() -> None:
    recipe = Recipe(method="continued-pre-training", model="titan-text-express")
    offers = Region({"CONTINUED_PRE_TRAINING": ["amazon.titan-text-express-v1:0:8k"]})
    assert failures(checked(recipe, offers).values()) == ""


def test_another_model_that_the_region_offers_is_named() -> None:
    found = checked(Recipe(model="nova-pro"))["model"]
    assert "nova-lite, nova-micro" in found.remedy or "nova-micro, nova-lite" in found.remedy


def test_a_full_quota_is_no_failure_because_runs_wait() -> None:
    found = checked(Recipe(), Region(AWS, jobs=[f"job-{n}" for n in range(10)]))
    assert found["quota"].status == "warning"
    assert failures(found.values()) == ""


def test_a_job_that_was_submitted_before_is_no_conflict() -> None:
    found = checked(Recipe(), Region(AWS, jobs=["colours-1"], models=["colours-1"]))
    assert found["name"].status == "ok"


def test_what_can_not_be_asked_is_unknown_and_blocks_nothing() -> None:
    found = checked(Recipe(), Region(AWS, closed=True), Account({"iam:SimulatePrincipalPolicy"}))
    assert found["model"].status == found["read"].status == found["pass-role"].status == "unknown"
    assert failures(found.values()) == ""


def test_the_role_is_asked_for_and_the_caller_only_for_passing_it() -> None:
    account = Account()
    checked(Recipe(), access=account)
    assert {principal for principal, action, _ in account.asked if action != "iam:PassRole"} == {ROLE}
    assert (CALLER, "iam:PassRole", ROLE) in account.asked


@pytest.mark.parametrize(("bucket", "status"), [("my-logs", "ok"), ("", "failed"), ("my-logs-2", "failed")])
def test_logs_are_read_only_where_the_stack_lets_its_role_read_them(bucket: str, status: str) -> None:
    logs = {"uri": "s3://my-logs/AWSLogs/"}
    recipe = Recipe.model_validate({"method": "distillation", "model": "nova-lite", "distillation": {"logs": logs}})
    place = Place("us-east-1", "tailor-data", ROLE, logs_bucket=bucket)
    checks = preflight(recipe, catalog.model("nova-lite"), place, offers=Region(AWS), access=None)
    [check] = [check for check in checks if check.name == "logs"]
    assert check.status == status
    assert ("InvocationLogsBucket=my-logs" in check.remedy) is (status == "failed")


@pytest.mark.parametrize(("status", "told"), [("READY", "ok"), ("VERSIONING", "warning")])
def test_a_guardrail_is_looked_for_where_the_recipe_names_one(status: str, told: str) -> None:
    region = Region(AWS, guardrails={("abc", "1"): {"status": status}})
    assert checked(GUARDED, offers=region)["guardrail"].status == told
    assert "guardrail" not in checked(Recipe(), offers=region)


TRAINING, IMPORTS = ROLE.replace("customization", "training"), ROLE.replace("customization", "import")
BOTH = {"Statement": [{"Effect": "Allow", "Principal": {"Service": [BEDROCK, SAGEMAKER]}}]}
ONLY_SAGEMAKER = {"Statement": [{"Effect": "Allow", "Principal": {"Service": SAGEMAKER}}]}
JOBS: dict[str, Any] = {"training_jobs": True, "training_role_arn": TRAINING, "import_role_arn": IMPORTS}


def test_where_sagemaker_trains_its_own_role_is_examined() -> None:
    account = Account(trust=BOTH)
    found = checked(Recipe(trainer="sagemaker"), access=account, **JOBS)
    assert {check.status for check in found.values()} == {"ok"}
    assert {"trust", "read", "write", "list", "pass-role", "import-trust"} <= found.keys()
    assert {principal for principal, _, _ in account.asked} == {TRAINING, CALLER}
    assert account.passed == {SAGEMAKER}


@pytest.mark.parametrize(
    ("access", "place", "failing", "status"),
    [
        (Account(), {}, "trust", "failed"),
        (Account({"s3:PutObject"}, trust=BOTH), {}, "write", "failed"),
        (Account(trust=ONLY_SAGEMAKER), {}, "import-trust", "failed"),
        (Account(trust=BOTH), {"training_role_arn": ""}, "trust", "unknown"),
    ],
)  # fmt: skip
def test_what_keeps_a_training_job_from_starting_is_named(
    access: Account, place: dict[str, str], failing: str, status: str
) -> None:
    assert checked(Recipe(trainer="sagemaker"), access=access, **{**JOBS, **place})[failing].status == status


def test_preferences_need_training_jobs_and_the_remedy_says_what_can_be_learnt_without() -> None:
    recipe = Recipe(method="preference-optimization", model="nova-micro")
    without = checked(recipe)["model"]
    assert (without.status, "SageMakerTraining=enabled" in without.remedy) == ("failed", True)
    assert "fine-tuning" in without.remedy
    assert checked(recipe, access=Account(trust=BOTH), **JOBS)["model"].status == "ok"


@pytest.mark.parametrize(
    ("method", "model", "region", "says"),
    [
        ("preference-optimization", "nova-lite", "us-east-1", "have SageMaker train nova-micro (trainer: sagemaker)"),
        ("fine-tuning", "nova-lite", "us-east-1", "choose nova-micro or nova-pro or nova-2-lite, of which Bedrock"),
        ("distillation", "nova-lite", "us-east-1", "choose nova-micro, of which Bedrock takes distillation"),
        ("distillation", "llama-3-1-8b", "eu-central-1", "deploy Tailor in us-east-1 or us-west-2, where nova-micro"),
        ("continued-pre-training", "titan-text-express", "us-east-1", "choose nova-micro or nova-lite or nova-2-lite"),
        ("reinforcement", "nova-2-lite", "us-east-1", "no model of the catalogue takes reinforcement any more"),
    ],
)
def test_for_a_model_that_aws_retires_the_others_are_named(method: Any, model: str, region: str, says: str) -> None:
    assert says in what_is_left(method, catalog.model(model), region, training_jobs=False)
