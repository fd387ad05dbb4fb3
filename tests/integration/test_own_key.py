"""A stack with a KMS key of one's own: a run goes all the way, and all that holds its data carries the key.

The emulator keeps keys and encrypts nothing: what is read back is what AWS would encrypt with.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from samples.generate import generate
from tailor.aws.clients import client
from tailor.runs import State
from tailor_local.cloud import LocalCloud
from tailor_local.deployment import deploy
from tailor_local.places import ROOT
from tests.integration.pipeline import Pipeline
from tests.unit.contracts.test_protection import HOLD_DATA
from tests.unit.contracts.transformed import of_type

STACK = "tailor-key"
RECIPE = b"""
model: nova-lite
split: {train: 0.6, validation: 0.1, test: 0.3}
evaluation: {language: vi, few_shot: 0, regression: false}
"""


def of_log_group(name: str) -> Any:
    groups = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next(group["kmsKeyId"] for group in groups if group["logGroupName"] == name)


def of_queue(url: str) -> Any:
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found["KmsMasterKeyId"]


IN_THE_TEMPLATE = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SNS::Topic")
"""The emulator's CloudFormation leaves the key of these out: the template that was deployed has it."""
# Every other type that holds data → the key of one, as its service tells it.
KEY_OF: dict[str, Callable[[str], Any]] = {
    "AWS::SQS::Queue": of_queue,
    "AWS::Logs::LogGroup": of_log_group,
}


@pytest.fixture
def key(local_cloud: LocalCloud) -> str:
    return str(local_cloud.client("kms").create_key(Description="of a Tailor stack")["KeyMetadata"]["Arn"])


@pytest.fixture
def keyed(pipeline: Pipeline, key: str) -> Iterator[Pipeline]:
    cloudformation = client("cloudformation")
    hooks = client("secretsmanager").create_secret(Name="tailor-key/webhooks", SecretString="{}", KmsKeyId=key)
    given = {"KmsKeyArn": key, "WebhooksSecretArn": hooks["ARN"], "ApiAccessLog": "on"}
    outputs = deploy(ROOT, pipeline.cloud.environment(), given, STACK)
    yield Pipeline(pipeline.cloud, outputs, pipeline.slack, pipeline.inbox, STACK)
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def test_a_run_goes_all_the_way_and_all_that_holds_its_data_has_the_key(
    keyed: Pipeline, key: str, tmp_path: Path
) -> None:
    generate(tmp_path, count=100)
    images = {f"images/{path.name}": path.read_bytes() for path in sorted(tmp_path.glob("images/*.png"))}
    files = images | {"questions.csv": (tmp_path / "questions.csv").read_bytes(), "tailor.yaml": RECIPE, "_DONE": b""}
    run = keyed.wait(keyed.upload("keyed/scenes", files), State.LIVE)

    bedrock = client("bedrock")
    job = bedrock.get_model_customization_job(jobIdentifier=run.job_arn)
    assert job["outputModelKmsKeyArn"] == key
    assert bedrock.get_custom_model(modelIdentifier=job["outputModelArn"])["modelKmsKeyArn"] == key
    assert client("secretsmanager").describe_secret(SecretId="tailor-key/webhooks")["KmsKeyId"] == key

    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    resources = [each for page in pages for each in page["StackResourceSummaries"]]
    for kind in IN_THE_TEMPLATE:
        made = [each["LogicalResourceId"] for each in resources if each["ResourceType"] == kind]
        assert made
        assert [name for name in made if not HOLD_DATA[kind](of_type(kind)[name])] == []
    holding = [each for each in resources if each["ResourceType"] in KEY_OF]
    keys = {each["LogicalResourceId"]: KEY_OF[each["ResourceType"]](each["PhysicalResourceId"]) for each in holding}
    assert {name for name, found in keys.items() if found != key} == set()
    assert {each["ResourceType"] for each in holding} == KEY_OF.keys() == HOLD_DATA.keys() - set(IN_THE_TEMPLATE)
    print(f"{len(keys)} resources carry the key")

    assert keyed.dead() == []
