"""The control plane adapter: repeats find what is there, error codes become Tailor's errors."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tailor.aws.bedrock import Bedrock
from tailor.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotOursError,
    QuotaError,
    RetryableError,
    TailorError,
    ThrottledError,
)

AT = datetime(2026, 11, 22, tzinfo=UTC)
JOB = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/abcdefghijkl"
MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl"
OTHER = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/mnopqrstuvwx"
DEPLOYMENT = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
BASE = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k"
REQUEST = {
    "jobName": "colours-1",
    "customModelName": "colours-1",
    "roleArn": "arn:aws:iam::123456789012:role/tailor",
    "baseModelIdentifier": "amazon.nova-lite-v1:0:300k",
    "trainingDataConfig": {"s3Uri": "s3://tailor/train.jsonl"},
    "outputDataConfig": {"s3Uri": "s3://tailor/job/"},
}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("bedrock", region_name="us-east-1")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def bedrock(stub: Stubber) -> Bedrock:
    return Bedrock(stub.client)  # type: ignore[arg-type]


def job(name: str, status: str = "InProgress") -> dict[str, Any]:
    return {"jobArn": JOB, "baseModelArn": BASE, "jobName": name, "status": status, "creationTime": AT}


def deployment(name: str, model: str = MODEL) -> dict[str, Any]:
    return {
        "customModelDeploymentArn": DEPLOYMENT,
        "customModelDeploymentName": name,
        "modelArn": model,
        "createdAt": AT,
        "status": "Active",
    }


def test_tags_by_key(stub: Stubber, bedrock: Bedrock) -> None:
    answer = {"tags": [{"key": "stack", "value": "tailor"}, {"key": "run", "value": "colours-1"}]}
    stub.add_response("list_tags_for_resource", answer, {"resourceARN": JOB})
    assert bedrock.tags(JOB) == {"stack": "tailor", "run": "colours-1"}


IMPORT = {
    "modelName": "colours-1",
    "modelSourceConfig": {"s3DataSource": {"s3Uri": "s3://customer-escrow-123456789012-smtj-abc/colours-1/10"}},
    "roleArn": "arn:aws:iam::123456789012:role/import",
}


def test_an_imported_model(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_response("create_custom_model", {"modelArn": MODEL}, IMPORT)
    assert bedrock.create_model(IMPORT) == MODEL


def test_an_import_that_is_repeated_finds_the_first(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("create_custom_model", "ConflictException", "The name is in use.")
    found = {
        "modelArn": MODEL,
        "modelName": "colours-1",
        "creationTime": AT,
        "baseModelArn": BASE,
        "baseModelName": "Nova Lite",
    }
    stub.add_response("list_custom_models", {"modelSummaries": [found]}, {"nameContains": "colours-1"})
    assert bedrock.create_model(IMPORT) == MODEL


def test_all_deployments_with_their_states(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_response("list_custom_model_deployments", {"modelDeploymentSummaries": [deployment("colours-1")]}, {})
    assert [(each["arn"], each["status"]) for each in bedrock.list_deployments()] == [(DEPLOYMENT, "Active")]


def test_a_new_job(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_response("create_model_customization_job", {"jobArn": JOB}, REQUEST)
    assert bedrock.create_job(REQUEST) == JOB


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_a_name_in_use_is_the_job_that_is_there(code: str, stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("create_model_customization_job", code, "the name is in use")
    found = {"modelCustomizationJobSummaries": [job("colours-10"), job("colours-1")]}
    stub.add_response("list_model_customization_jobs", found, {"nameContains": "colours-1"})
    assert bedrock.create_job(REQUEST) == JOB


def test_a_refusal_for_another_reason_stays_one(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("create_model_customization_job", "ValidationException", "the role can't be assumed")
    stub.add_response("list_model_customization_jobs", {"modelCustomizationJobSummaries": [job("colours-10")]})
    with pytest.raises(InvalidInputError, match="the role can't be assumed"):
        bedrock.create_job(REQUEST)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ResourceNotFoundException", NotFoundError),
        ("AccessDeniedException", NotAllowedError),
        ("ServiceQuotaExceededException", QuotaError),
        ("ThrottlingException", ThrottledError),
        ("TooManyTagsException", InvalidInputError),
        ("InternalServerException", RetryableError),
    ],
)
def test_codes_become_errors(code: str, error: type[TailorError], stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("create_model_customization_job", code, "no")
    with pytest.raises(error):
        bedrock.create_job(REQUEST)


def test_quota_and_throttling_are_worth_another_try() -> None:
    assert issubclass(QuotaError, RetryableError)
    assert issubclass(ThrottledError, RetryableError)


def test_jobs_that_run_are_found_over_pages(stub: Stubber, bedrock: Bedrock) -> None:
    first = {"modelCustomizationJobSummaries": [job("a")], "nextToken": "more"}
    stub.add_response("list_model_customization_jobs", first, {"statusEquals": "InProgress"})
    second = {"statusEquals": "InProgress", "nextToken": "more"}
    stub.add_response("list_model_customization_jobs", {"modelCustomizationJobSummaries": [job("b")]}, second)
    assert [found["jobName"] for found in bedrock.open_jobs()] == ["a", "b"]


@pytest.mark.parametrize("status", ["Stopped", "Stopping", "Completed"])
def test_stopping_twice_is_stopping_once(status: str, stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("stop_model_customization_job", "ConflictException", "it has ended")
    whole = {
        **job("a", status),
        "outputModelName": "a",
        "roleArn": REQUEST["roleArn"],
        "trainingDataConfig": REQUEST["trainingDataConfig"],
        "outputDataConfig": REQUEST["outputDataConfig"],
        "validationDataConfig": {"validators": []},
    }
    stub.add_response("get_model_customization_job", whole)
    bedrock.stop_job(JOB)


def test_a_custom_model_is_read_with_its_status(stub: Stubber, bedrock: Bedrock) -> None:
    found = {"modelArn": MODEL, "modelName": "colours-1", "creationTime": AT, "modelStatus": "Creating"}
    stub.add_response("get_custom_model", found, {"modelIdentifier": MODEL})
    assert bedrock.get_model(MODEL)["modelStatus"] == "Creating"


def test_a_new_deployment_with_its_derived_token(stub: Stubber, bedrock: Bedrock) -> None:
    sent = {
        "modelDeploymentName": "colours-1",
        "modelArn": MODEL,
        "clientRequestToken": "colours-1",
        "tags": [{"key": "tailor:project", "value": "colours"}],
    }
    stub.add_response("create_custom_model_deployment", {"customModelDeploymentArn": DEPLOYMENT}, sent)
    assert bedrock.create_deployment("colours-1", MODEL, tags={"tailor:project": "colours"}) == DEPLOYMENT


def test_a_deployment_that_is_there_is_found_by_name(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("create_custom_model_deployment", "ValidationException", "the name is in use")
    listed = {"modelDeploymentSummaries": [deployment("colours-10"), deployment("colours-1")]}
    stub.add_response("list_custom_model_deployments", listed, {"nameContains": "colours-1"})
    assert bedrock.create_deployment("colours-1", MODEL, tags={}) == DEPLOYMENT


def test_a_deployment_of_another_model_is_not_ours(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("create_custom_model_deployment", "ConflictException", "the name is in use")
    stub.add_response("list_custom_model_deployments", {"modelDeploymentSummaries": [deployment("colours-1", OTHER)]})
    with pytest.raises(NotOursError, match="mnopqrstuvwx"):
        bedrock.create_deployment("colours-1", MODEL, tags={})


class TestProvisionedThroughput:
    UNITS = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abcdefghijkl"

    def found(self, status: str, model: str = MODEL) -> dict[str, Any]:
        names = {"provisionedModelName": "colours-1", "provisionedModelArn": self.UNITS}
        arns = {"modelArn": model, "desiredModelArn": model, "foundationModelArn": BASE}
        units = {"modelUnits": 2, "desiredModelUnits": 2, "status": status}
        return {**names, **arns, **units, "creationTime": AT, "lastModifiedTime": AT}

    def test_it_is_made_with_its_units_and_no_commitment(self, stub: Stubber, bedrock: Bedrock) -> None:
        sent = {"provisionedModelName": "colours-1", "modelId": MODEL, "clientRequestToken": "colours-1"}
        sent |= {"modelUnits": 2, "tags": [{"key": "stack", "value": "tailor"}]}  # type: ignore[dict-item]
        stub.add_response("create_provisioned_model_throughput", {"provisionedModelArn": self.UNITS}, sent)
        made = bedrock.create_deployment("colours-1", MODEL, tags={"stack": "tailor"}, kind="provisioned", units=2)
        assert made == self.UNITS

    def test_one_that_is_there_is_found_by_name(self, stub: Stubber, bedrock: Bedrock) -> None:
        for model in (MODEL, OTHER):
            stub.add_client_error("create_provisioned_model_throughput", "ValidationException", "the name is in use")
            listed = {"provisionedModelSummaries": [self.found("Creating", model)]}
            stub.add_response("list_provisioned_model_throughputs", listed, {"nameContains": "colours-1"})
        assert bedrock.create_deployment("colours-1", MODEL, tags={}, kind="provisioned") == self.UNITS
        with pytest.raises(NotOursError, match="mnopqrstuvwx"):
            bedrock.create_deployment("colours-1", MODEL, tags={}, kind="provisioned")

    @pytest.mark.parametrize(
        ("status", "told"),
        [("InService", "Active"), ("Updating", "Active"), ("Creating", "Creating"), ("Failed", "Failed")],
    )
    def test_its_status_is_that_of_a_deployment(self, status: str, told: str, stub: Stubber, bedrock: Bedrock) -> None:
        by_name = {"provisionedModelId": "colours-1"}
        stub.add_response("get_provisioned_model_throughput", self.found(status), by_name)
        stub.add_response("list_provisioned_model_throughputs", {"provisionedModelSummaries": [self.found(status)]})
        stub.add_response("delete_provisioned_model_throughput", {}, {"provisionedModelId": self.UNITS})
        found = bedrock.get_deployment("colours-1", "provisioned")
        assert (found["arn"], found["status"]) == (self.UNITS, told)
        listed = bedrock.list_deployments("provisioned")
        assert [(each["arn"], each["status"]) for each in listed] == [(self.UNITS, told)]
        bedrock.delete_deployment(self.UNITS)

    def test_a_commitment_is_bought_and_left_until_its_end(self, stub: Stubber, bedrock: Bedrock) -> None:
        named = {"provisionedModelName": "colours-1", "modelId": MODEL, "clientRequestToken": "colours-1"}
        request: dict[str, Any] = {**named, "modelUnits": 1, "commitmentDuration": "OneMonth"}
        made = {"provisionedModelArn": self.UNITS}
        stub.add_response("create_provisioned_model_throughput", made, request)
        ordered: Any = {"kind": "provisioned", "commitment": "1-month"}
        assert bedrock.create_deployment("colours-1", MODEL, tags={}, **ordered) == self.UNITS
        later, over = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) - timedelta(days=1)
        for until in (later, over):
            stub.add_client_error("delete_provisioned_model_throughput", "ConflictException", "not yet")
            found = self.found("InService") | {"commitmentDuration": "OneMonth", "commitmentExpirationTime": until}
            stub.add_response("get_provisioned_model_throughput", found, {"provisionedModelId": self.UNITS})
        bedrock.delete_deployment(self.UNITS)
        with pytest.raises(ConflictError):
            bedrock.delete_deployment(self.UNITS)

    def test_units_are_given_another_model_and_name_once(self, stub: Stubber, bedrock: Bedrock) -> None:
        by_arn, other = {"provisionedModelId": self.UNITS}, f"{MODEL[:-1]}9"
        stub.add_response("get_provisioned_model_throughput", self.found("InService"), by_arn)
        wanted = {"desiredModelId": other, "desiredProvisionedModelName": "colours-2"}
        stub.add_response("update_provisioned_model_throughput", {}, by_arn | wanted)
        bedrock.repoint_units(self.UNITS, other, "colours-2")
        updating = self.found("Updating") | {"desiredModelArn": other, "provisionedModelName": "colours-2"}
        for _ in range(2):
            stub.add_response("get_provisioned_model_throughput", updating, by_arn)
        bedrock.repoint_units(self.UNITS, other, "colours-2")
        with pytest.raises(ConflictError, match="is being updated already"):
            bedrock.repoint_units(self.UNITS, MODEL, "colours-1")


def test_deleting_what_is_gone_is_done(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("delete_custom_model_deployment", "ResourceNotFoundException", "no")
    bedrock.delete_deployment(DEPLOYMENT)


def test_a_foundation_model_that_the_region_lacks_is_none(stub: Stubber, bedrock: Bedrock) -> None:
    stub.add_client_error("get_foundation_model", "ResourceNotFoundException", "no")
    assert bedrock.foundation_model("amazon.titan-text-express-v1:0:8k") is None
    summary = {"modelArn": BASE, "modelId": "amazon.nova-lite-v1:0:300k"}
    by = {"byCustomizationType": "FINE_TUNING"}
    stub.add_response("list_foundation_models", {"modelSummaries": [summary]}, by)
    assert bedrock.foundation_models("FINE_TUNING") == [summary]
