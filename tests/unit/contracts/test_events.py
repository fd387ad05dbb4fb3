"""Every event that a function takes has a file in events/: the template's rules match it and the handler takes it."""

import importlib.util
import json
import re
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from moto.events.models import EventPattern

from tailor.runs import ACTORS, State
from tailor.steps.settle import Settled
from tests.unit.contracts.template import ROOT, event_of, functions, rules
from tests.unit.steps.fakes import MemoryFolders, MemoryWakeUps

EVENTS = sorted((ROOT / "events").glob("*.json"))
QUEUED = ROOT / "events" / "receive_objects_created.json"
NOT_TOLD = ("Scheduled Event", None)
ON_BUSES = [
    path
    for path in EVENTS
    if path != QUEUED and isinstance(told := event_of(path.stem), dict) and told.get("detail-type") not in NOT_TOLD
]
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "BUCKET": "tailor-bucket",
    "STACK": "tailor",
    "RUNS_TABLE": "runs",
    "SERVING_TABLE": "serving",
    "SENT_TABLE": "sent",
    "EVENT_BUS": "bus",
    "FOLDERS_TABLE": "folders",
    "WAKE_UPS_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/wake-ups",
    "QUIET_SECONDS": "30",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/work",
    "PREPARE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/prepare",
    "EVALUATE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/evaluate",
    "ACCOUNT_ID": "123456789012",
    "CUSTOMIZATION_ROLE_ARN": "arn:aws:iam::123456789012:role/tailor-CustomizationRole",
    "EVALUATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:tailor-evaluate",
    "MACHINE_ABOVE_CALLS": "2000",
    "MACHINE_FUNCTIONS": "4",
    "PREPARE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:tailor-prepare",
    "MACHINE_ABOVE_SECONDS": "300",
    "PART_SECONDS": "240",
    "GRADE_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:tailor-GradeFunction",
    "PRICES": "{}",
    "BUDGET_LIMIT": "50",
    "PROJECT_MONTHLY_LIMIT": "500",
    "STACK_MONTHLY_LIMIT": "2000",
    "ENVIRONMENT": "test",
    "DUE_AFTER_SECONDS": "60",
    "NOTICES_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:notices",
    "POWERTOOLS_SERVICE_NAME": "tailor",
    "POWERTOOLS_METRICS_NAMESPACE": "Tailor",
}


def matched_by(on_bus: Any) -> set[str]:
    bus = "tailor" if on_bus["source"] == "tailor" else "default"
    return {
        name
        for name, where, pattern in rules()
        if where == bus and EventPattern.load(json.dumps(pattern)).matches_event(on_bus)
    }


