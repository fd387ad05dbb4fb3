"""The main job on the deployed template, under enforced IAM: upload, train, deploy, measure, serve."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import openai
import pytest
from openai import OpenAI

from samples.generate import generate
from tailor.aws.clients import client
from tailor.runs import Run, State
from tailor.serving import keys
from tailor.serving.aliases import Version, promote
from tailor.steps.control import Control
from tailor.steps.services import RunServices
from tailor.steps.steer import promote_by_hand
from tailor_local.bedrock.faults import EventFaults, Faults, Stall
from tailor_local.quotas import QUOTAS
from tests.integration.conftest import PAGE
from tests.integration.pipeline import Pipeline
from tests.unit.steps.uploads import message
from tests.waiting import PATIENCE, until

SetFaults = Callable[[Faults], None]
RECIPE = b"""
model: nova-lite
split: {train: 0.6, validation: 0.1, test: 0.3}
evaluation: {language: vi, few_shot: 0, regression: false}
"""
TOLD = {
    State.PREPARED,
    State.AWAITING_APPROVAL,
    State.APPROVED,
    State.TRAINING,
    State.TRAINED,
    State.PASSED,
    State.LIVE,
}


@pytest.fixture(scope="package")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small dataset: images first, the recipe last."""
    folder = tmp_path_factory.mktemp("scenes")
    generate(folder, count=100)
    images = {f"images/{path.name}": path.read_bytes() for path in sorted(folder.glob("images/*.png"))}
    return images | {"questions.csv": (folder / "questions.csv").read_bytes(), "tailor.yaml": RECIPE}


def test_an_upload_that_is_announced_five_times_becomes_one_model_and_one_notice_a_change(
    pipeline: Pipeline, scenes: dict[str, bytes], faults: SetFaults, tmp_path: Path
) -> None:
    faults(Faults(events=EventFaults(copies=5)))
    run_id = pipeline.upload("five/scenes", scenes)
    announced = message("uploads/five/scenes/tailor.yaml", datetime.now(UTC))["body"]
    receive = pipeline.function("ReceiveFunction")
    payload = json.dumps({"Records": [{"messageId": "again", "body": announced}]}).encode()
    invoke = client("lambda").invoke
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: invoke(FunctionName=receive, InvocationType="Event", Payload=payload), range(3)))
    for _ in range(2):
        client("sqs").send_message(QueueUrl=pipeline.outputs["UploadsQueueUrl"], MessageBody=announced)

    run = pipeline.wait(run_id, State.LIVE)

    assert [one.id for one in pipeline.runs.project_runs("five")] == [run_id]
    assert len(pipeline.jobs(run_id)) == 1
    assert len(pipeline.deployments(run_id)) == 1
    told = [change.state for change in run.history if change.state in TOLD]
    subjects, slack = pipeline.notices("five", len(told))
    assert (len(subjects), len(set(subjects))) == (len(told), len(told))
    assert len(slack) == len(told)
    assert any(f"tailor --local stop {run_id}" in str(message) for message in pipeline.slack.messages)
    print([(change.state, (change.at - run.created_at).total_seconds()) for change in run.history])
    assert run.evaluation.verdict == "passed"
    assert run.evaluation.interval
    assert run.evaluation.interval[0] > 0
    assert run.report.counts["rejected"] == 0
    secret, _ = keys.create(pipeline.serving, "test", ["five"])
    api = OpenAI(base_url=pipeline.api, api_key=secret, max_retries=0)
    _an_app_can_call_it(api, scenes)
    _and_as_libraries_do(api)
    pages = [Path(page).read_bytes() for page in _tailor("report", run_id, "--to", str(tmp_path)).splitlines()]
    parts = ("report/report.html", "report/report.vi.html", "evaluation/report.html")
    assert pages[:3] == [pipeline.bucket.read(f"{run.files}{part}") for part in parts]
    _a_page_can_show_it(pipeline, run, pages[2])
    _a_person_makes_replaces_and_ends_a_key(pipeline)
    _until_a_person_takes_it_offline_and_again_once_it_is_back(pipeline, api, run, len(told))
    _an_app_can_call_it(api, scenes)
    assert pipeline.dead() == []


