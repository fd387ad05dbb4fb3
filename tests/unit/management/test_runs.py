"""Runs over HTTP: what a key sees, pages, and that every action does what the command line does, or says why not."""

import importlib
import json
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest

from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.management import OPERATIONS, AccessControl, Approvals, RunsApi
from tailor.management.documents import CurveDocument, FindingList, RunDocument, RunList, ServiceDocument
from tailor.management.operations import ACTIONS
from tailor.run_records import DeploymentRecord, JobRecord
from tailor.runs import MOVES, Run, State
from tailor.serving import aliases, keys
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller
from tailor.steps.folders import fingerprint
from tests.unit.management.conftest import Bucket
from tests.unit.serving.gateway import CONTEXT, LOOPBACK, Gateway, proxy_event
from tests.unit.steps.fakes import ARN, MemoryControl, a_run
from tests.unit.steps.setting import JOB, Setting
from tests.waiting import PATIENCE

RUN, THEIRS = "colours-scenes-0123456789ab", "secret-plans-0123456789ab"
NOW = datetime.now(UTC)
DEPLOYMENT = f"{ARN}:custom-model-deployment/abcdefghi123"


class Person:
    """Asks the function with one key, without a server between."""

    def __init__(self, function: ModuleType, store: ServingTable, *scopes: keys.Scope, name: str = "Linh") -> None:
        self._handler = function.handler
        self._context = keys.Caller.of(keys.create(store, name, ["colours", "sounds"], scopes=scopes)[1]).to_context()

    def use(self, key: keys.ApiKey) -> None:
        """Ask with another key from now on."""
        self._context = keys.Caller.of(key).to_context()

    def in_vietnamese(self, path: str) -> tuple[int, Any]:
        return self._ask("GET", path, None, {}, {"Accept-Language": "vi-VN,vi;q=0.9,en;q=0.8"})

    def get(self, path: str, **query: str) -> tuple[int, Any]:
        return self._ask("GET", path, None, query)

    def delete(self, path: str) -> tuple[int, Any]:
        return self._ask("DELETE", path, None, {})

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        return self._ask("POST", path, json.dumps(body), {})

    def _ask(
        self, method: str, path: str, body: str | None, query: dict[str, str], headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        asked = {name: [each] for name, each in query.items()}
        event = proxy_event(method, f"/v1/{path}", body, self._context, query=asked)
        event["headers"] = (event["headers"] or {}) | (headers or {})
        answer = self._handler(event, CONTEXT)
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def person(function: ModuleType, store: ServingTable) -> Person:
    return Person(function, store, "read", "approve", "operate")


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


def test_a_list_has_the_keys_runs_alone_and_its_pages_have_each_of_them_once(
    person: Person, runs: DynamoRunStore
) -> None:
    for place in range(7):
        project = ("colours", "sounds")[place % 2]
        at = NOW + timedelta(minutes=place // 4)  # some at the same moment
        run = a_run(State.PREPARED, f"{project}-set-{place:012}", at=at, project=project)
        runs.create(run)
    runs.create(a_run(State.LIVE, THEIRS, project="secret"))
    seen: list[str] = []
    page: dict[str, str] = {}
    while True:
        status, found = person.get("runs", limit="3", **page)
        assert status == 200
        listed = RunList.model_validate(found)
        seen += [run.id for run in listed.data]
        assert (found["first_id"], found["last_id"]) == (listed.data[0].id, listed.data[-1].id)
        if not listed.has_more:
            break
        page = {"after": str(listed.last_id)}
    assert [name[-1] for name in seen] == ["5", "6", "4", "3", "1", "2", "0"]
    assert [run["project"] for run in person.get("runs", project="sounds")[1]["data"]] == ["sounds"] * 3
    assert person.get("runs", state="live")[1]["data"] == []
    assert len(person.get("runs", state="open")[1]["data"]) == 7


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"project": "secret"}, (404, "project_not_found")),
        ({"state": "happy"}, (400, "invalid_value")),
        ({"limit": "0"}, (400, "invalid_value")),
        ({"limit": "many"}, (400, "invalid_value")),
        ({"after": "colours-set-1"}, (400, "invalid_value")),
        ({"page": "2"}, (400, "unknown_parameter")),
    ],
)
def test_a_query_that_can_not_be_answered_is_refused_by_name(
    query: dict[str, str], expected: tuple[int, str], person: Person
) -> None:
    answer = person.get("runs", **query)
    assert code(answer) == expected
    assert answer[1]["error"]["param"] == next(iter(query))


