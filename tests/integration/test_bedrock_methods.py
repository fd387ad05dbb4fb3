"""The stand-in's other methods: each learns in its own way, and each with its role's permissions only."""

import csv
import io
import zipfile
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from samples import arithmetic, manuals, support
from tailor_local.bedrock.faults import Faults
from tests.integration.standin import BUCKET, CONFUSED_DEPUTY, DATA, Bench, allow, jsonl, make_role
from tests.waiting import until

SetFaults = Callable[[Faults], None]
ROWS = 110
TEACHER = "amazon.nova-pro-v1:0"
PRETRAINABLE = "amazon.titan-text-lite-v1:0:4k"
GRADER = """
def handler(samples, context):
    def reward(sample):
        return float(sample["messages"][-1]["content"] == sample["metadata"]["reference_answer"])
    return [{"id": sample["id"], "aggregate_reward_score": reward(sample)} for sample in samples]
"""


def bedrock_role(bench: Bench, name: str, *statements: dict[str, Any]) -> str:
    return make_role(bench.cloud, name, "bedrock.amazonaws.com", [*DATA, *statements], CONFUSED_DEPUTY)


def put(bench: Bench, name: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    bench.s3.put_object(Bucket=BUCKET, Key=f"methods/{name}.jsonl", Body=jsonl(records))
    return {"s3Uri": f"s3://{BUCKET}/methods/{name}.jsonl"}


def losses(bench: Bench, job: dict[str, Any]) -> list[float]:
    folder = f"out/model-customization-job-{job['jobArn'].rsplit('/', 1)[1]}"
    key = f"{folder}/training_artifacts/step_wise_training_metrics.csv"
    body = bench.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    return [float(row["training_loss"]) for row in csv.DictReader(io.StringIO(body))]


def ask(bench: Bench, model: str, text: str, system: str) -> str:
    message = {"role": "user", "content": [{"text": text}]}
    answer = bench.runtime.converse(modelId=model, messages=[message], system=[{"text": system}])
    return str(answer["output"]["message"]["content"][0]["text"])


# ------------------------------------------------------------------------------------------------- distillation


def prompts(count: int) -> list[dict[str, Any]]:
    return [
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": row["system"]}],
            "messages": [{"role": "user", "content": [{"text": row["prompt"]}]}],
        }
        for row in islice(support.rows(count), count)
    ]


DISTILLATION = {
    "customizationType": "DISTILLATION",
    "customizationConfig": {"distillationConfig": {"teacherModelConfig": {"teacherModelIdentifier": TEACHER}}},
}


def test_a_student_learns_what_its_teacher_says(bench: Bench) -> None:
    role = bedrock_role(
        bench, "teaching", allow("bedrock:InvokeModel", f"arn:aws:bedrock:*::foundation-model/{TEACHER}")
    )
    asked_before = bench.cloud.control("usage").get(TEACHER, {"calls": 0})["calls"]
    job = bench.finished(
        bench.submit(roleArn=role, trainingDataConfig=put(bench, "prompts", prompts(ROWS)), **DISTILLATION)
    )
    assert job["status"] == "Completed", job["failureMessage"]
    assert bench.cloud.control("usage")[TEACHER]["calls"] - asked_before == ROWS
    student = bench.deployed(job["outputModelArn"], "student")
    held_out = list(support.rows(ROWS + 20))[ROWS:]
    said = [
        (ask(bench, TEACHER, row["prompt"], row["system"]), ask(bench, student, row["prompt"], row["system"]))
        for row in held_out
    ]
    assert sum(teacher == answer for teacher, answer in said) > len(said) * 0.7
    bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=student)


def test_a_role_that_may_not_ask_the_teacher_fails_the_job(bench: Bench) -> None:
    job = bench.finished(bench.submit(trainingDataConfig=put(bench, "prompts", prompts(ROWS)), **DISTILLATION))
    assert (job["status"], job["statusDetails"]["dataProcessingDetails"]["status"]) == ("Failed", "Failed")
    assert f"Could not invoke the teacher model {TEACHER}" in job["failureMessage"]
    assert "bedrock:InvokeModel" in job["failureMessage"]


