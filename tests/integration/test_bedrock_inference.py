"""The stand-in through real boto3 clients: asking models, permissions, and faults on demand."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EventStreamError

from tailor_local.bedrock.faults import EventFaults, Failure, Faults, Refusal
from tailor_local.cloud import ACCOUNT, REGION
from tests.integration.standin import (
    BASE,
    BUCKET,
    DATA,
    PLAIN,
    Bench,
    allow,
    make_role,
    once,
    picture,
    refused,
)
from tests.waiting import until

SetFaults = Callable[[Faults], None]


# ------------------------------------------------------------------------------------------------- inference


@pytest.mark.parametrize(
    ("model", "code"),
    [
        (BASE, "ResourceNotFoundException"),
        ("amazon.nova-2-lite-v1:0", "ValidationException"),
        ("amazon.nova-9-v1:0", "ValidationException"),
        (f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model/{BASE}/abcdefghijkl", "ValidationException"),
    ],
)
def test_ids_that_can_not_be_invoked(bench: Bench, model: str, code: str) -> None:
    assert refused(lambda: bench.ask(model, picture("đỏ", 0)))[0] == code


def test_a_profile_answers(bench: Bench) -> None:
    assert bench.ask("us.amazon.nova-2-lite-v1:0", picture("đỏ", 0))


def test_a_stream_says_the_same(bench: Bench, deployment: str) -> None:
    content = [{"image": {"format": "png", "source": {"bytes": picture("xanh", 5)}}}, {"text": "Màu gì?"}]
    stream = bench.runtime.converse_stream(modelId=deployment, messages=[{"role": "user", "content": content}])[
        "stream"
    ]
    events = list(stream)
    names = [next(iter(event)) for event in events]
    assert names[0] == "messageStart"
    assert names[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    text = "".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event)
    assert text == "xanh"
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


def test_nova_s_own_requests_are_understood(bench: Bench, deployment: str) -> None:
    body = json.dumps(
        {"messages": [{"role": "user", "content": [{"text": "Màu gì?"}]}], "inferenceConfig": {"maxTokens": 9}}
    )
    answer = json.loads(bench.runtime.invoke_model(modelId=deployment, body=body)["body"].read())
    assert answer["output"]["message"]["role"] == "assistant"
    chunks = bench.runtime.invoke_model_with_response_stream(modelId=deployment, body=body)["body"]
    parts = [json.loads(event["chunk"]["bytes"]) for event in chunks]
    assert parts[0] == {"messageStart": {"role": "assistant"}}
    assert refused(lambda: bench.runtime.invoke_model(modelId=deployment, body=b"{}"))[0] == "ValidationException"


def test_images_may_lie_in_s3(bench: Bench, deployment: str) -> None:
    location = {"uri": f"s3://{BUCKET}/images/0-2.png", "bucketOwner": ACCOUNT}
    content = [{"image": {"format": "png", "source": {"s3Location": location}}}, {"text": "Màu gì?"}]
    answer = bench.runtime.converse(modelId=deployment, messages=[{"role": "user", "content": content}])
    assert answer["output"]["message"]["content"][0]["text"] == "đỏ"


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": [{"text": "a"}]}],
        [{"role": "user", "content": [{"text": "a"}]}, {"role": "user", "content": [{"text": "b"}]}],
        [{"role": "user", "content": [{"text": "  "}]}],
        [
            {
                "role": "user",
                "content": [{"image": {"format": "jpeg", "source": {"bytes": picture("đỏ", 0)}}}, {"text": "?"}],
            }
        ],
        [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": b"none"}}}, {"text": "?"}]}],
    ],
)
def test_conversations_that_bedrock_refuses(bench: Bench, messages: list[dict[str, Any]]) -> None:
    assert refused(lambda: bench.runtime.converse(modelId=PLAIN, messages=messages))[0] == "ValidationException"


def test_what_is_longer_than_the_context_is_refused(bench: Bench) -> None:
    message = {"role": "user", "content": [{"text": "một hai ba bốn " * 100_000}]}
    code, said = refused(lambda: bench.runtime.converse(modelId=PLAIN, messages=[message]))
    assert (code, said) == ("ValidationException", "Input is too long for requested model.")


def test_limits_and_stops_are_kept(bench: Bench) -> None:
    message = {"role": "user", "content": [{"text": "Tell me a story."}]}
    answer = bench.runtime.converse(modelId=PLAIN, messages=[message], inferenceConfig={"maxTokens": 1})
    assert answer["stopReason"] == "max_tokens"
    assert answer["usage"]["outputTokens"] <= 1
    code, _ = refused(
        lambda: bench.runtime.converse(modelId=PLAIN, messages=[message], inferenceConfig={"maxTokens": 6000})
    )
    assert code == "ValidationException"


# ------------------------------------------------------------------------------------------------- permissions


@pytest.fixture(scope="module")
def limited(bench: Bench, deployment: str) -> dict[str, Any]:
    """Clients of a role that may ask one deployment, and submit jobs for one model with one role."""
    statements = [
        allow("bedrock:InvokeModel", deployment),
        allow(
            "bedrock:CreateModelCustomizationJob",
            [f"arn:aws:bedrock:{REGION}::foundation-model/*", f"arn:aws:bedrock:{REGION}:{ACCOUNT}:custom-model/*"],
        ),
        allow("iam:PassRole", bench.role, Condition={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}),
    ]
    iam = bench.cloud.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName="limited", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="limited", PolicyName="all", PolicyDocument=policy)
    given = bench.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    settings = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    return {name: bench.cloud.client(name, **settings) for name in ("bedrock", "bedrock-runtime")}


def test_policies_with_named_resources_are_enforced(limited: dict[str, Any], deployment: str) -> None:
    messages = [{"role": "user", "content": [{"text": "Màu gì?"}]}]
    runtime = limited["bedrock-runtime"]
    assert runtime.converse(modelId=deployment, messages=messages)["output"]
    for act in (
        lambda: runtime.converse(modelId=PLAIN, messages=messages),
        lambda: runtime.converse_stream(modelId=deployment, messages=messages),
        lambda: limited["bedrock"].list_custom_models(),
    ):
        code, message = refused(act)
        assert code == "AccessDeniedException"
        assert "is not authorized to perform: bedrock:" in message


def test_only_the_role_that_may_be_passed_is_passed(bench: Bench, limited: dict[str, Any]) -> None:
    limited_bench = Bench(bench.cloud, limited["bedrock"], limited["bedrock-runtime"], bench.s3, bench.role, made=500)
    arn = limited_bench.submit()
    assert bench.finished(arn)["status"] == "Completed"
    other = make_role(bench.cloud, "other", "bedrock.amazonaws.com", DATA)
    code, message = refused(lambda: limited_bench.submit(roleArn=other))
    assert code == "AccessDeniedException"
    assert "iam:PassRole" in message
    assert other in message
    tagged = refused(lambda: limited_bench.submit(jobTags=[{"key": "a", "value": "b"}]))
    assert "bedrock:TagResource" in tagged[1]


# ------------------------------------------------------------------------------------------------- faults


def test_events_can_be_lost_repeated_and_reordered(bench: Bench, faults: SetFaults, events: Any) -> None:
    faults(Faults(events=EventFaults(lose=1)))
    lost = bench.submit()
    bench.finished(lost)
    faults(Faults(events=EventFaults(copies=2, reorder=True)))
    muddled = bench.submit()
    bench.finished(muddled)
    told = until(lambda: events(muddled), lambda found: len(found) >= 4)
    assert sorted(event["detail"]["jobStatus"] for event in told) == ["Completed"] * 2 + ["InProgress"] * 2
    sent = [event["jobStatus"] for event in bench.cloud.control("events") if event["jobArn"] == muddled]
    assert sent == ["Completed", "InProgress"] * 2
    assert events(lost) == []


def test_jobs_can_fail_on_demand(bench: Bench, faults: SetFaults) -> None:
    faults(Faults(failures=(Failure(phase="dataProcessing", message="No luck today.", times=1),)))
    job = bench.finished(bench.submit())
    assert (job["status"], job["failureMessage"]) == ("Failed", "No luck today.")
    assert job["statusDetails"]["dataProcessingDetails"]["status"] == "Failed"
    assert job["statusDetails"]["trainingDetails"]["status"] == "NotStarted"


def test_calls_can_be_throttled(bench: Bench, faults: SetFaults) -> None:
    faults(Faults(refusals=(Refusal(operation="ListFoundationModels", times=1),)))
    impatient = bench.cloud.client("bedrock", config=once())
    assert refused(impatient.list_foundation_models)[0] == "ThrottlingException"
    assert impatient.list_foundation_models()["modelSummaries"]
    assert bench.cloud.calls()["ListFoundationModels"] >= 2


def test_streams_can_break_off(bench: Bench, faults: SetFaults) -> None:
    faults(Faults(stream_failure="modelStreamErrorException"))
    messages = [{"role": "user", "content": [{"text": "Tell me a story."}]}]
    stream = bench.runtime.converse_stream(modelId=PLAIN, messages=messages)["stream"]
    with pytest.raises(EventStreamError, match="modelStreamErrorException"):
        list(stream)


def test_deployments_can_fail(bench: Bench, faults: SetFaults, trained: dict[str, Any]) -> None:
    faults(Faults(deployment_failure="No capacity."))
    arn = bench.deployed(trained["outputModelArn"], "unlucky")
    found = bench.deployment(arn)
    assert (found["status"], found["failureMessage"]) == ("Failed", "No capacity.")
    bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)


def test_a_guardrail_blocks_what_it_names(bench: Bench, deployment: str) -> None:
    made = bench.bedrock.create_guardrail(
        name="words",
        blockedInputMessaging="Không hỏi vậy.",
        blockedOutputsMessaging="Không đáp vậy.",
        wordPolicyConfig={"wordsConfig": [{"text": "bí mật"}, {"text": "xanh"}]},
    )
    version = bench.bedrock.create_guardrail_version(guardrailIdentifier=made["guardrailId"])["version"]
    found = bench.bedrock.get_guardrail(guardrailIdentifier=made["guardrailId"], guardrailVersion=version)
    assert (found["status"], version) == ("READY", "1")
    config = {"guardrailIdentifier": made["guardrailId"], "guardrailVersion": version}

    def ask(question: str, **guardrail: Any) -> Any:
        shown = {"image": {"format": "png", "source": {"bytes": picture("xanh", 5)}}}
        messages = [{"role": "user", "content": [shown, {"text": question}]}]
        return bench.runtime.converse(modelId=deployment, messages=messages, **guardrail)

    assert ask("Màu gì?")["stopReason"] == "end_turn"
    for question, said in (("Bí mật gì?", "Không hỏi vậy."), ("Màu gì?", "Không đáp vậy.")):
        answer = ask(question, guardrailConfig=config)
        assert (answer["stopReason"], answer["output"]["message"]["content"]) == (
            "guardrail_intervened",
            [{"text": said}],
        )
    missing = {"guardrailIdentifier": "abc", "guardrailVersion": "1"}
    assert refused(lambda: ask("Màu gì?", guardrailConfig=missing))[0] == "ResourceNotFoundException"
