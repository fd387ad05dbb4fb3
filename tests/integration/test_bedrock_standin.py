"""The stand-in through real boto3 clients: jobs, their data and role, deployments and models, as AWS documents them."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from tailor_local.bedrock.faults import Faults, Stall
from tailor_local.cloud import ACCOUNT, REGION
from tests.integration.standin import (
    BUCKET,
    COLOURS,
    CONFUSED_DEPUTY,
    DATA,
    PLAIN,
    Bench,
    jsonl,
    make_role,
    once,
    picture,
    record,
    refused,
)
from tests.waiting import until

SetFaults = Callable[[Faults], None]


# ------------------------------------------------------------------------------------------------- jobs


def test_a_job_trains_a_model(bench: Bench, trained: dict[str, Any]) -> None:
    assert trained["status"] == "Completed", trained.get("failureMessage")
    assert {details["status"] for details in trained["statusDetails"].values()} == {"Completed"}
    assert 0 < trained["trainingMetrics"]["trainingLoss"] < 1
    assert 0 < trained["validationMetrics"][0]["validationLoss"] < 1
    assert trained["creationTime"] < trained["endTime"]
    model = bench.bedrock.get_custom_model(modelIdentifier=trained["outputModelArn"])
    assert (model["modelStatus"], model["jobArn"]) == ("Active", trained["jobArn"])
    tags = bench.bedrock.list_tags_for_resource(resourceARN=trained["outputModelArn"])["tags"]
    assert tags == [{"key": "project", "value": "colours"}]


def test_a_job_leaves_its_curves_where_aws_writes_them(bench: Bench, trained: dict[str, Any]) -> None:
    folder = f"out/model-customization-job-{trained['jobArn'].rsplit('/', 1)[1]}"

    def rows(path: str) -> list[dict[str, str]]:
        body = bench.s3.get_object(Bucket=BUCKET, Key=f"{folder}/{path}")["Body"].read().decode()
        return list(csv.DictReader(io.StringIO(body)))

    curve = rows("training_artifacts/step_wise_training_metrics.csv")
    assert list(curve[0]) == ["step_number", "epoch_number", "training_loss", "perplexity"]
    assert curve[0]["step_number"] == "0"
    assert float(curve[-1]["training_loss"]) < float(curve[0]["training_loss"]) / 2
    assert trained["trainingMetrics"]["trainingLoss"] == pytest.approx(float(curve[-1]["training_loss"]), rel=1e-4)
    held_out = rows("validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv")
    assert list(held_out[0]) == ["step_number", "epoch_number", "validation_loss", "perplexity"]


def test_the_model_answers_better_than_its_base(bench: Bench, deployment: str) -> None:
    asked = [(colour, picture(colour, place)) for colour in COLOURS for place in (3, 11, 19)]
    right = {model: sum(bench.ask(model, image) == colour for colour, image in asked) for model in (PLAIN, deployment)}
    assert right[deployment] == len(asked)
    assert right[PLAIN] < len(asked) / 2


def test_phases_follow_each_other_and_a_job_can_be_stopped(bench: Bench, faults: SetFaults, events: Any) -> None:
    faults(Faults(stalls=(Stall(phase="training"),)))
    arn = bench.submit()
    job = until(lambda: bench.job(arn), lambda job: job["statusDetails"]["trainingDetails"]["status"] == "InProgress")
    assert [details["status"] for details in job["statusDetails"].values()] == ["Completed", "Completed", "InProgress"]
    bench.bedrock.stop_model_customization_job(jobIdentifier=arn)
    job = bench.finished(arn)
    assert job["status"] == "Stopped"
    assert "outputModelArn" not in job
    assert refused(lambda: bench.bedrock.stop_model_customization_job(jobIdentifier=arn))[0] == "ConflictException"
    told = until(lambda: events(arn), lambda found: len(found) >= 3)
    assert [event["detail"]["jobStatus"] for event in told] == ["InProgress", "Stopping", "Stopped"]


def test_events_have_the_documented_shape(bench: Bench, events: Any) -> None:
    arn = bench.submit(hyperParameters={"epochCount": "1"})
    job = bench.finished(arn)
    told = until(lambda: events(arn), lambda found: len(found) >= 2)
    event = told[-1]
    assert (event["source"], event["detail-type"]) == ("aws.bedrock", "Model Customization Job State Change")
    assert (event["account"], event["region"], event["resources"]) == (ACCOUNT, REGION, [arn])
    detail = event["detail"]
    assert (detail["jobStatus"], detail["outputModelArn"]) == ("Completed", job["outputModelArn"])
    assert detail["trainingDataConfig"] == {"s3Uri": f"s3://{BUCKET}/train.jsonl"}
    assert detail["hyperParameters"] == {"epochCount": "1"}
    assert not {"status", "customizationType", "statusDetails", "trainingMetrics"} & detail.keys()


def test_repeats_and_conflicts(bench: Bench, trained: dict[str, Any]) -> None:
    first = bench.submit(jobName="once", customModelName="once", clientRequestToken="token-1")
    again = bench.submit(jobName="once", customModelName="once", clientRequestToken="token-1")
    assert first == again
    taken = refused(lambda: bench.submit(jobName="once", customModelName="twice"))
    assert taken == ("ConflictException", "The provided job name is currently in use.")
    assert refused(lambda: bench.submit(customModelName=trained["outputModelName"]))[0] == "ConflictException"
    assert bench.finished(first)["status"] == "Completed"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"baseModelIdentifier": PLAIN}, "The provided model identifier is invalid."),
        ({"baseModelIdentifier": "meta.llama3-3-70b-instruct-v1:0:128k"}, "The provided model identifier is invalid."),
        ({"customizationType": "CONTINUED_PRE_TRAINING"}, "does not support the customization type"),
        ({"hyperParameters": {"epochCount": "6"}}, "epochCount must be between 1 and 5"),
        ({"hyperParameters": {"epochs": "2"}}, "epochs is not supported"),
        ({"trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/folder/"}}, "Uri should be a file, not a directory"),
        ({"trainingDataConfig": {}}, "exactly one of s3Uri and invocationLogsConfig"),
        ({"jobName": "under_score"}, "Value 'under_score' at 'jobName' failed to satisfy constraint"),
        ({"outputDataConfig": {"s3Uri": "s3://Data/out"}}, "at 'outputDataConfig.s3Uri' failed to satisfy constraint"),
    ],
)
def test_wrong_requests_are_refused(bench: Bench, change: dict[str, Any], complaint: str) -> None:
    code, message = refused(lambda: bench.submit(**change))
    assert code == "ValidationException"
    assert complaint in message


def test_quotas(bench: Bench, faults: SetFaults, trained: dict[str, Any]) -> None:
    faults(Faults(quotas={"jobs": 0}))
    assert refused(bench.submit)[0] == "ServiceQuotaExceededException"
    code, message = refused(
        lambda: bench.bedrock.create_provisioned_model_throughput(
            modelUnits=1, provisionedModelName="p", modelId=trained["outputModelArn"]
        )
    )
    assert code == "ServiceQuotaExceededException"
    assert "does not currently have any no commitment model units reserved" in message


# ------------------------------------------------------------------------------------------------- data and role


def test_a_role_that_may_not_read_fails_the_job(bench: Bench) -> None:
    role = make_role(
        bench.cloud, "blind", "bedrock.amazonaws.com", [DATA[0] | {"Action": "s3:PutObject"}], CONFUSED_DEPUTY
    )
    job = bench.finished(bench.submit(roleArn=role))
    assert (job["status"], job["statusDetails"]["validationDetails"]["status"]) == ("Failed", "Failed")
    assert job["failureMessage"] == (
        f"Could not validate GetObject permissions to access Amazon S3 bucket: {BUCKET} at key train.jsonl"
    )


def test_a_role_that_may_not_write_fails_the_job(bench: Bench) -> None:
    role = make_role(
        bench.cloud, "mute", "bedrock.amazonaws.com", [DATA[0] | {"Action": "s3:GetObject"}], CONFUSED_DEPUTY
    )
    message = bench.finished(bench.submit(roleArn=role))["failureMessage"]
    assert message == (
        "Amazon S3 perms missing (PutObject): Could not validate PutObject permissions to access S3 bucket: "
        f"{BUCKET} at key out/.write_access_check_file.temp"
    )


@pytest.mark.parametrize(
    ("name", "service", "condition"),
    [
        ("for-lambda", "lambda.amazonaws.com", CONFUSED_DEPUTY),
        ("other-account", "bedrock.amazonaws.com", {"StringEquals": {"aws:SourceAccount": "999999999999"}}),
        (
            "other-source",
            "bedrock.amazonaws.com",
            {"ArnLike": {"aws:SourceArn": "arn:aws:bedrock:*:*:evaluation-job/*"}},
        ),
    ],
)
def test_a_role_that_does_not_trust_this_job_fails_it(bench: Bench, name: str, service: str, condition: Any) -> None:
    role = make_role(bench.cloud, name, service, DATA, condition)
    assert bench.finished(bench.submit(roleArn=role))["failureMessage"].startswith(
        "Could not assume provided IAM role."
    )


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        (
            "blank",
            jsonl([record("a", "b")] * 4) + b"\n" + jsonl([record("a", "b")] * 4),
            "must conform to JSONL format",
        ),
        ("few", jsonl([record("a", "b")] * 7), "must be between 8 and 20000. The data has 7 records."),
        (
            "reserved",
            jsonl([record("User: hi", "b")] * 8),
            "Invalid record at line 1: a system or user prompt contains",
        ),
        ("missing", jsonl([record("a", "b", "images/none.png")] * 8), "at key images/none.png"),
    ],
)
def test_bad_data_fails_the_job(bench: Bench, name: str, body: bytes, message: str) -> None:
    bench.s3.put_object(Bucket=BUCKET, Key=f"bad/{name}.jsonl", Body=body)
    job = bench.finished(bench.submit(trainingDataConfig={"s3Uri": f"s3://{BUCKET}/bad/{name}.jsonl"}))
    assert job["status"] == "Failed"
    assert message in job["failureMessage"]


# ------------------------------------------------------------------------------------------------- deployments, models


def test_a_model_can_be_deployed_once_it_is_active(bench: Bench, faults: SetFaults) -> None:
    faults(Faults(hold=True))
    arn = bench.submit()
    model = until(lambda: bench.job(arn), lambda job: job["status"] == "Completed")["outputModelArn"]
    assert bench.model_status(model) == "Creating"
    request = {"modelDeploymentName": "early", "modelArn": model}
    assert refused(lambda: bench.bedrock.create_custom_model_deployment(**request)) == (
        "ValidationException",
        "The custom model must be in the Active state.",
    )
    creating = bench.bedrock.list_custom_models(modelStatus="Creating")["modelSummaries"]
    assert [item["modelArn"] for item in creating] == [model]
    faults(Faults())
    until(lambda: bench.model_status(model), lambda status: status == "Active")
    deployment = bench.deployed(model, "early")
    bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=deployment)
    bench.bedrock.delete_custom_model(modelIdentifier=model)


def test_a_deployment_lives_and_ends(bench: Bench, faults: SetFaults, trained: dict[str, Any]) -> None:
    faults(Faults(hold=True))
    request = {"modelDeploymentName": "short", "modelArn": trained["outputModelArn"], "clientRequestToken": "short-1"}
    arn = bench.bedrock.create_custom_model_deployment(**request)["customModelDeploymentArn"]
    assert bench.bedrock.create_custom_model_deployment(**request)["customModelDeploymentArn"] == arn
    assert bench.deployment(arn)["status"] == "Creating"
    no_retry = bench.cloud.client("bedrock-runtime", config=once())
    message = {"role": "user", "content": [{"text": "?"}]}
    code, _ = refused(lambda: no_retry.converse(modelId=arn, messages=[message]))
    assert code == "ModelNotReadyException"
    assert refused(lambda: bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn))[0] == (
        "ConflictException"
    )
    faults(Faults())
    until(lambda: bench.deployment(arn)["status"], lambda status: status == "Active")
    listed = bench.bedrock.list_custom_model_deployments(nameContains="short")["modelDeploymentSummaries"]
    assert [item["customModelDeploymentName"] for item in listed] == ["short"]
    model = trained["outputModelArn"]
    assert refused(lambda: bench.bedrock.delete_custom_model(modelIdentifier=model))[0] == "ConflictException"
    bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert refused(lambda: bench.deployment(arn))[0] == "ResourceNotFoundException"
    assert refused(lambda: no_retry.converse(modelId=arn, messages=[message]))[0] == "ResourceNotFoundException"


def test_two_deployments_may_be_in_progress(bench: Bench, faults: SetFaults, trained: dict[str, Any]) -> None:
    faults(Faults(hold=True))

    def create(name: str) -> str:
        request = {"modelDeploymentName": name, "modelArn": trained["outputModelArn"]}
        return str(bench.bedrock.create_custom_model_deployment(**request)["customModelDeploymentArn"])

    arns = [create("first"), create("second")]
    assert refused(lambda: create("third"))[0] == "ServiceQuotaExceededException"
    faults(Faults())
    for arn in arns:
        bench.active(arn)
        bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)


def test_an_update_swaps_the_model_behind_the_arn(bench: Bench, faults: SetFaults, trained: dict[str, Any]) -> None:
    arn = bench.deployed(trained["outputModelArn"], "swap")
    image = picture("vàng", 5)
    assert bench.ask(arn, image) == "vàng"
    faults(Faults(learn=False))
    unlearned = bench.finished(bench.submit())
    faults(Faults(hold=True))
    bench.bedrock.update_custom_model_deployment(
        customModelDeploymentIdentifier=arn, modelArn=unlearned["outputModelArn"]
    )
    assert bench.deployment(arn)["updateDetails"]["updateStatus"] == "Updating"
    faults(Faults())
    until(lambda: bench.deployment(arn)["updateDetails"]["updateStatus"], lambda status: status == "UpdateCompleted")
    assert bench.deployment(arn)["modelArn"] == unlearned["outputModelArn"]
    assert bench.ask(arn, image) == bench.ask(PLAIN, image)  # what learned nothing answers as its base
    bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    bench.bedrock.delete_custom_model(modelIdentifier=unlearned["outputModelArn"])
    assert refused(lambda: bench.bedrock.get_custom_model(modelIdentifier=unlearned["outputModelArn"]))[0] == (
        "ResourceNotFoundException"
    )


def test_provisioned_throughput_where_units_are_granted(
    bench: Bench, faults: SetFaults, trained: dict[str, Any]
) -> None:
    faults(Faults(quotas={"model-units": 1}))
    arn = bench.bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="units", modelId=trained["outputModelArn"]
    )["provisionedModelArn"]

    def status() -> str:
        return str(bench.bedrock.get_provisioned_model_throughput(provisionedModelId=arn)["status"])

    until(status, lambda now: now == "InService")
    assert bench.ask(arn, picture("đỏ", 5)) == "đỏ"
    bench.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert bench.bedrock.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []


def test_lists_come_in_pages(bench: Bench, trained: dict[str, Any]) -> None:
    pages = bench.bedrock.get_paginator("list_model_customization_jobs").paginate(PaginationConfig={"PageSize": 1})
    names = [job["jobName"] for page in pages for job in page["modelCustomizationJobSummaries"]]
    assert len(names) == len(set(names)) > 1
    models = bench.bedrock.list_custom_models(nameContains=trained["outputModelName"])["modelSummaries"]
    assert models[-1]["customizationType"] == "FINE_TUNING"