def test_a_run_shows_its_history_data_price_job_verdict_and_reports(
    person: Person, runs: DynamoRunStore, bucket: Bucket
) -> None:
    runs.create(
        a_run(
            State.PASSED,
            RUN,
            report={"usable": True, "headline": "Usable: 30 rows", "counts": {"rows": 30}, "findings": []},
            job={"arn": "job", "status": "Completed", "phases": {"training": {"status": "Completed", "since": NOW}}},
            deployment={"arn": DEPLOYMENT, "status": "Active"},
            evaluation={"verdict": "passed", "candidate": 0.9, "baseline": 0.5, "interval": [0.3, 0.5]},
        )
    )
    for page in ("report/report.html", "evaluation/report.html", "evaluation/labels.html"):
        bucket.put(f"{runs.get(RUN).files}{page}", "e", NOW)
    status, found = person.get(f"runs/{RUN}")
    assert status == 200
    shown = RunDocument.model_validate(found)
    assert [change.state for change in shown.timeline][-1] == State.PASSED
    assert shown.data and shown.data.counts == {"rows": 30}
    assert shown.evaluation and shown.evaluation.interval == (0.3, 0.5)
    assert shown.job and shown.job.phases[0].name == "training"
    assert "evaluation/report.html" in str(shown.links.evaluation_report)
    assert shown.actions == ["retire", "promote"]
    assert ("labels.html" in str(shown.links.labels), shown.links.evaluation_report_vi) == (True, None)
    assert "report/report.html" in str(shown.links.data_report)
    runs.create(a_run(State.RECEIVED, "colours-new-0123456789ab"))
    fresh = RunDocument.model_validate(person.get("runs/colours-new-0123456789ab")[1])
    assert (fresh.data, fresh.quote, fresh.job, fresh.evaluation, fresh.links.data_report) == (None,) * 5


def test_who_asks_for_vietnamese_gets_its_sentences_and_a_persons_own_words(
    person: Person, runs: DynamoRunStore
) -> None:
    line: dict[str, Any] = {"item": "evaluation", "title": "Evaluation on 162 held-out rows", "every": "once"}
    line |= {"how": "unknown: no trustworthy price for calls of Nova Lite; AWS's pricing page has it", "low": None}
    verdict = "not better than the base model: -3.0 points (95 % interval -9.1 to +2.2)"
    run = a_run(
        State.AWAITING_APPROVAL,
        RUN,
        report={"usable": True, "headline": "The dataset is usable: 906 rows to train on, 0 to validate, 162 to test."},
        quote={"lines": [line | {"expected": None, "high": None}], "model": "nova-lite", "method": "fine-tuning"},
        evaluation={"verdict": "failed", "reasons": [verdict]},
    )
    why = "It may cost up to $1,082.00, and the budget is $50.00"
    asked = [change.model_copy(update={"by": "train", "reason": why}) for change in run.history]
    runs.create(
        run.model_copy(update={"history": asked}).moved(State.APPROVED, by="key:Linh (k1)", reason="no app has it")
    )
    found = RunDocument.model_validate(person.in_vietnamese(f"runs/{RUN}")[1])
    assert found.data and found.quote and found.evaluation
    assert found.data.headline == "Bộ dữ liệu dùng được: 906 dòng để huấn luyện, 0 để kiểm định, 162 để dành."
    assert found.quote.lines[0].title == "Đánh giá trên 162 dòng để dành"
    assert found.evaluation.reasons == ["không tốt hơn mô hình gốc: -3,0 điểm (khoảng tin cậy 95%: -9,1 đến +2,2)"]
    assert found.timeline[-2].reason == "Chi phí có thể lên đến 1.082,00 USD, trong khi ngân sách là 50,00 USD"
    assert found.timeline[-1].reason == "no app has it"
    assert person.in_vietnamese("runs/nothing")[1]["error"]["message"] == "không có lượt chạy này"
    assert RunDocument.model_validate(person.get(f"runs/{RUN}")[1]).timeline[-2].reason == why
    assert person.get("runs/nothing")[1]["error"]["message"] == "there is no such run"


