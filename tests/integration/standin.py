"""What the tests of the Bedrock stand-in share: data, roles, and waiting."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from PIL import Image, ImageDraw

from tailor_local.cloud import ACCOUNT, REGION, LocalCloud
from tests.waiting import until

BASE = "amazon.nova-lite-v1:0:300k"
PLAIN = "amazon.nova-lite-v1:0"
BUCKET = "standin-data"
COLOURS = {"đỏ": (210, 30, 30), "xanh": (30, 60, 210), "vàng": (240, 210, 20)}


def picture(colour: str, place: int) -> bytes:
    image = Image.new("RGB", (64, 48), "white")
    ImageDraw.Draw(image).ellipse((8 + place, 8, 34 + place, 34), fill=COLOURS[colour])
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def record(question: str, answer: str, key: str | None = None) -> dict[str, Any]:
    image = {
        "image": {"format": "png", "source": {"s3Location": {"uri": f"s3://{BUCKET}/{key}", "bucketOwner": ACCOUNT}}}
    }
    content: list[dict[str, Any]] = [image] if key else []
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {"role": "user", "content": [*content, {"text": question}]},
            {"role": "assistant", "content": [{"text": answer}]},
        ],
    }


def jsonl(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in records).encode()


@dataclass
class Bench:
    """Clients as the account's owner, a bucket with data, and a role that Bedrock may take."""

    cloud: LocalCloud
    bedrock: Any
    runtime: Any
    s3: Any
    role: str
    made: int = 0

    def submit(self, **changes: Any) -> str:
        self.made += 1
        request = {
            "jobName": f"job-{self.made}",
            "customModelName": f"model-{self.made}",
            "roleArn": self.role,
            "baseModelIdentifier": BASE,
            "trainingDataConfig": {"s3Uri": f"s3://{BUCKET}/train.jsonl"},
            "outputDataConfig": {"s3Uri": f"s3://{BUCKET}/out/"},
        }
        return str(self.bedrock.create_model_customization_job(**request | changes)["jobArn"])

    def job(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.bedrock.get_model_customization_job(jobIdentifier=arn)
        return found

    def finished(self, arn: str) -> dict[str, Any]:
        """The job once it has ended, and its model is active."""
        job = until(lambda: self.job(arn), lambda job: job["status"] in ("Completed", "Failed", "Stopped"))
        if job["status"] == "Completed":
            until(lambda: self.model_status(job["outputModelArn"]), lambda status: status != "Creating")
        return job

    def model_status(self, model: str) -> str:
        return str(self.bedrock.get_custom_model(modelIdentifier=model)["modelStatus"])

    def deployed(self, model: str, name: str) -> str:
        arn = str(
            self.bedrock.create_custom_model_deployment(modelDeploymentName=name, modelArn=model)[
                "customModelDeploymentArn"
            ]
        )
        self.active(arn)
        return arn

    def active(self, arn: str) -> None:
        """Wait until a deployment is no longer Creating."""
        until(lambda: self.deployment(arn)["status"], lambda status: status != "Creating")

    def deployment(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        return found

    def ask(self, model: str, image: bytes) -> str:
        content = [{"image": {"format": "png", "source": {"bytes": image}}}, {"text": "Màu gì?"}]
        answer = self.runtime.converse(modelId=model, messages=[{"role": "user", "content": content}])
        return str(answer["output"]["message"]["content"][0]["text"])


def make_role(
    cloud: LocalCloud, name: str, service: str, statements: list[dict[str, Any]], condition: Any = None
) -> str:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": condition or {},
    }
    iam = cloud.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"])
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    return arn


def allow(action: str | list[str], resource: str | list[str], **rest: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **rest}


def as_user(cloud: LocalCloud, name: str, service: str, *statements: dict[str, Any], region: str = REGION) -> Any:
    """A client of a service for a new user, whose policy has these statements; none for none."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=region,
        endpoint_url=cloud.endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


CONFUSED_DEPUTY = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/*"},
}
DATA = [
    allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{BUCKET}/*"),
    allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
]


def for_rule(rule: str, queue: str) -> dict[str, Any]:
    """The policy of a queue to which one rule of EventBridge may deliver."""
    statement = allow("sqs:SendMessage", queue, Condition={"ArnEquals": {"aws:SourceArn": rule}})
    return {"Version": "2012-10-17", "Statement": [statement | {"Principal": {"Service": "events.amazonaws.com"}}]}


def refused(act: Callable[[], Any]) -> tuple[str, str]:
    """The code and message of the error that ``act`` must raise."""
    with pytest.raises(ClientError) as error:
        act()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def once() -> Config:
    """Settings of a client that does not try again."""
    return Config(retries={"total_max_attempts": 1})


def make_bench(cloud: LocalCloud) -> Bench:
    """Return clients, a bucket with pictures of circles in three colours and rows about them, and a role."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    records = []
    for colour in COLOURS:
        for place in range(0, 24, 2):
            key = f"images/{list(COLOURS).index(colour)}-{place}.png"
            s3.put_object(Bucket=BUCKET, Key=key, Body=picture(colour, place))
            records.append(record("Màu gì?", colour, key))
    s3.put_object(Bucket=BUCKET, Key="train.jsonl", Body=jsonl(records))
    s3.put_object(Bucket=BUCKET, Key="validation.jsonl", Body=jsonl(records[:6]))
    role = make_role(cloud, "customization", "bedrock.amazonaws.com", DATA, CONFUSED_DEPUTY)
    return Bench(cloud, cloud.client("bedrock"), cloud.client("bedrock-runtime"), s3, role)