def load(function: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"function_{function}", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("path", ON_BUSES, ids=lambda path: path.stem)
def test_the_rules_hand_each_event_to_the_function_that_its_file_names(path: Path) -> None:
    function = path.stem.split("_")[0]
    on_bus = event_of(path.stem)
    also_told = {"notify"} if on_bus["detail-type"] in ("Run Changed", "Run Stalled") else set()
    assert matched_by(on_bus) | also_told == {function} | also_told


def test_every_function_has_an_event() -> None:
    assert {path.stem.split("_")[0] for path in EVENTS} == set(functions())


@pytest.mark.parametrize("state", State)
def test_a_due_run_reaches_the_function_that_acts_on_its_state_and_no_other(state: State) -> None:
    due = event_of("prepare_run_due")
    due["detail"]["state"] = state
    assert matched_by(due) == ({ACTORS[state]} if state in ACTORS else set())


@pytest.mark.parametrize(
    ("key", "matches"),
    [
        ("uploads/p/d/tailor.yaml", True),
        ("uploads/p/d/a.csv", True),
        ("uploads/p/d/A.Csv", True),
        ("uploads/p/d/a b (1).zip", True),
        ("uploads/p/d/images/1.JPG", True),
        ("uploads", False),
        ("Uploads/p/d/a.csv", False),
        ("runs/r/prepared/train.jsonl", False),
        ("runs/uploads/report/findings.jsonl", False),
        ("runs/r/job/model-customization-job-1/training_artifacts/step_wise_training_metrics.csv", False),
        ("work/r/0/rows.jsonl", False),
        ("work/uploads/tailor.yaml", False),
    ],
)
def test_all_that_is_uploaded_reaches_receive_and_nothing_that_tailor_writes(key: str, matches: bool) -> None:
    for told in queued():
        told["detail"]["object"]["key"] = key
        assert matched_by(told) == ({"receive"} if matches else set())
        assert matched_by(told | {"detail-type": "Object Deleted"}) == ({"receive"} if matches else set())
        assert matched_by(told | {"detail-type": "Object Restore Initiated"}) == set()
        assert matched_by(told | {"source": "tailor.test"}) == set()
        told["detail"]["bucket"]["name"] = "another-bucket"
        assert matched_by(told) == set()


def queued() -> list[dict[str, Any]]:
    """The S3 events that the messages of the queue hold."""
    return [json.loads(record["body"]) for record in json.loads(QUEUED.read_text())["Records"]]


def test_the_messages_in_the_queue_hold_what_the_rule_matches() -> None:
    assert [told["detail"]["object"]["key"].rpartition("/")[2] for told in queued()] == ["0001.png", "tailor.yaml"]
    assert [matched_by(told) for told in queued()] == [{"receive"}] * 2


@pytest.mark.usefixtures("environment")
def test_receive_notes_each_folder_once_and_reports_the_messages_that_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module, folders, wake_ups = load("receive"), MemoryFolders(), MemoryWakeUps()
    monkeypatch.setattr(module, "folders", folders)
    monkeypatch.setattr(module, "wake_ups", wake_ups)
    batch = json.loads(QUEUED.read_text())
    assert module.handler(batch, context()) == {"batchItemFailures": []}
    assert [(folder.folder, folder.objects) for folder in folders.filling()] == [("uploads/colours/scenes/", 2)]
    assert wake_ups.sent == [("uploads/colours/scenes/", timedelta(seconds=30))]
    batch["Records"][1]["body"] = "{}"
    failed = {"batchItemFailures": [{"itemIdentifier": batch["Records"][1]["messageId"]}]}
    assert module.handler(batch, context()) == failed


@pytest.mark.usefixtures("environment")
def test_settle_looks_at_the_folder_that_the_message_names(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("settle")
    asked: list[str] = []

    def look(folder: str, *_: Any, **__: Any) -> Settled:
        asked.append(folder)
        return Settled()

    monkeypatch.setattr(module, "settle", look)
    woken = json.loads((ROOT / "events" / "settle_wake_up.json").read_text())
    assert module.handler(woken, context()) == {"batchItemFailures": []}
    assert asked == ["uploads/colours/scenes/"]


@pytest.mark.parametrize("status", ["InProgress", "Completed", "Failed", "Stopping", "Stopped"])
def test_every_job_status_reaches_track(status: str) -> None:
    moved = event_of("track_job_state_change")
    moved["detail"]["jobStatus"] = status
    assert matched_by(moved) == {"track"}


@pytest.mark.parametrize(
    ("file", "step", "wanted"),
    [
        ("prepare_run_received", "prepare", "colours-scenes-0123456789ab"),
        ("prepare_run_due", "prepare", "colours-scenes-0123456789ab"),
        ("prepare_checked", "prepare", "colours-scenes-0123456789ab"),
        ("train_run_prepared", "train", "colours-scenes-0123456789ab"),
        ("train_run_approved", "train", "colours-scenes-0123456789ab"),
        ("provision_run_trained", "provision", "colours-scenes-0123456789ab"),
        ("provision_run_passed", "provision", "colours-scenes-0123456789ab"),
        ("provision_run_failed", "provision", "colours-scenes-0123456789ab"),
        ("evaluate_run_deployed", "evaluate", "colours-scenes-0123456789ab"),
        ("evaluate_asked", "evaluate", "colours-scenes-0123456789ab"),
        (
            "track_job_state_change",
            "track",
            "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/abcdefghi123",
        ),
    ],
)
@pytest.mark.usefixtures("environment")
def test_the_handler_takes_what_it_needs_from_the_event(
    file: str, step: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load(file.split("_")[0])
    asked: list[str] = []

    def record(first: str, *_: Any, **__: Any) -> None:
        asked.append(first)

    monkeypatch.setattr(module, step, record)
    module.handler(json.loads((ROOT / "events" / f"{file}.json").read_text()), context())
    assert asked == [wanted]


@pytest.mark.parametrize(
    ("file", "work", "answer"), [("evaluate_part", "ask", {"calls": 7}), ("prepare_shard", "check_shard", {"shard": 3})]
)
@pytest.mark.usefixtures("environment")
def test_a_part_of_a_state_machine_is_answered_shortly(
    file: str, work: str, answer: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = load(file.split("_")[0])
    asked: list[str] = []

    def done(part: Any, *_: Any, **__: Any) -> Any:
        asked.append(part.run)
        return SimpleNamespace(asked=7)

    monkeypatch.setattr(module, work, done)
    assert module.handler(json.loads((ROOT / "events" / f"{file}.json").read_text()), context()) == answer
    assert asked == ["colours-scenes-0123456789ab"]


@pytest.mark.usefixtures("environment")
def test_publish_announces_the_change_that_the_stream_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("publish")
    sent: list[Any] = []
    monkeypatch.setattr(module.bus, "send", lambda detail_type, changes: sent.extend(changes))
    answer = module.handler(json.loads((ROOT / "events" / "publish_stream.json").read_text()), context())
    assert answer == {"batchItemFailures": []}
    assert [(change.state, change.previous, change.sequence) for change in sent] == [("prepared", "preparing", 3)]


def context() -> Any:
    return SimpleNamespace(
        function_name="test",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:test",
        aws_request_id="52fdfc07-2182-154f-163f-5f0f9a621d72",
        get_remaining_time_in_millis=lambda: 60_000,
    )


def test_no_function_needs_a_variable_that_the_template_does_not_set() -> None:
    shared = {"STACK", "BUCKET", "RUNS_TABLE"}
    for name, properties in functions().items():
        code = (ROOT / "functions" / name / "app.py").read_text()
        declared = set(re.findall(r"^    ([a-z_]+): [A-Za-z| ]+$", code.split("Settings(Settings)")[-1], re.MULTILINE))
        given = {key.lower() for key in shared | set(properties.get("Environment", {}).get("Variables", {}))}
        assert declared <= given, name
