"""Protection of stored data: a key of one's own, and an end for files of runs."""

import re
from typing import Any

import pytest

from tailor import catalog
from tailor.recipe import Budget, Recipe
from tailor.runs import State
from tailor.training.methods import build_job
from tailor.training.request import Job
from tests.unit.contracts.template import functions, statements, template
from tests.unit.contracts.transformed import of_type
from tests.unit.steps.fakes import a_run
from tests.unit.steps.test_train import MANIFEST
from tests.unit.training.contract import request_problems

KEY = {"Ref": "KmsKeyArn"}
GIVEN = {"Fn::If": ["HasKmsKey", KEY, {"Ref": "AWS::NoValue"}]}
HOLD_DATA = {
    "AWS::SNS::Topic": lambda found: found["KmsMasterKeyId"] == GIVEN,
    "AWS::SQS::Queue": lambda found: found["KmsMasterKeyId"] == GIVEN,
    "AWS::Logs::LogGroup": lambda found: found["KmsKeyId"] == GIVEN,
    "AWS::DynamoDB::Table": lambda found: found["SSESpecification"]["Fn::If"][1]["KMSMasterKeyId"] == KEY,
    "AWS::S3::Bucket": lambda found: encryption(found)["KMSMasterKeyID"] == GIVEN,
}
NO_DATA = {"console", "grade"}  # it needs no permissions, and stores nothing


def encryption(bucket: dict[str, Any]) -> dict[str, Any]:
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return dict(rule["ServerSideEncryptionByDefault"])


@pytest.mark.parametrize("kind", HOLD_DATA)
def test_a_key_of_ones_own_reaches_everything_that_holds_data(kind: str) -> None:
    found = of_type(kind)
    assert found
    assert [name for name, properties in found.items() if not HOLD_DATA[kind](properties)] == []


def test_whoever_reads_or_writes_data_may_use_the_key() -> None:
    use = {"Fn::If": ["HasKmsKey", {"Ref": "KeyPolicy"}, {"Ref": "AWS::NoValue"}]}
    resources = template()["Resources"].values()
    functions = [each["Properties"] for each in resources if each["Type"] == "AWS::Serverless::Function"]
    without = {each["CodeUri"].split("/")[-1] for each in functions if use not in each.get("Policies", [])}
    assert without == NO_DATA
    role = template()["Resources"]["CustomizationRole"]["Properties"]
    assert role["ManagedPolicyArns"]["Fn::If"][:2] == ["HasKmsKey", [{"Ref": "KeyPolicy"}]]


@pytest.mark.parametrize("key", ["", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"])
def test_custom_models_have_the_key_too(key: str) -> None:
    run, model = a_run(State.APPROVED, recipe=Recipe(model="nova-micro")), catalog.model("nova-micro")
    request = build_job(Job(run, model, MANIFEST, "bucket", "arn:aws:iam::123456789012:role/r", {}, kms_key=key))
    assert request.get("customModelKmsKeyId", "") == key
    assert request_problems("CreateModelCustomizationJob", request) == ""


def test_files_of_runs_are_deleted_only_where_that_is_asked_for_and_not_under_a_run_that_waits() -> None:
    parameter = template()["Parameters"]["RunFilesDays"]
    shortest = min(days for days in parameter["AllowedValues"] if days)
    assert parameter["Default"] == 0
    assert shortest * 24 > 10 * Budget().approval_hours + 24 * 14, "approvals, and weeks of jobs that wait and train"
    rules = template()["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (rule,) = [each for each in rules if each["Id"] == "files-of-runs"]
    assert (rule["Prefix"], rule["Status"]) == ("runs/", {"Fn::If": ["DeletesRunFiles", "Enabled", "Disabled"]})
    assert rule["ExpirationInDays"]["Fn::If"][1] == {"Ref": "RunFilesDays"}


def test_whoever_takes_a_deployment_down_may_take_model_units_down_too() -> None:
    """One operation does both: a version on units would go on billing if its function could not delete them."""
    deployments, units = "CustomModelDeployment", "ProvisionedModelThroughput"
    removing = [
        name for name in functions() if f"bedrock:Delete{deployments}" in str(functions()[name].get("Policies"))
    ]
    assert {"manage", "provision", "reconcile"} <= set(removing)
    for name in removing:
        allowed = str(statements(name))
        assert {f"bedrock:{verb}{units}" for verb in ("Get", "Delete")} <= set(re.findall(r"bedrock:\w+", allowed)), (
            name
        )
        assert ":provisioned-model/*" in allowed, name
