"""The template on a second emulator, which shares no code with the local cloud's: moto's server and its CloudFormation.

It gets the template as SAM transforms it. What it can't take is listed here with the reason, and nothing else is left
out or changed: a fault of the template that it finds fails these tests.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
import yaml

from tests.unit.contracts.template import ROOT, template
from tests.unit.contracts.transformed import transformed

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS::")

PARAMETERS = {  # all that is optional is there: an !If in a list that leads to AWS::NoValue leaves None in moto
    "NotificationEmail": "linh@example.com",
    "AlarmEmail": "linh@example.com",
    "WebhooksSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:tailor/webhooks-a1b2c3",
    "InvocationLogsBucket": "invocation-logs",
    "SageMakerTraining": "enabled",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
    "ApiAccessLog": "role",
    "AllowedOrigins": "https://app.example.com",
    "WebAclArn": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/tailor/a1b2c3d4-5678-90ab-cdef-111111111111",
}
NOT_MADE = {  # by moto's CloudFormation; made with the services' own API in a test below
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::SNS::Subscription",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
}
NOT_TRIED = {
    "AWS::ApiGateway::Account",
    "AWS::WAFv2::WebACLAssociation",
}  # nor made there; cfn-lint looks
LEFT_OUT = {  # moto's CloudFormation makes an API without the methods of its definition, and refuses to deploy that one
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::CloudWatch::Dashboard",  # it shows the alarms, which moto's CloudFormation does not make
}
NAMES = {
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::StackName": "tailor",
}


@dataclass
class Moto:
    url: str
    deployed: dict[str, Any]
    made: dict[str, str]  # logical id → physical id

    def client(self, service: str) -> Any:
        return client(service, self.url)

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        found = self.deployed["Resources"].items()
        return {name: resource["Properties"] for name, resource in found if resource["Type"] == kind}

    def resolved(self, value: Any) -> Any:
        """CloudFormation's references, as far as what is made by hand needs them."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": str(name)}:
                return PARAMETERS.get(name) or NAMES.get(name) or self.made[name]
            case {"Fn::If": [_, there, _]}:
                return self.resolved(there)
            case {"Fn::GetAtt": [name, "Arn"]} if self.made[name].startswith("http"):
                return f"arn:aws:sqs:us-east-1:123456789012:{self.made[name].rsplit('/', 1)[-1]}"
            case {"Fn::GetAtt": [name, "Arn"]} if self.deployed["Resources"][name]["Type"] == "AWS::S3::Bucket":
                return f"arn:aws:s3:::{self.made[name]}"
            case {"Fn::GetAtt": [name, "Arn"]}:
                return f"arn:aws:lambda:us-east-1:123456789012:function:{self.made[name]}"
            case {"Fn::GetAtt": [name, "QueueName"]}:
                return self.made[name].rsplit("/", 1)[-1]
            case {"Fn::Sub": [str(text), dict(names)]}:
                return self._substituted(text, {name: self.resolved(item) for name, item in names.items()})
            case {"Fn::Sub": str(text)}:
                return self._substituted(text, {})
        return {key: self.resolved(item) for key, item in value.items()}

    def _substituted(self, text: str, names: dict[str, str]) -> str:
        def of(found: re.Match[str]) -> str:
            name, _, attribute = found[1].partition(".")
            known = names | NAMES
            return (
                known[name]
                if name in known
                else self.resolved({"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name})
            )

        return re.sub(r"\$\{([^}]+)\}", of, text)


def client(service: str, url: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client(service, endpoint_url=url, **keys)  # type: ignore[call-overload]


def adapted(value: Any) -> Any:
    """moto resolves a Ref to an event bus to an object of its own; AWS to its name, as GetAtt does in both."""
    if value == {"Ref": "EventBus"}:
        return {"Fn::GetAtt": ["EventBus", "Name"]}
    if isinstance(value, dict):
        return {key: adapted(item) for key, item in value.items()}
    return [adapted(item) for item in value] if isinstance(value, list) else value


def definition(machine: dict[str, Any]) -> dict[str, Any]:
    """moto does not fetch definitions from a bucket: the file's text goes into the template."""
    path = template()["Resources"][machine["name"]]["Properties"]["DefinitionUri"]
    text = json.dumps(yaml.safe_load((ROOT / path).read_text()))
    properties = {name: value for name, value in machine["properties"].items() if name != "DefinitionS3Location"}
    return properties | {"DefinitionString": text}


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    from moto.server import ThreadedMotoServer  # not for everybody who collects tests: it takes half a second

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield deploy(f"http://{host}:{port}")
    finally:
        server.stop()


def deploy(url: str) -> Moto:
    """Create the stack as `sam deploy` does: code in a bucket, then the transformed template."""
    found = adapted(json.loads(json.dumps(transformed())))
    resources = {name: each for name, each in found["Resources"].items() if each["Type"] not in LEFT_OUT}
    for name, resource in resources.items():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            resource["Properties"] = definition({"name": name, "properties": resource["Properties"]})
    found["Resources"] = resources
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", "")
    s3 = client("s3", url)
    s3.create_bucket(Bucket="artefacts")
    for key in set(re.findall(r'"S3Key": "([^"]+)"', json.dumps(resources))):
        s3.put_object(Bucket="artefacts", Key=key, Body=archive.getvalue())
    cloudformation = client("cloudformation", url)
    cloudformation.create_stack(
        StackName="tailor",
        TemplateBody=json.dumps(found),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    stack = cloudformation.describe_stacks(StackName="tailor")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    assert {output["OutputKey"] for output in stack["Outputs"]} == template()["Outputs"].keys()
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="tailor")
    summaries = [each for page in pages for each in page["StackResourceSummaries"]]
    return Moto(url, found, {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in summaries})


def test_all_of_the_template_is_made_but_for_what_is_listed(moto: Moto) -> None:
    missing = moto.deployed["Resources"].keys() - moto.made.keys()
    assert {moto.deployed["Resources"][name]["Type"] for name in missing} == NOT_MADE | NOT_TRIED, "keep the list true"
    assert {kind for kind in NOT_MADE | NOT_TRIED if moto.resources(kind).keys() & moto.made.keys()} == set()
    assert len(moto.made) > 50


def test_what_its_cloudformation_can_not_make_its_services_take(moto: Moto) -> None:
    """botocore checks each property by AWS's own model of the service, and moto what it knows of the service."""
    cloudwatch, sns, sqs, s3 = (moto.client(name) for name in ("cloudwatch", "sns", "sqs", "s3"))
    for name, alarm in moto.resources("AWS::CloudWatch::Alarm").items():
        cloudwatch.put_metric_alarm(AlarmName=name, **moto.resolved(alarm))
    kept = {alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert kept == moto.resources("AWS::CloudWatch::Alarm").keys()
    for config in moto.resources("AWS::Lambda::EventInvokeConfig").values():
        given = {name: value for name, value in moto.resolved(config).items() if name != "Qualifier"}
        moto.client("lambda").put_function_event_invoke_config(**given)
    for subscription in moto.resources("AWS::SNS::Subscription").values():
        assert sns.subscribe(**moto.resolved(subscription))["SubscriptionArn"]
    for policy in moto.resources("AWS::SQS::QueuePolicy").values():
        for queue in moto.resolved(policy["Queues"]):
            document = json.dumps(moto.resolved(policy["PolicyDocument"]))
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document})
    for policy in moto.resources("AWS::S3::BucketPolicy").values():
        bucket = moto.resolved(policy["Bucket"])
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(moto.resolved(policy["PolicyDocument"])))
        assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=bucket)["Policy"]


