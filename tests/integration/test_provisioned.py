"""A model that only Provisioned Throughput serves, from an upload to its end, in the Region of Llama."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from samples import support
from tailor.aws.clients import client
from tailor.runs import Run, State, insist
from tailor.serving import keys
from tailor_local.bedrock.faults import Faults
from tailor_local.cloud import LocalCloud
from tailor_local.demo.listeners import Inbox, Slack
from tailor_local.quotas import RAISED
from tests.integration.conftest import PACE, forget_clients
from tests.integration.pipeline import Pipeline
from tests.waiting import until

TAILOR = str(Path(sys.executable).parent / "tailor")
BILL = [TAILOR, "bill", "--offline"]
RECIPE = b"""
model: llama-3-2-1b
split: {train: 0.6, validation: 0.1, test: 0.3}
evaluation: {language: vi, few_shot: 0, regression: false}
deployment: {kind: provisioned, units: 2, hours: 8}
"""


@pytest.fixture
def pipeline(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A cloud of its own, in us-west-2, whose account has no model units."""
    with LocalCloud(port=0, directory=tmp_path / "cloud", pace=PACE, raised=RAISED, region="us-west-2") as cloud:
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        forget_clients()
        with Slack() as slack:
            secret = cloud.client("secretsmanager").create_secret(
                Name="tailor/webhooks", SecretString=json.dumps({"slack": slack.url})
            )
            outputs = cloud.deploy({"WebhooksSecretArn": secret["ARN"], "AllowInsecureWebhook": "true"})
            yield Pipeline(cloud, outputs, slack, Inbox(outputs["NoticesTopicArn"]))
    forget_clients()


def throughputs(run: str) -> list[dict[str, Any]]:
    answer = client("bedrock").list_provisioned_model_throughputs(nameContains=run)
    return list(answer["provisionedModelSummaries"])


def test_a_llama_is_provisioned_measured_live_called_and_gone_at_its_end(pipeline: Pipeline) -> None:
    rows = [{**row, "answer": row.pop("completion")} for row in support.rows(200)]
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    name = pipeline.upload("units/support", {"data.jsonl": data, "tailor.yaml": RECIPE})

    def waits_for_room() -> Run | None:
        found = next(iter(pipeline.runs.project_runs("units")), None)
        if found and found.state == State.AWAITING_APPROVAL:
            pipeline.decide(name, "approve")
        return found

    waiting = until(waits_for_room, lambda run: run is not None and run.stall is not None and run.stall.phase == "room")
    assert waiting
    assert waiting.stall
    assert "no commitment model units" in waiting.stall.message
    assert "Service Quotas" in waiting.stall.message
    assert waiting.quote
    hosting = next(line for line in waiting.quote.lines if line.item == "hosting")
    assert (hosting.every, hosting.known) == ("hour", False)
    assert hosting.title == "Hosting on 2 model units, for at most 8 hours"
    pipeline.cloud.set_faults(Faults(quotas={"model-units": 2}))

    run = pipeline.wait(name, State.LIVE)

    [units] = throughputs(name)
    assert (units["provisionedModelArn"], units["modelUnits"]) == (run.deployment_arn, 2)
    assert "commitmentDuration" not in units
    tags = client("bedrock").list_tags_for_resource(resourceARN=run.deployment_arn)["tags"]
    assert {"stack", "run", "project", "environment"} <= {tag["key"] for tag in tags}
    assert pipeline.deployments(name) == []
    api = OpenAI(base_url=pipeline.api, api_key=keys.create(pipeline.serving, "test", ["units"])[0], max_retries=0)
    asked: Any = [{"role": "user", "content": rows[0]["prompt"]}]
    assert api.chat.completions.create(model="units", messages=asked).choices[0].message.content

    run, other = _a_successor_takes_its_units_over_and_gives_them_back(pipeline, api, run, asked, data)
    run = _what_somebody_does_by_hand_is_set_right(pipeline, run, other)
    _it_is_paused_when_nobody_calls_and_back_by_a_call(pipeline, api, run, asked)
    person, _ = keys.create(pipeline.serving, "Linh", ["units"], scopes=["operate"])
    operator = OpenAI(base_url=pipeline.api, api_key=person, max_retries=0)
    with pytest.raises(openai.ConflictError):
        operator.models.delete(f"units@{name}")

    # The clock can't be moved; the end can.
    def end() -> Run:
        found = pipeline.runs.get(name)
        ended = found.deployment.model_copy(update={"ends_at": datetime.now(UTC)}) if found.deployment else None
        return pipeline.runs.save(found.updated(deployment=ended))

    insist(end)
    retired = pipeline.wait(name, State.RETIRED)

    assert throughputs(name) == []
    assert "had an end" in retired.history[-1].reason
    with pytest.raises(openai.NotFoundError) as offline:
        api.chat.completions.create(model="units", messages=asked)
    assert offline.value.code == "model_offline"
    _what_is_left_over_is_told_and_removed(pipeline, retired)
    assert operator.models.delete(f"units@{name}").deleted, "the second time changes nothing"
    assert pipeline.dead() == []