def _a_page_can_show_it(pipeline: Pipeline, run: Run, report: bytes) -> None:
    reader, _ = keys.create(pipeline.serving, "page", ["five"], scopes=["read"])

    def ask(path: str) -> Any:
        answer = httpx.get(f"{pipeline.api}{path}", headers={"Authorization": f"Bearer {reader}"}, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    page = httpx.get(f"{pipeline.api.removesuffix('/v1')}/console", timeout=PATIENCE)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    scripts = re.findall(r'src="(console/[^"]+)"', page.text)
    assert scripts
    for script in scripts:
        assert httpx.get(f"{pipeline.api.removesuffix('/v1')}/{script}", timeout=PATIENCE).status_code == 200
    assert ask("/key")["projects"] == ["five"]
    assert [listed["id"] for listed in ask("/runs?project=five&state=live")["data"]] == [run.id]
    shown = ask(f"/runs/{run.id}")
    assert (shown["state"], shown["evaluation"]["verdict"], shown["actions"]) == ("live", "passed", [])
    assert httpx.get(shown["links"]["evaluation_report"], timeout=PATIENCE).content == report
    assert len(ask(f"/runs/{run.id}/curve")["training"]) > 3
    assert isinstance(ask(f"/runs/{run.id}/findings")["data"], list)


def _a_person_makes_replaces_and_ends_a_key(pipeline: Pipeline) -> None:
    manager, _ = keys.create(pipeline.serving, "Linh", ["five"], scopes=["chat", "keys"])

    def ask(path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {manager}"}
        answer = httpx.post(f"{pipeline.api}/keys{path}", headers=headers, json=body, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.json()

    made = ask("", name="shop", projects=["five"], budget_usd="5")
    made = ask(f"/{made['id']}/rotate", grace_hours=0)
    assert [model.id for model in OpenAI(base_url=pipeline.api, api_key=made["secret"]).models.list()] == ["five"]
    assert ask(f"/{made['id']}/revoke")["state"] == "revoked"


def _until_a_person_takes_it_offline_and_again_once_it_is_back(
    pipeline: Pipeline, api: OpenAI, run: Run, told: int
) -> None:
    operator, key = keys.create(pipeline.serving, "Linh", ["five"], scopes=["operate"])
    headers, why = {"Authorization": f"Bearer {operator}"}, {"reason": "it invents colours"}
    answer = httpx.post(f"{pipeline.api}/models/five/offline", headers=headers, json=why, timeout=PATIENCE)
    assert (answer.status_code, answer.json().get("ended")) == (200, [run.id]), answer.text
    # The second time changes nothing.
    assert f"tailor promote {run.id}" in _tailor("offline", "five", "--reason", "it invents colours")
    retired = pipeline.runs.get(run.id).history[-1]
    assert (retired.state, retired.reason) == (State.RETIRED, "it invents colours")
    assert retired.by == f"key:Linh ({key.id})"
    assert pipeline.deployments(run.id) == []
    with pytest.raises(openai.NotFoundError) as offline:
        api.chat.completions.create(model="five", messages=[{"role": "user", "content": "hi"}])
    assert offline.value.code == "model_offline"
    assert [model.id for model in api.models.list()] == []

    assert "deployed again" in _tailor("promote", run.id, "--reason", "it was the lamp")
    pipeline.wait(run.id, State.LIVE)
    subjects, slack = pipeline.notices("five", told + 2)
    assert subjects.count("five: the project is offline") == 1
    assert (len(subjects), len(slack)) == (told + 2, told + 2)


def _tailor(*arguments: str) -> str:
    """What the command prints; it finds the cloud by the environment."""
    command = [str(Path(sys.executable).parent / "tailor"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _an_app_can_call_it(api: OpenAI, scenes: dict[str, bytes]) -> None:
    image = base64.b64encode(scenes["images/0001.png"]).decode()
    answer = api.chat.completions.create(
        model="five",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
                    {"type": "text", "text": "Có mấy hình trong ảnh?"},
                ],
            }
        ],
    )
    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0
    assert [model.id for model in api.models.list()] == ["five"]


def _and_as_libraries_do(api: OpenAI) -> None:
    """With tools, a form of the answer, and the Responses API."""
    ask: list[Any] = [{"role": "user", "content": "Gọi count_shapes: có mấy hình?"}]
    parameters = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tool: Any = {"type": "function", "function": {"name": "count_shapes", "parameters": parameters}}
    form: Any = {"type": "json_schema", "json_schema": {"name": "count", "schema": {"type": "integer"}}}
    asked = api.chat.completions.create(model="five", messages=ask, tools=[tool], response_format=form)
    [call] = asked.choices[0].message.tool_calls or []
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "3", "name": "count_shapes"}
    history: list[Any] = [*ask, asked.choices[0].message, result]
    answer = api.chat.completions.create(model="five", messages=history, tools=[tool], response_format=form, seed=1)
    assert isinstance(json.loads(answer.choices[0].message.content or ""), int)
    stream = api.responses.create(
        model="five", input="Có mấy hình?", text={"format": {"type": "json_object"}}, stream=True
    )
    *_, last = stream
    assert last.type == "response.completed"
    assert json.loads(last.response.output_text) == {}


def test_without_any_event_from_bedrock_the_run_still_goes_live(
    pipeline: Pipeline, scenes: dict[str, bytes], faults: SetFaults
) -> None:
    faults(Faults(events=EventFaults(lose=1)))
    run = pipeline.wait(pipeline.upload("lost/scenes", scenes), State.LIVE)
    by = {change.state: change.by for change in run.history}
    assert by[State.TRAINED] == "reconcile"
    assert pipeline.dead() == []


def test_an_evaluation_at_a_new_accounts_rate_asks_every_row(
    pipeline: Pipeline, scenes: dict[str, bytes], faults: SetFaults
) -> None:
    faults(Faults(quotas={"custom-requests-a-minute": QUOTAS["custom-requests-a-minute"].new}))
    before = pipeline.cloud.calls()["Converse"]
    recipe = RECIPE.replace(b"regression: false", b"regression: false, max_rows: 40")
    run = pipeline.wait(pipeline.upload("few/scenes", scenes | {"tailor.yaml": recipe}), State.LIVE, State.RETIRED)
    assert run.evaluation.verdict in {"passed", "inconclusive"}, "40 rows need not decide"
    rows = run.evaluation.rows
    assert rows is not None
    assert 30 <= rows <= 40
    asked = pipeline.cloud.control("usage")[run.deployment_arn]["calls"]
    assert asked == rows, "each row once"
    assert pipeline.cloud.calls()["Converse"] - before > 2 * rows, "base and candidate, and throttled calls besides"
    assert pipeline.dead() == []


def test_a_job_that_hangs_is_told_then_stopped(pipeline: Pipeline, faults: SetFaults) -> None:
    faults(Faults(stalls=(Stall(job="hangs-*", phase="training"),)))
    rows = "question,answer\n" + "".join(f"{n} + {n}?,{n + n}\n" for n in range(60))
    recipe = b"model: nova-micro\npatience: {training_hours: 0.005}\n"  # a few seconds, for as many hours
    run = pipeline.upload("hangs/sums", {"sums.csv": rows.encode(), "tailor.yaml": recipe})
    stopped = pipeline.wait(run, State.STOPPED).history[-1]
    assert "while training" in stopped.reason
    titles = ("hangs: the training job makes no progress", "hangs: the run was stopped")
    subjects, _ = pipeline.notices("hangs", 4, *titles)
    assert [subjects.count(title) for title in titles] == [1, 1]
    assert [job["status"] for job in pipeline.jobs(run)] == ["Stopped"]
    assert pipeline.dead() == []


def test_a_model_that_learned_nothing_does_not_go_live_until_somebody_insists_and_leaves_nothing_behind(
    pipeline: Pipeline, scenes: dict[str, bytes], faults: SetFaults
) -> None:
    faults(Faults(learn=False))
    recipe = RECIPE + b"deployment: {keep_previous_hours: 0}\n"
    run = pipeline.wait(pipeline.upload("nothing/scenes", scenes | {"tailor.yaml": recipe}), State.RETIRED)
    assert run.evaluation.verdict in {"failed", "inconclusive"}
    assert State.LIVE not in {change.state for change in run.history}
    assert pipeline.serving.alias("nothing").live is None
    assert pipeline.deployments(run.id) == []

    by, now, aliases = "person:linh", datetime.now(UTC), pipeline.serving
    services = RunServices(pipeline.runs, cast("Control", None), aliases)  # a promotion asks nothing of Bedrock
    promote_by_hand(run, services, by=by, reason="we looked at the answers", now=now)
    live = pipeline.wait(run.id, State.LIVE)
    assert (live.history[-1].by, live.history[-1].reason) == (by, "we looked at the answers")
    [deployment] = pipeline.deployments(run.id)
    version = aliases.alias("nothing").live
    assert version is not None
    assert version.deployment == deployment["customModelDeploymentArn"] == live.deployment_arn

    successor = version.model_copy(update={"run": "nothing-more-0123456789ab", "deployment": f"{version.deployment}x"})
    promote(aliases, "nothing", successor, run.id, "test")
    pipeline.wait(run.id, State.RETIRED)
    assert pipeline.deployments(run.id) == []
    assert [each.run for each in aliases.alias("nothing").versions] == [successor.run]
    assert pipeline.dead() == []


BAD: dict[str, tuple[dict[str, bytes], str]] = {
    "unreadable": ({"a.csv": bytes(range(256)) * 40}, "questions"),
    "imageless": (
        {"a.csv": b"question,answer,image\n" + b"m\xc3\xa0u g\xc3\xac?,xanh,khong-co.png\n" * 12},
        "khong-co.png",
    ),
    "empty": ({"a.csv": b"\n\n"}, "empty"),
    "recipe": ({"a.csv": b"question,answer\na,b\n", "tailor.yaml": b"mdoel: nova-lite\n"}, "did you mean 'model'"),
}


def test_bad_uploads_are_rejected_with_findings_a_notice_and_no_dead_letters(pipeline: Pipeline) -> None:
    before = {}
    runs = {}
    for project, (files, _) in BAD.items():
        runs[project] = pipeline.upload(f"{project}/data", files)
        before[project] = list(pipeline.bucket.list(f"uploads/{project}/"))
    for project, (_, words) in BAD.items():
        run = pipeline.wait(runs[project], State.REJECTED)
        findings = pipeline.findings(run)
        errors = [found for found in findings if found["severity"] == "error"]
        assert errors, project
        assert all(found["message"] and found["fix"] for found in errors)
        if project != "unreadable":
            assert any(words in f"{found['code']} {found['message']} {found['fix']}" for found in errors), findings
        subjects, slack = pipeline.notices(project, 1)
        assert len(subjects) == len(slack) == 1
        assert list(pipeline.bucket.list(f"uploads/{project}/")) == before[project]
    assert pipeline.dead() == []


def test_only_a_key_of_the_project_that_may_approve_decides_over_the_api(pipeline: Pipeline) -> None:
    rows = "question,answer\n" + "".join(f"{n} + {n}?,{n + n}\n" for n in range(60))
    run = pipeline.upload("asks/sums", {"sums.csv": rows.encode()})
    pipeline.wait(run, State.AWAITING_APPROVAL)  # nobody knows the price of training Nova Lite

    app, _ = keys.create(pipeline.serving, "app", ["asks"])
    stranger, _ = keys.create(pipeline.serving, "stranger", ["theirs"], scopes=["approve"])
    refusals = [pipeline.decide(run, "approve", secret) for secret in (app, stranger, "tailor-asks-" + "a" * 40)]
    assert [answer.status_code for answer in refusals] == [403, 404, 401]
    assert all(set(answer.json()["error"]) == {"message", "type", "param", "code"} for answer in refusals)
    assert pipeline.runs.get(run).state == State.AWAITING_APPROVAL

    approver, key = keys.create(pipeline.serving, "Linh", ["asks"], scopes=["approve"])
    listed = httpx.get(
        f"{pipeline.api}/approvals", headers={"Authorization": f"Bearer {approver}"}, timeout=PATIENCE
    ).json()
    assert [waiting["id"] for waiting in listed["data"]] == [run]
    decided = pipeline.decide(run, "decline", approver)
    assert decided.status_code == 200
    assert decided.json()["decided_by"] == f"key:Linh ({key.id})"
    last = pipeline.wait(run, State.DECLINED).history[-1]
    assert (last.by, last.reason) == (f"key:Linh ({key.id})", "a test")

    headers = {"Authorization": f"Bearer {approver}"}
    again = httpx.post(f"{pipeline.api}/runs/{run}/retry", headers=headers, json={}, timeout=PATIENCE)
    assert (again.status_code, again.json().get("state")) == (200, "prepared"), again.text
    asked = until(lambda: pipeline.runs.get(run), lambda found: found.state == State.AWAITING_APPROVAL)
    assert [change.state for change in asked.history].count(State.PREPARING) == 1, "what was prepared is kept"
    assert pipeline.decide(run, "decline", approver).status_code == 200
    assert pipeline.dead() == []


@pytest.fixture
def secret(pipeline: Pipeline) -> str:
    return keys.create(pipeline.serving, "test", ["nobody"])[0]


def test_callers_without_a_good_key_get_401_in_openais_shape(pipeline: Pipeline) -> None:
    for headers in ({}, {"Authorization": "Bearer tailor-wrong-key"}, {"Authorization": "nonsense"}):
        answer = httpx.get(f"{pipeline.api}/models", headers=headers, timeout=PATIENCE)
        assert answer.status_code == 401, headers
        assert set(answer.json()["error"]) >= {"message", "type", "code", "param"}
    with pytest.raises(openai.AuthenticationError):
        OpenAI(base_url=pipeline.api, api_key="tailor-wrong", max_retries=0).models.list()


def test_a_web_page_and_clients_with_other_headers_reach_the_api(pipeline: Pipeline, secret: str) -> None:
    with httpx.Client(base_url=pipeline.api, timeout=PATIENCE, headers={"origin": PAGE}) as http:
        for path in ("/chat/completions", "/models", "/approvals"):
            asked = {"access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
            preflight = http.options(path, headers=asked)
            assert preflight.status_code == 204, path
            assert preflight.headers["access-control-allow-origin"] == PAGE
            assert preflight.headers["access-control-allow-headers"] == "x-api-key"
        refused = http.get("/models")
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")
        for name, value in (("x-api-key", secret), ("api-key", secret), ("Authorization", f"bEARER {secret}")):
            listed = http.get("/models", headers={name: value})
            assert (listed.status_code, listed.json()["data"]) == (200, [])
            assert listed.headers["access-control-allow-origin"] == PAGE
        head = http.head("/models", headers={"x-api-key": secret})
        assert (head.status_code, head.content) == (200, b"")
        elsewhere = http.options("/models", headers={"origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in elsewhere.headers


def test_an_unknown_model_is_404_and_a_body_that_is_no_json_400(pipeline: Pipeline, secret: str) -> None:
    api = OpenAI(base_url=pipeline.api, api_key=secret, max_retries=0)
    with pytest.raises(openai.NotFoundError) as missing:
        api.chat.completions.create(model="no-such-model", messages=[{"role": "user", "content": "hi"}])
    assert missing.value.code == "model_not_found"
    answer = httpx.post(
        f"{pipeline.api}/chat/completions",
        content=b"{not json",
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
        timeout=PATIENCE,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_request_that_is_larger_than_lambda_takes_is_413_in_openais_shape(pipeline: Pipeline, secret: str) -> None:
    api = OpenAI(base_url=pipeline.api, api_key=secret, max_retries=0)
    with pytest.raises(openai.NotFoundError):
        api.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "x" * 6_000_000}])
    for size in (6_300_000, 11_000_000):
        with pytest.raises(openai.APIStatusError) as refused:
            api.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "x" * size}])
        assert (refused.value.status_code, refused.value.code) == (413, "request_too_large")
        assert "x-request-id" in refused.value.response.headers


def test_a_key_of_another_project_is_403(pipeline: Pipeline, secret: str) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghi123"
    version = Version(run="theirs-1", deployment=arn, model="nova-lite")
    promote(pipeline.serving, "theirs", version, None, "test")
    api = OpenAI(base_url=pipeline.api, api_key=secret, max_retries=0)
    with pytest.raises(openai.PermissionDeniedError):
        api.chat.completions.create(model="theirs", messages=[{"role": "user", "content": "hi"}])
