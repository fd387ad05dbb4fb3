"""One local cloud for the tests of this folder, which ends with them.

    def test_something(local_cloud):
        s3 = local_cloud.client("s3")          # as the account's owner
        bucket = local_cloud.outputs["Bucket"]  # deploys Tailor, the first time that anyone asks

The cloud listens on a free port and keeps its files in a temporary folder. Tests share it: name what you make so that
no other test has it, and use the fixture `faults` to break things, which mends them afterwards. Each of a few workers
of pytest-xdist has one (tests/conftest.py says which tests share it).
"""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tailor.aws import clients
from tailor_local.bedrock.faults import Faults
from tailor_local.cloud import LocalCloud
from tailor_local.demo.listeners import Inbox, Slack
from tailor_local.quotas import RAISED
from tests.integration.pipeline import Pipeline
from tests.integration.standin import BUCKET, Bench, for_rule, make_bench

PAGE = "https://app.example.com"  # a web page that may call the API
PACE = 1.0  # seconds that stand for a minute


@pytest.fixture(scope="package")
def local_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    cloud = LocalCloud(port=0, directory=tmp_path_factory.mktemp("cloud"), pace=PACE, raised=RAISED)
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def faults(local_cloud: LocalCloud) -> Iterator[Callable[[Faults], None]]:
    """Sets faults for one test: ``faults(Faults(events=EventFaults(lose=1)))``."""
    yield local_cloud.set_faults
    local_cloud.set_faults(Faults())


@pytest.fixture
def setting(local_cloud: LocalCloud) -> Iterator[Callable[..., None]]:
    """Changes variables of a function for one test."""
    functions = local_cloud.client("lambda")
    before: dict[str, dict[str, str]] = {}

    def change(part: str, **values: str) -> None:
        pages = functions.get_paginator("list_functions").paginate()
        name = next(f["FunctionName"] for page in pages for f in page["Functions"] if part in f["FunctionName"])
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        before.setdefault(name, variables)
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | values})

    yield change
    for name, variables in before.items():
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@pytest.fixture(scope="package")
def bench(local_cloud: LocalCloud) -> Bench:
    return make_bench(local_cloud)


@pytest.fixture(scope="package")
def trained(bench: Bench) -> dict[str, Any]:
    """A job that completed."""
    validation = {"validators": [{"s3Uri": f"s3://{BUCKET}/validation.jsonl"}]}
    return bench.finished(
        bench.submit(
            validationDataConfig=validation,
            hyperParameters={"epochCount": "2", "learningRate": "0.00001"},
            jobTags=[{"key": "run", "value": "1"}],
            customModelTags=[{"key": "project", "value": "colours"}],
        )
    )


@pytest.fixture(scope="package")
def deployment(bench: Bench, trained: dict[str, Any]) -> str:
    return bench.deployed(trained["outputModelArn"], "colours")


@pytest.fixture(scope="package")
def events(bench: Bench) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """State-change events as a rule delivers them to a queue; ``events(job_arn)`` lists a job's."""
    sqs, rules = bench.cloud.client("sqs"), bench.cloud.client("events")
    url = sqs.create_queue(QueueName="standin-events")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.bedrock"], "detail-type": ["Model Customization Job State Change"]}
    rule = rules.put_rule(Name="standin-events", EventPattern=json.dumps(pattern))["RuleArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(for_rule(rule, arn))})
    rules.put_targets(Rule="standin-events", Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[dict[str, Any]] = []

    def of(job: str) -> list[dict[str, Any]]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                seen.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [event for event in seen if event["detail"]["jobArn"] == job]

    yield of
    rules.remove_targets(Rule="standin-events", Ids=["queue"])
    rules.delete_rule(Name="standin-events")


@pytest.fixture(scope="package")
def deployed(local_cloud: LocalCloud) -> Iterator[tuple[dict[str, str], Slack]]:
    with Slack() as slack:
        secret = local_cloud.client("secretsmanager").create_secret(
            Name="tailor/webhooks", SecretString=json.dumps({"slack": slack.url})
        )
        parameters = {"WebhooksSecretArn": secret["ARN"], "AllowInsecureWebhook": "true", "AllowedOrigins": PAGE}
        yield local_cloud.deploy(parameters), slack


@pytest.fixture(scope="package")
def inbox(local_cloud: LocalCloud, deployed: tuple[dict[str, str], Slack]) -> Inbox:
    # Only while it is made: other tests of this session must not find the local cloud in their environment.
    with pytest.MonkeyPatch.context() as patch:
        for name, value in local_cloud.environment().items():
            patch.setenv(name, value)
        forget_clients()
        made = Inbox(deployed[0]["NoticesTopicArn"])
    forget_clients()
    return made


@pytest.fixture
def pipeline(
    local_cloud: LocalCloud, deployed: tuple[dict[str, str], Slack], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    for name, value in local_cloud.environment().items():
        monkeypatch.setenv(name, value)
    forget_clients()
    yield Pipeline(local_cloud, deployed[0], deployed[1], inbox)
    forget_clients()


def forget_clients() -> None:
    """Have the next client be the environment's, whoever used boto3 in this process before."""
    clients.client.cache_clear()
    clients.table.cache_clear()
    used = boto3.DEFAULT_SESSION and boto3.DEFAULT_SESSION.get_credentials()
    if used and used.access_key != os.environ.get("AWS_ACCESS_KEY_ID"):
        boto3.setup_default_session()