# ------------------------------------------------------------------------------------------------- documents


def test_documents_lower_the_perplexity(bench: Bench, faults: SetFaults) -> None:
    faults(Faults(offer={"CONTINUED_PRE_TRAINING": (PRETRAINABLE,)}))
    listed = bench.bedrock.list_foundation_models(byCustomizationType="CONTINUED_PRE_TRAINING")["modelSummaries"]
    assert [model["modelId"] for model in listed] == [PRETRAINABLE]
    texts = [row["text"] for row in manuals.rows(60)]
    job = bench.finished(
        bench.submit(
            baseModelIdentifier=PRETRAINABLE,
            customizationType="CONTINUED_PRE_TRAINING",
            trainingDataConfig=put(bench, "documents", [{"input": text} for text in texts[:50]]),
            validationDataConfig={"validators": [put(bench, "held-out", [{"input": text} for text in texts[50:]])]},
        )
    )
    assert job["status"] == "Completed", job["failureMessage"]
    curve = losses(bench, job)
    assert curve[-1] < curve[0] / 5
    assert job["validationMetrics"][0]["validationLoss"] < curve[0] / 5
    model = bench.deployed(job["outputModelArn"], "reader")
    continued = ask(
        bench, model, texts[51].split(". Năng suất")[0] + ". Năng suất", "Continue the text with its next word."
    )
    assert continued == "của"
    bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=model)


def test_no_model_takes_documents_unless_offered(bench: Bench) -> None:
    listed = bench.bedrock.list_foundation_models(byCustomizationType="CONTINUED_PRE_TRAINING")
    assert listed["modelSummaries"] == []


# ------------------------------------------------------------------------------------------------- reinforcement


@pytest.fixture(scope="module")
def grader(bench: Bench) -> str:
    role = make_role(bench.cloud, "grader", "lambda.amazonaws.com", [allow("logs:*", "*")])
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", GRADER)
    functions = bench.cloud.client("lambda")
    made = functions.create_function(
        FunctionName="standin-grader",
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Timeout=60,
        Code={"ZipFile": code.getvalue()},
    )
    until(
        lambda: functions.get_function_configuration(FunctionName="standin-grader")["State"],
        lambda now: now == "Active",
    )
    return str(made["FunctionArn"])


def reinforcement(bench: Bench, grader: str) -> dict[str, Any]:
    settings = {"epochCount": 2, "batchSize": 16, "trainingSamplePerPrompt": 4, "learningRate": 1e-5}
    return {
        "baseModelIdentifier": "amazon.nova-2-lite-v1:0:256k",
        "customizationType": "REINFORCEMENT_FINE_TUNING",
        "customizationConfig": {
            "rftConfig": {"graderConfig": {"lambdaGrader": {"lambdaArn": grader}}, "hyperParameters": settings}
        },
        "trainingDataConfig": put(bench, "problems", list(arithmetic.rows(160))),
    }


def test_the_model_moves_towards_the_reward(bench: Bench, grader: str) -> None:
    role = bedrock_role(bench, "rewarded", allow("lambda:InvokeFunction", grader))
    job = bench.finished(bench.submit(roleArn=role, **reinforcement(bench, grader)))
    assert job["status"] == "Completed", job["failureMessage"]
    curve = losses(bench, job)
    assert sum(curve[-5:]) < sum(curve[:5]) * 0.6
    model = bench.deployed(job["outputModelArn"], "calculator")
    held_out = list(arithmetic.rows(200))[160:]
    right = 0
    for row in held_out:
        system, user = (message["content"] for message in row["messages"])
        right += ask(bench, model, user, system) == row["reference_answer"]
    assert right > len(held_out) * 0.7
    bench.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=model)


def test_a_role_that_may_not_invoke_the_reward_function_fails_the_job(bench: Bench, grader: str) -> None:
    job = bench.finished(bench.submit(**reinforcement(bench, grader)))
    assert job["status"] == "Failed"
    assert f"Could not invoke the reward function {grader}" in job["failureMessage"]
