"""What IAM, S3 and STS are asked, and how their answers are read."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from botocore.stub import ANY, Stubber

from tailor.aws import access as module
from tailor.aws.access import AwsAccess
from tailor.errors import NotAllowedError, NotFoundError
from tests.unit.stubs import stubbed

ROLE = "arn:aws:iam::123456789012:role/path/tailor-customization"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}}]}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stubber]]:
    with stubbed(monkeypatch, module, "iam", "s3") as stubs:
        yield stubs


def test_the_trust_policy_of_a_role_with_a_path(aws: dict[str, Stubber]) -> None:
    role = {
        "Path": "/path/",
        "RoleName": "tailor-customization",
        "RoleId": "AROA1234567890123456",
        "Arn": ROLE,
        "CreateDate": "2026-11-22T00:00:00Z",
        "AssumeRolePolicyDocument": quote(json.dumps(TRUST)),
    }
    aws["iam"].add_response("get_role", {"Role": role}, {"RoleName": "tailor-customization"})
    assert AwsAccess().trust(ROLE) == TRUST


def test_a_role_that_is_not_there(aws: dict[str, Stubber]) -> None:
    aws["iam"].add_client_error("get_role", "NoSuchEntity", "no")
    with pytest.raises(NotFoundError):
        AwsAccess().trust(ROLE)


@pytest.mark.parametrize(("decision", "denied"), [("allowed", False), ("implicitDeny", True), ("explicitDeny", True)])
def test_permissions_are_simulated(decision: str, denied: bool, aws: dict[str, Stubber]) -> None:
    sent = {
        "PolicySourceArn": ROLE,
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": ["arn:aws:s3:::data/x"],
        "ContextEntries": ANY,
    }
    result = {"EvalActionName": "s3:GetObject", "EvalDecision": decision}
    aws["iam"].add_response("simulate_principal_policy", {"EvaluationResults": [result]}, sent)
    assert AwsAccess().denied(ROLE, "s3:GetObject", "arn:aws:s3:::data/x") is denied


def test_who_may_not_simulate_is_not_allowed(aws: dict[str, Stubber]) -> None:
    aws["iam"].add_client_error("simulate_principal_policy", "AccessDenied", "no")
    with pytest.raises(NotAllowedError):
        AwsAccess().denied(ROLE, "s3:GetObject", "arn:aws:s3:::data/x")


@pytest.mark.parametrize(("answer", "region"), [(None, "us-east-1"), ("us-west-2", "us-west-2")])
def test_the_first_region_has_no_name_in_s3(answer: str | None, region: str, aws: dict[str, Stubber]) -> None:
    aws["s3"].add_response("get_bucket_location", {"LocationConstraint": answer} if answer else {}, {"Bucket": "data"})
    assert AwsAccess().bucket_region("data") == region


@pytest.mark.parametrize("key", [None, "arn:aws:kms:us-east-1:123456789012:key/x"])
def test_the_buckets_own_key(key: str | None, aws: dict[str, Stubber]) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    answer = {"ServerSideEncryptionConfiguration": {"Rules": rules}}
    aws["s3"].add_response("get_bucket_encryption", answer, {"Bucket": "data"})
    assert AwsAccess().bucket_key("data") == key


def test_a_bucket_without_a_rule_of_its_own(aws: dict[str, Stubber]) -> None:
    aws["s3"].add_client_error("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError", "no")
    assert AwsAccess().bucket_key("data") is None