def test_findings_that_say_the_same_are_one_and_losses_are_read(
    person: Person, runs: DynamoRunStore, bucket: Bucket
) -> None:
    run = a_run(State.TRAINING, RUN)
    runs.create(run)
    assert code(person.get(f"runs/{RUN}/findings")) == (404, "not_ready")
    assert code(person.get(f"runs/{RUN}/curve")) == (404, "not_ready")
    repeated = {
        "code": "answer-missing",
        "severity": "error",
        "file": "a.csv",
        "message": "the answer is empty",
        "fix": "write",
    }
    found = [repeated | {"line": line, "path": None} for line in range(30)]
    bucket.contents[f"{run.files}report/report.json"] = json.dumps({"findings": found}).encode()
    [grouped] = FindingList.model_validate(person.get(f"runs/{RUN}/findings")[1]).data
    assert (grouped.count, grouped.lines) == (30, list(range(20)))
    [said] = person.get(f"runs/{RUN}/findings", lang="vi")[1]["data"]
    assert (said["code"], said["count"], said["message"]) == ("answer-missing", 30, "câu trả lời trống")
    assert code(person.get(f"runs/{RUN}/findings", lang="fr")) == (400, "invalid_value")
    curve = f"{run.files}job/step_wise_training_metrics.csv"
    rows = "".join(f"{step},1,{10 - step if step < 6 else 'nan'}\n" for step in range(8))
    bucket.put(curve, "e", NOW)
    bucket.contents[curve] = f"step_number,epoch_number,training_loss\n{rows}".encode()
    losses = CurveDocument.model_validate(person.get(f"runs/{RUN}/curve")[1])
    assert (losses.state, losses.training[0].loss, losses.training[-1].loss) == ("diverged", 10, None)
    bucket.contents[curve] = b"step_number,training_loss\n1,two\n"
    assert code(person.get(f"runs/{RUN}/curve")) == (404, "not_ready")


@pytest.mark.parametrize("state", State)
def test_what_a_run_says_can_be_done_can_be_done_and_nothing_else(state: State) -> None:
    """But for the repeat of a decision, and of a retirement, which changes nothing."""
    repeats = {("approve", State.APPROVED), ("decline", State.DECLINED), ("retire", State.RETIRED)}
    for action in ACTIONS:
        steps, bucket = Setting(), Bucket()
        key = keys.ApiKey(digest="0" * 64, name="Linh", projects=("colours",), scopes=keys.SCOPES, created_at=NOW)
        access = AccessControl(steps.runs, Keys(key))
        api = RunsApi(access, steps.services, bucket, Approvals(access, steps.runs))
        steps.control.jobs[JOB] = {"status": "InProgress"}
        steps.control.deployments[DEPLOYMENT] = {"status": "Active"}
        run = Run.start(
            now=NOW, id=RUN, project="colours", dataset="scenes", prefix="uploads/colours/scenes/", fingerprint=EMPTY
        )
        for step in way_to(state):
            run = run.moved(step, by="test", now=NOW, **MADE.get(step, {}))
        steps.runs.create(run)
        possible = json.loads(api.show(RUN, Caller.of(key)).body)["actions"]
        try:
            answer = api.act(RUN, action, b'{"reason": "we talked about it"}', Caller.of(key))
        except ApiError as error:
            assert (error.http_status, action in possible, bool(error.message)) == (409, False, True), error
        else:
            assert action in possible or (action, state) in repeats
            assert RunDocument.model_validate_json(answer.body).id == RUN


EMPTY = fingerprint("uploads/colours/scenes/", [])
ITS_DEPLOYMENT: dict[str, Any] = {"deployment": DeploymentRecord(arn=DEPLOYMENT)}
MADE = {
    State.DEPLOYING: ITS_DEPLOYMENT,
    State.RESTORING: ITS_DEPLOYMENT,
    State.TRAINING: {"job": JobRecord(arn=JOB)},
}


