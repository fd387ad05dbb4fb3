"""A model that was made elsewhere, by boto3 alone: adopted, measured, live, replaced, and rolled back to."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
from openai import OpenAI

from samples import support
from tailor.aws.s3_uploads import S3Uploads
from tailor.names import UPLOADS
from tailor.runs import State
from tailor.serving import keys
from tailor.steps import uploading
from tailor.steps.ownership import Owner
from tailor.steps.uploading import LocalFile
from tailor_local.cloud import ACCOUNT
from tests.integration.pipeline import Pipeline
from tests.integration.standin import BUCKET, Bench, jsonl, record
from tests.waiting import PATIENCE, until

BASE = "amazon.nova-micro-v1:0:128k"
ESCROW = f"customer-escrow-{ACCOUNT}-smtj-adopted"
RECIPE = b"{split: {group: row}, evaluation: {language: vi, few_shot: 0, regression: false}}"
ROWS = [{"question": row["prompt"], "answer": row["completion"]} for row in support.rows(260)]
DEPLOYED = (State.DEPLOYING, State.DEPLOYED, State.EVALUATING)
TRAINED, HELD_OUT = ROWS[:200], ROWS[200:]


def made_elsewhere(bench: Bench) -> dict[str, Any]:
    """A custom model of a job that no stack knows."""
    records = [record(row["question"], row["answer"]) for row in TRAINED]
    bench.s3.put_object(Bucket=BUCKET, Key="elsewhere.jsonl", Body=jsonl(records))
    uri = f"s3://{BUCKET}/elsewhere.jsonl"
    job = bench.finished(bench.submit(baseModelIdentifier=BASE, trainingDataConfig={"s3Uri": uri}))
    return dict(bench.bedrock.get_custom_model(modelIdentifier=job["outputModelArn"]))


def checkpoint(pipeline: Pipeline, bench: Bench, model: dict[str, Any]) -> str:
    """Write the same weights as SageMaker leaves them in its bucket, and return where."""
    [weights] = pipeline.cloud.directory.rglob(f"model-{model['modelArn'].rsplit('/', 1)[1]}.npz")
    bench.s3.create_bucket(Bucket=ESCROW)
    about = json.dumps({"base": BASE, "technique": "lora"}).encode()
    for name, body in (("checkpoint.json", about), ("weights.npz", weights.read_bytes())):
        bench.s3.put_object(Bucket=ESCROW, Key=f"elsewhere/{name}", Body=body)
    return f"s3://{ESCROW}/elsewhere"


def package(pipeline: Pipeline, checkpoint: str, **more: Any) -> str:
    """A model package of a checkpoint."""
    source = {"S3Uri": checkpoint, "S3DataType": "S3Prefix", "CompressionType": "None"}
    made = pipeline.cloud.client("sagemaker").create_model_package(
        ModelPackageGroupName="elsewhere",
        InferenceSpecification={"Containers": [{"ModelDataSource": {"S3DataSource": source}}]},
        **more,
    )
    return str(made["ModelPackageArn"])


def test_a_model_made_elsewhere_is_adopted_measured_live_and_rolled_back_to(pipeline: Pipeline, bench: Bench) -> None:
    theirs = made_elsewhere(bench)
    secret = keys.create(pipeline.serving, "operator", ["adopted"], scopes=["chat", "operate"])[0]

    def post(path: str, **body: Any) -> Any:
        address = f"{pipeline.api}/{path}"
        answer = httpx.post(address, headers={"Authorization": f"Bearer {secret}"}, json=body, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in HELD_OUT).encode()
    files = {"test.jsonl": data, "tailor.yaml": RECIPE}
    bucket, prefix = S3Uploads(pipeline.outputs["BucketName"]), f"{UPLOADS}adopted/exam/"
    given = [LocalFile(name, len(body), 1) for name, body in files.items()]
    uploading.begin(given, bucket, prefix, by="test", now=datetime.now(UTC))
    for name, body in files.items():
        bucket.write(prefix + name, body)

    first = pipeline.wait(post("models/adopted/adopt", model=theirs["modelArn"], dataset="exam")["id"], State.LIVE)
    assert (first.recipe.model, first.model_arn) == ("nova-micro", theirs["modelArn"])
    assert first.evaluation.candidate is not None
    assert first.evaluation.baseline is not None
    assert first.evaluation.candidate > first.evaluation.baseline
    assert [run.id for run in pipeline.runs.project_runs("adopted")] == [first.id], "its upload starts no training"

    source = checkpoint(pipeline, bench, theirs)
    tagged = [{"Key": key, "Value": value} for key, value in Owner("others", "dev").tags.items()]
    refused = package(pipeline, source, ManagedStorageType="Restricted", Tags=tagged)
    run = pipeline.ended(post("models/adopted/adopt", model=refused, base="nova-micro")["id"])
    assert (run.state, "belongs to the stack others" in run.history[-1].reason) == (State.TRAINING_FAILED, True)
    restricted = package(pipeline, source, ManagedStorageType="Restricted")
    run = pipeline.wait(post("models/adopted/adopt", model=restricted, base="nova-micro")["id"], *DEPLOYED)
    post(f"runs/{run.id}/stop")
    assert pipeline.ended(run.id).state == State.RETIRED

    imported = post("models/adopted/adopt", model=source, base="nova-micro")["id"]
    assert pipeline.ended(imported).state == State.RETIRED, "the same weights are no better than what is live"
    post(f"runs/{imported}/promote", reason="to see that it serves")
    second = pipeline.wait(imported, State.LIVE)
    assert second.model_arn != first.model_arn
    assert pipeline.jobs("adopted") == []
    assert post("models/adopted/rollback", to=first.id)["live"] == first.id
    api = OpenAI(base_url=pipeline.api, api_key=secret, max_retries=0)
    asked = api.chat.completions.create(model="adopted", messages=[{"role": "user", "content": ROWS[0]["question"]}])
    assert asked.choices[0].message.content in support.DEPARTMENTS
    until(lambda: pipeline.runs.get(second.id).state, lambda state: state in (State.STANDBY, State.RETIRED))
    assert bench.bedrock.get_custom_model(modelIdentifier=theirs["modelArn"])["modelStatus"] == "Active"
    assert bench.bedrock.list_tags_for_resource(resourceARN=theirs["modelArn"])["tags"] == []
    assert pipeline.dead() == []
