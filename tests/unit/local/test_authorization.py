"""Each operation asks IAM for what AWS's authorization reference says."""

from typing import Any

import pytest

from tailor_local.bedrock.authorization import checks
from tailor_local.bedrock.platform import Scope

SCOPE = Scope("123456789012", "us-east-1")
ROLE = "arn:aws:iam::123456789012:role/customization"
DEPLOYMENT = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"


def asked(operation: str, **request: Any) -> list[tuple[str, str]]:
    return [(check.action, check.resource) for check in checks(operation, request, SCOPE)]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("Converse", "bedrock:InvokeModel"),
        ("InvokeModel", "bedrock:InvokeModel"),
        ("ConverseStream", "bedrock:InvokeModelWithResponseStream"),
        ("InvokeModelWithResponseStream", "bedrock:InvokeModelWithResponseStream"),
    ],
)
def test_converse_has_no_action_of_its_own(operation: str, action: str) -> None:
    assert asked(operation, modelId=DEPLOYMENT) == [(action, DEPLOYMENT)]


def test_a_profile_needs_itself_and_its_model_in_every_region() -> None:
    resources = [resource for _, resource in asked("Converse", modelId="us.amazon.nova-2-lite-v1:0")]
    assert resources == [
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-lite-v1:0",
        "arn:aws:bedrock:us-east-2::foundation-model/amazon.nova-2-lite-v1:0",
        "arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-2-lite-v1:0",
    ]


def test_a_model_behind_a_profile_is_called_through_that_profile() -> None:
    profile, *models = checks("Converse", {"modelId": "us.amazon.nova-2-lite-v1:0"}, SCOPE)
    assert profile.context == {}
    assert {check.context["bedrock:InferenceProfileArn"] for check in models} == {profile.resource}


def test_a_job_with_a_key_of_ones_own_needs_that_key() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    for given in (key, key.rpartition("/")[2]):
        request = {"baseModelIdentifier": "amazon.nova-lite-v1:0:300k", "customModelKmsKeyId": given}
        *_, grant, describe, generate, decrypt = checks("CreateModelCustomizationJob", request, SCOPE)
        assert (grant.action, grant.context) == ("kms:CreateGrant", {"kms:GrantIsForAWSResource": "true"})
        assert {check.resource for check in (grant, describe, generate, decrypt)} == {key}


def test_a_job_needs_the_model_the_tags_and_the_role() -> None:
    request = {
        "baseModelIdentifier": "amazon.nova-lite-v1:0:300k",
        "roleArn": ROLE,
        "jobTags": [{"key": "a", "value": "b"}],
    }
    found = list(checks("CreateModelCustomizationJob", request, SCOPE))
    assert [check.action for check in found] == [
        "bedrock:CreateModelCustomizationJob",
        "bedrock:CreateModelCustomizationJob",
        "bedrock:TagResource",
        "iam:PassRole",
    ]
    assert found[0].resource == "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k"
    assert (found[-1].resource, dict(found[-1].context)) == (ROLE, {"iam:PassedToService": "bedrock.amazonaws.com"})


def test_names_stand_for_arns_and_lists_for_everything() -> None:
    assert asked("GetCustomModelDeployment", customModelDeploymentIdentifier="colours") == [
        ("bedrock:GetCustomModelDeployment", "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/colours")
    ]
    assert asked("ListCustomModels") == [("bedrock:ListCustomModels", "*")]