def way_to(state: State) -> list[State]:
    """Return the shortest way to a state."""
    ways = {State.RECEIVED: list[State]()}
    waiting = [State.RECEIVED]
    while state not in ways:
        here = waiting.pop(0)
        new = [there for there in sorted(MOVES[here]) if there not in ways]
        ways |= {there: [*ways[here], there] for there in new}
        waiting += new
    return ways[state]


class Keys:
    """A table with one key."""

    def __init__(self, key: keys.ApiKey) -> None:
        self._key = key

    def key(self, digest: str) -> keys.ApiKey | None:
        return self._key

    def add_key(self, key: keys.ApiKey) -> None:
        raise NotImplementedError

    def all_keys(self) -> list[keys.ApiKey]:
        return [self._key]

    def expire_key(self, key_id: str, at: datetime) -> keys.ApiKey:
        raise NotImplementedError

    def revoke_key(self, key_id: str, now: datetime) -> keys.ApiKey:
        raise NotImplementedError


def test_a_repeat_of_ones_own_action_changes_nothing_and_anothers_is_told(
    person: Person, function: ModuleType, store: ServingTable, runs: DynamoRunStore
) -> None:
    other = Person(function, store, "operate", name="Minh")
    runs.create(a_run(State.PREPARED, RUN))
    assert person.post(f"runs/{RUN}/stop", reason="wrong data")[1]["state"] == "stopped"
    once = runs.get(RUN)
    assert (once.history[-1].by.startswith("key:Linh ("), once.history[-1].reason) == (True, "wrong data")
    assert person.post(f"runs/{RUN}/stop")[0] == 200
    assert code(other.post(f"runs/{RUN}/stop")) == (409, "run_state_conflict")
    assert runs.get(RUN) == once
    job = f"{ARN}:model-customization-job/x"
    runs.create(a_run(State.TRAINING, "colours-two-0123456789ab", job={"arn": job, "stop_asked_by": "person:an"}))
    assert code(person.post("runs/colours-two-0123456789ab/promote", reason="now")) == (409, "run_state_conflict")
    assert code(person.post(f"runs/{RUN}/promote")) == (400, "missing_required_parameter")
    assert code(person.post(f"runs/{RUN}/explode")) == (404, "not_found")
    assert code(person.post(f"runs/{THEIRS}/stop")) == (404, "run_not_found")


def test_a_name_is_rolled_back_and_taken_offline(
    person: Person, runs: DynamoRunStore, store: ServingTable, version: Any, control: MemoryControl
) -> None:
    old, new = "colours-old-0123456789ab", "colours-new-0123456789ab"
    assert code(person.post("models/colours/rollback")) == (409, "run_state_conflict")
    assert code(person.post("models/colours/offline", reason="why")) == (409, "run_state_conflict")
    for run, state, before in ((old, State.STANDBY, None), (new, State.LIVE, old)):
        runs.create(a_run(state, run, deployment={"arn": DEPLOYMENT, "status": "Active"}))
        aliases.promote(store, "colours", version(run), before, "test")
    shown = ServiceDocument.model_validate(person.get("models/colours/service")[1])
    assert (shown.live, shown.previous, shown.offline_reason) == (new, [old], None)
    status, found = person.post("models/colours/rollback", to=old, reason="new one invents prices")
    assert (status, found["live"], runs.get(new).state) == (200, old, State.STANDBY)
    assert person.post("models/colours/rollback", to=old)[1]["live"] == old
    status, found = person.post("models/colours/offline", reason="all of them do")
    assert (status, found["live"], found["offline_reason"]) == (200, None, "all of them do")
    assert sorted(found["ended"]) == sorted([old, new])
    assert {runs.get(run).state for run in (old, new)} == {State.RETIRED}
    assert code(person.post("models/secret/offline", reason="ours")) == (404, "project_not_found")
    assert code(person.get("models/secret/service")) == (404, "project_not_found")