def test_the_api_is_what_openapi_3_allows_once_what_sam_leaves_out_is_filled_in(moto: Moto) -> None:
    """By OpenAPI's own schema, which wants each method's responses and each path's parameters. SAM writes neither, and
    API Gateway needs neither."""
    (api,) = moto.resources("AWS::ApiGateway::RestApi").values()
    body = moto.resolved(api["Body"])
    body["info"]["description"] = api["Description"]  # which moto needs
    for path, methods in body["paths"].items():
        for method in methods.values():
            assert method["responses"] == {}
            method["responses"] = {"default": {"description": "by the function"}}
            named = re.findall(r"\{(\w+)\}", path)
            method["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named
            ]
    apis = moto.client("apigateway")
    made = apis.import_rest_api(body=json.dumps(body), failOnWarnings=True)
    found = apis.get_resources(restApiId=made["id"], embed=["methods"], limit=100)["items"]
    assert {each["path"] for each in found if each.get("resourceMethods")} == body["paths"].keys()


def test_every_rule_may_call_what_it_is_for_and_keeps_what_it_can_not_deliver(moto: Moto) -> None:
    """The local cloud asks no function's resource policy whether a rule may call it; AWS does."""
    rules, functions = moto.client("events"), moto.client("lambda")
    buses = [bus["Name"] for bus in rules.list_event_buses()["EventBuses"]]
    seen = 0
    for bus in buses:
        for rule in rules.list_rules(EventBusName=bus)["Rules"]:
            for target in rules.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]:
                assert target["DeadLetterConfig"]["Arn"].split(":")[2] == "sqs", rule["Name"]
                if target["Arn"].split(":")[2] == "lambda":
                    seen += 1
                    policy = json.loads(functions.get_policy(FunctionName=target["Arn"])["Policy"])
                    allowed = {
                        statement["Condition"]["ArnLike"]["AWS:SourceArn"]
                        for statement in policy["Statement"]
                        if statement["Principal"] == {"Service": "events.amazonaws.com"}
                    }
                    assert rule["Arn"] in allowed, (rule["Arn"], allowed)
    assert seen == sum(
        target["Arn"].get("Fn::GetAtt", [""])[0].endswith("Function")
        for rule in moto.resources("AWS::Events::Rule").values()
        for target in rule["Targets"]
    )