def _a_successor_takes_its_units_over_and_gives_them_back(
    pipeline: Pipeline, api: OpenAI, run: Run, asked: list[Any], data: bytes
) -> tuple[Run, str]:
    """There is no room for a second set: the live version's units serve the successor, and it again by a rollback."""
    recipe = RECIPE.replace(b"hours: 8", b"hours: 8, take_over: true")
    name = pipeline.upload("units/more", {"data.jsonl": data, "tailor.yaml": recipe})
    pipeline.wait(name, State.AWAITING_APPROVAL)
    pipeline.decide(name, "approve")
    newer = pipeline.wait(name, State.LIVE)
    assert newer.deployment_arn == run.deployment_arn
    [units] = throughputs(name)
    assert (units["modelArn"], units["provisionedModelName"]) == (newer.model_arn, name)
    pipeline.wait(run.id, State.RETIRED)
    assert [change.state for change in pipeline.runs.get(run.id).history][-2:] == [State.PAUSED, State.RETIRED]
    assert api.chat.completions.create(model="units", messages=asked).choices[0].message.content
    subprocess.run([TAILOR, "rollback", "units"], check=True, capture_output=True)
    again = pipeline.wait(run.id, State.LIVE)
    [units] = throughputs(run.id)
    assert (units["modelArn"], units["provisionedModelArn"]) == (run.model_arn, run.deployment_arn)
    pipeline.wait(name, State.RETIRED)
    assert newer.model_arn
    return again, newer.model_arn


def _what_somebody_does_by_hand_is_set_right(pipeline: Pipeline, run: Run, other: str) -> Run:
    """The live version's units are pointed at another model, then deleted: both times it serves again."""
    bedrock = client("bedrock")

    def again(times: int) -> Run:
        """Return the run once it was restored so often."""
        return until(
            lambda: pipeline.runs.get(run.id),
            lambda found: found.state == State.LIVE and found.states.count(State.RESTORING) == times,
        )

    before = run.states.count(State.RESTORING)
    bedrock.update_provisioned_model_throughput(provisionedModelId=run.deployment_arn, desiredModelId=other)
    assert throughputs(run.id)[0]["desiredModelArn"] == other
    set_right = again(before + 1)
    [units] = throughputs(run.id)
    assert (units["provisionedModelArn"], units["modelArn"]) == (run.deployment_arn, run.model_arn)
    reasons = [each.reason for each in set_right.history if each.state == State.RESTORING]
    assert f"serve {other}" in reasons[-1]
    bedrock.delete_provisioned_model_throughput(provisionedModelId=run.deployment_arn)
    bought = again(before + 2)
    [units] = throughputs(run.id)
    assert (units["provisionedModelArn"], units["modelArn"]) == (bought.deployment_arn, run.model_arn)
    assert bought.deployment_arn != run.deployment_arn
    return bought


def _it_is_paused_when_nobody_calls_and_back_by_a_call(
    pipeline: Pipeline, api: OpenAI, run: Run, asked: list[Any]
) -> None:
    """A moment without a call is enough, until it is paused; then the recipe is as it was."""

    def idle_after(hours: float | None) -> Run:
        found = pipeline.runs.get(run.id)
        wanted = found.recipe.deployment.model_copy(update={"idle_hours": hours})
        return pipeline.runs.save(found.updated(recipe=found.recipe.model_copy(update={"deployment": wanted})))

    insist(lambda: idle_after(1e-6))
    pipeline.wait(run.id, State.PAUSED)
    assert throughputs(run.id) == []
    insist(lambda: idle_after(None))
    with pytest.raises(openai.InternalServerError) as paused:
        api.chat.completions.create(model="units", messages=asked)
    assert (paused.value.status_code, paused.value.code) == (503, "model_paused")
    assert paused.value.response.headers["retry-after"] == "60"
    back = pipeline.wait(run.id, State.LIVE)
    assert [unit["provisionedModelArn"] for unit in throughputs(run.id)] == [back.deployment_arn]
    assert back.deployment
    assert run.deployment
    assert back.deployment.arn != run.deployment.arn
    assert back.deployment.ends_at
    assert run.deployment.ends_at
    assert back.deployment.ends_at <= run.deployment.ends_at, "the return adds nothing to what was approved"
    assert api.chat.completions.create(model="units", messages=asked).choices[0].message.content


def _what_is_left_over_is_told_and_removed(pipeline: Pipeline, run: Run) -> None:
    """Model units that nobody noted down, and a model that its recipe does not keep: by a sweep of each round."""
    bedrock = client("bedrock")
    tags = {"application": "tailor", "environment": "prod", "stack": "tailor", "run": run.id, "project": run.project}
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    made = bedrock.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName=f"{run.id}-2", modelId=run.model_arn, tags=listed
    )["provisionedModelArn"]
    assert f"{run.id}-2" in subprocess.run(BILL, check=True, capture_output=True, text=True).stdout
    functions, name = client("lambda"), pipeline.function("ReconcileFunction")
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    quick = variables | {"SWEEP_MINUTES": "1", "ORPHAN_MINUTES": "0.01"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": quick})
    until(lambda: throughputs(run.id), lambda found: found == [])
    subjects, _ = pipeline.notices("units", 1, "units: provisioned throughput was removed")
    assert subjects.count("units: provisioned throughput was removed") == 1, made
    retention = run.recipe.retention.model_copy(update={"passed_days": 1e-6})
    pipeline.runs.save(run.updated(recipe=run.recipe.model_copy(update={"retention": retention})))
    until(lambda: bedrock.list_custom_models(nameContains=run.id)["modelSummaries"], lambda found: found == [])
    deleted = pipeline.runs.get(run.id).job
    assert deleted
    assert deleted.model_deleted
    assert "retention.passed_days" in deleted.model_deleted.reason
