"""Requests are checked as AWS checks them, and as botocore does not."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor_local.bedrock import validation, wire
from tailor_local.bedrock.errors import ServiceError
from tests.waiting import ends

JOB: dict[str, Any] = {
    "jobName": "colours-1",
    "customModelName": "colours-1",
    "roleArn": "arn:aws:iam::123456789012:role/customization",
    "baseModelIdentifier": "amazon.nova-lite-v1:0:300k",
    "trainingDataConfig": {"s3Uri": "s3://data/train.jsonl"},
    "outputDataConfig": {"s3Uri": "s3://data/out/"},
}


def check(operation: str, request: dict[str, Any], service: str = "bedrock") -> None:
    validation.check(wire.service_model(service).operation_model(operation).input_shape, request)


def test_a_good_request_passes() -> None:
    check(
        "CreateModelCustomizationJob",
        JOB | {"customizationType": "FINE_TUNING", "hyperParameters": {"epochCount": "2"}},
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"jobName": None}, "Value null at 'jobName' failed to satisfy constraint: Member must not be null"),
        (
            {"jobName": "under_score"},
            "at 'jobName' failed to satisfy constraint: Member must satisfy regular expression",
        ),
        ({"customModelName": "a.dot"}, "at 'customModelName'"),
        ({"customModelName": "two--hyphens"}, "at 'customModelName'"),
        ({"customModelName": "x" * 64}, "Member must have length less than or equal to 63"),
        ({"customizationType": "TUNING"}, "Member must satisfy enum value set: [FINE_TUNING, "),
        ({"trainingDataConfig": {"s3Uri": "s3://data/year=2026/a.jsonl"}}, "at 'trainingDataConfig.s3Uri'"),
        ({"trainingDataConfig": {"s3Uri": "s3://data/with space.jsonl"}}, "at 'trainingDataConfig.s3Uri'"),
        ({"validationDataConfig": {"validators": [{"s3Uri": "s3://data/v.jsonl"}] * 11}}, "less than or equal to 10"),
        (
            {"validationDataConfig": {"validators": [{}]}},
            "Value null at 'validationDataConfig.validators.1.member.s3Uri'",
        ),
        ({"customizationConfig": {}}, "exactly one of: distillationConfig, rftConfig"),
        ({"clientRequestToken": "no_underscore"}, "at 'clientRequestToken'"),
        ({"jobTags": [{"key": "a!", "value": "b"}]}, "at 'jobTags.1.member.key'"),
    ],
)
def test_what_aws_refuses_is_refused_by_name(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check("CreateModelCustomizationJob", JOB | change)
    assert refused.value.code == "ValidationException"
    assert " validation error" in refused.value.message
    assert complaint in refused.value.message


def test_numbers_have_ranges() -> None:
    grader = {"lambdaGrader": {"lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:grade"}}
    rft = {"rftConfig": {"graderConfig": grader, "hyperParameters": {"batchSize": 8, "epochCount": 51}}}
    with pytest.raises(ServiceError, match="2 validation errors") as refused:
        check("CreateModelCustomizationJob", JOB | {"customizationConfig": rft})
    assert "Member must have value greater than or equal to 16" in refused.value.message
    assert "Member must have value less than or equal to 50" in refused.value.message


def test_a_custom_model_can_not_be_asked_by_its_own_arn() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl"
    with pytest.raises(ServiceError, match="at 'modelId'"):
        check("Converse", {"modelId": arn, "messages": []}, "bedrock-runtime")


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("aZ09-_.+ é"), min_size=1, max_size=70))
def test_names_pass_exactly_where_the_pattern_fits(name: str) -> None:
    fits = re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9+.\-]*", name) is not None and len(name) <= 63
    try:
        check("CreateModelCustomizationJob", JOB | {"jobName": name})
    except ServiceError:
        assert not fits
    else:
        assert fits


def test_a_row_of_hyphens_is_refused_at_once() -> None:
    with ends(), pytest.raises(ServiceError):
        check("CreateModelCustomizationJob", JOB | {"jobName": "a" + "-" * 61 + "_"})