def test_the_last_version_is_brought_back(
    person: Person, runs: DynamoRunStore, store: ServingTable, version: Any
) -> None:
    assert code(person.post("models/colours/restore")) == (409, "run_state_conflict")
    job = {"arn": JOB, "model_arn": f"{ARN}:custom-model/x"}
    runs.create(a_run(State.PAUSED, RUN, job=job, deployment={"arn": DEPLOYMENT, "status": "Deleted"}))
    aliases.promote(store, "colours", version(RUN), None, "test")
    assert code(person.post("models/colours/restore")) == (409, "run_state_conflict")
    aliases.end_service(store, "colours", RUN, "reconcile", "nobody called it", now=NOW, returns="call")
    status, found = person.post("models/colours/restore", reason="a demo")
    assert (status, found["live"], found["paused"], found["offline_reason"]) == (200, None, True, "nobody called it")
    assert (runs.get(RUN).state, runs.get(RUN).history[-1].reason) == (State.RESTORING, "a demo")
    assert person.post("models/colours/restore")[0] == 200
    assert code(person.post("models/secret/restore")) == (404, "project_not_found")


def test_a_models_deletion_has_openais_shape_and_spares_what_is_needed(person: Person, runs: DynamoRunStore) -> None:
    job = {"arn": JOB, "model_arn": f"{ARN}:custom-model/x"}
    kept = "colours-kept-0123456789ab"
    runs.create(a_run(State.RETIRED, RUN, job=job))
    runs.create(a_run(State.STANDBY, kept, job=job, deployment={"arn": DEPLOYMENT}))
    runs.create(a_run(State.RETIRED, "colours-none-0123456789ab"))
    once = (200, {"id": f"colours@{RUN}", "object": "model", "deleted": True})
    assert person.delete(f"models/colours@{RUN}") == once
    deleted = runs.get(RUN).job
    assert deleted
    assert deleted.model_deleted
    assert deleted.model_deleted.by.startswith("key:Linh (")
    assert person.delete(f"models/colours@{RUN}") == once
    assert code(person.delete(f"models/colours@{kept}")) == (409, "run_state_conflict")
    assert code(person.delete("models/colours")) == (409, "run_state_conflict")
    assert code(person.delete("models/colours@colours-none-0123456789ab")) == (404, "model_not_found")
    assert code(person.delete("models/colours@nowhere")) == (404, "run_not_found")
    assert code(person.delete(f"models/sounds@{RUN}")) == (404, "model_not_found")
    assert code(person.delete(f"models/secret@{THEIRS}")) == (404, "project_not_found")


def test_each_operation_needs_one_of_its_scopes(
    function: ModuleType, store: ServingTable, runs: DynamoRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRICES", "{}")
    preview = importlib.reload(importlib.import_module("functions.preview.app"))
    for scope in keys.SCOPES:
        persons = Person(function, store, scope), Person(preview, store, scope)
        for operation in OPERATIONS:
            person = persons[operation.path.endswith("/preview")]
            path = operation.path.removeprefix("/v1/").format(
                run=RUN, id="colours", project="colours", dataset="x", key="0f3a"
            )
            answer = getattr(person, operation.method)(path)
            assert (answer[0] == 403) == (scope not in operation.scopes), (scope, operation.id, answer)


def test_what_is_another_projects_is_not_there(person: Person, runs: DynamoRunStore) -> None:
    runs.create(a_run(State.LIVE, THEIRS, project="secret", dataset="plans"))
    for operation in OPERATIONS:
        if "{run}" not in operation.path:
            continue
        ask = getattr(person, operation.method)
        theirs, nobodys = (
            ask(operation.path.removeprefix("/v1/").format(run=run)) for run in (THEIRS, "secret-plans-ffffffffffff")
        )
        assert theirs == nobodys
        assert theirs[0] == 404, operation.id


def test_an_app_lists_runs_over_http(api: Gateway, store: ServingTable, runs: DynamoRunStore) -> None:
    runs.create(a_run(State.PREPARED, RUN))
    secret, _ = keys.create(store, "console", ["colours"], scopes=("read",))
    headers = {"Authorization": f"Bearer {secret}"}
    answer = httpx.get(f"{api.url}/runs?project=colours&limit=1", headers=headers, timeout=PATIENCE, verify=LOOPBACK)
    assert [run["id"] for run in answer.json()["data"]] == [RUN]
    assert httpx.get(f"{api.url}/runs", timeout=PATIENCE, verify=LOOPBACK).status_code == 401
