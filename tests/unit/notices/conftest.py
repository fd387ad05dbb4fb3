"""A run with all its documents, a loopback HTTP server that stands for Slack, and the real handler over moto."""

import contextlib
import importlib.util
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tailor.aws import clients
from tailor.recipe import Recipe
from tailor.runs import Change, Run, State
from tests.unit.contracts.template import event_of
from tests.unit.emulated import mock_aws
from tests.unit.notices.slack_stand_in import SlackStandIn, slack_stand_in
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[3]
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
PATHS: dict[State, tuple[str, ...]] = {
    State.REJECTED: ("received", "preparing", "rejected"),
    State.PREPARED: ("received", "preparing", "prepared"),
    State.AWAITING_APPROVAL: ("received", "preparing", "prepared", "awaiting-approval"),
    State.APPROVED: ("received", "preparing", "prepared", "awaiting-approval", "approved"),
    State.DECLINED: ("received", "preparing", "prepared", "awaiting-approval", "declined"),
    State.SUPERSEDED: ("received", "preparing", "prepared", "awaiting-approval", "superseded"),
    State.TRAINING_FAILED: ("received", "preparing", "prepared", "training", "training-failed"),
    State.STOPPED: ("received", "preparing", "prepared", "training", "stopped"),
}
TRAINED = ("received", "preparing", "prepared", "training", "trained")
MEASURED = (*TRAINED, "deploying", "deployed", "evaluating")
ACTORS = {"training": "train", "trained": "track", "awaiting-approval": "train", "training-failed": "track"}
DOCUMENTS: dict[str, Any] = {
    "report": {
        "counts": {"rows": 1240, "rejected": 40, "train": 960, "validation": 120, "test": 120},
        "findings": [
            {"code": "image-missing", "severity": "error", "count": 40},
            {"code": "duplicate-row", "severity": "warning", "count": 1},
        ],
    },
    "quote": {
        "model": "nova-lite",
        "method": "fine-tuning",
        "lines": [
            {
                "item": "training",
                "title": "Training",
                "every": "once",
                "low": "3.2",
                "expected": "4",
                "high": "4.8",
                "how": "",
            }
        ],
    },
    "job": {"training_loss": 0.412, "validation_loss": 0.53},
    "evaluation": {
        "metric": "exact_match",
        "candidate": 0.783,
        "baseline": 0.125,
        "baseline_arm": "base",
        "difference": 0.658,
        "interval": [0.521, 0.78],
        "rows": 120,
        "decisive_rows": 400,
    },
}


def path_to(state: State) -> tuple[str, ...]:
    """The states on the usual way to ``state``."""
    if state in PATHS:
        return PATHS[state]
    if state in (State.PASSED, State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED):
        return (*MEASURED, state)
    if state == State.LIVE:
        return (*MEASURED, "passed", "live")
    if state == State.STANDBY:
        return (*MEASURED, "passed", "live", "standby")
    if state == State.PAUSED:
        return (*MEASURED, "passed", "live", "paused")
    if state == State.RETIRED:
        return (*MEASURED, "failed", "retired")
    if state == State.EVALUATING:
        return (*MEASURED, "passed", "evaluating")
    if state == State.RESTORING:
        return (*MEASURED, "failed", "retired", "restoring")
    if state == State.DEPLOY_FAILED:
        return (*TRAINED, "deploying", "deploy-failed")
    return (*MEASURED, "none")[: MEASURED.index(state) + 1]


def run_through(
    *states: str, by: str = "", reason: str = "", recipe: Recipe | None = None, bare: bool = False, **documents: Any
) -> Run:
    """A run that went through ``states``, a minute each; ``by`` and ``reason`` are those of the last change."""
    last = len(states)
    history = [
        Change(
            sequence=number,
            state=State(state),
            at=START + timedelta(minutes=number),
            by=(by if number == last else "") or ACTORS.get(state, "prepare"),
            reason=reason if number == last else "",
        )
        for number, state in enumerate(states, 1)
    ]
    return Run(
        id="colours-scenes-0f3a00000000",
        project="colours",
        dataset="scenes",
        prefix="uploads/colours/scenes/",
        fingerprint="0f3a" * 16,
        recipe=recipe or Recipe(),
        created_at=START,
        history=history,
        **({} if bare else DOCUMENTS) | documents,
    )


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers with the next of ``answers`` (status, headers, body), then with 200 for ever.

    While ``hold`` is not set, Slack's path gets no answer.
    """

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(Request(self.path, headers, body))
            receiver.arrived.set()
            if self.path.startswith("/services/"):
                receiver.hold.wait(PATIENCE)
            status, headers, text = receiver.answers.pop(0) if receiver.answers else (200, {}, "ok")
            with contextlib.suppress(ConnectionError):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    yield receiver
    receiver.hold.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Stack:
    """The deployed function with what it talks to. ``mail`` is a queue that is subscribed to the topic."""

    app: ModuleType
    log: io.StringIO
    queue: str
    secret: str

    def put(self, run: Run) -> None:
        if not self.app.runs.create(run):
            self.app.runs._table.delete_item(Key={"id": run.id})
            self.app.runs.create(run)

    def tell(self, run: Run, sequence: int | None = None, seconds_left: float = 60) -> dict[str, bool]:
        """What EventBridge does: hands the event of one change (the last one) to the handler."""
        event = event_of("notify_run_changed")
        change = run.history[(sequence or run.sequence) - 1]
        event["detail"] |= {"run": run.id, "sequence": change.sequence, "state": change.state}
        answer: dict[str, bool] = self.app.handler(event, context(seconds_left))
        return answer

    def write_secret(self, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        clients.client("secretsmanager").put_secret_value(SecretId=self.secret, SecretString=text)

    def mails(self) -> list[dict[str, Any]]:
        """All that SNS has delivered since the last look."""
        sqs, found = clients.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


def context(seconds_left: float = 60) -> Any:
    return SimpleNamespace(
        function_name="notify",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:notify",
        aws_request_id="52fdfc07-2182-154f-163f-5f0f9a621d72",
        get_remaining_time_in_millis=lambda: int(seconds_left * 1000),
    )


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with slack_stand_in() as slack:
        yield slack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield _deployed(monkeypatch)


def _deployed(monkeypatch: pytest.MonkeyPatch) -> Stack:
    dynamodb, sns, sqs = clients.client("dynamodb"), clients.client("sns"), clients.client("sqs")
    for table in ("runs", "sent"):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
    topic = sns.create_topic(Name="notices")["TopicArn"]
    queue = sqs.create_queue(QueueName="mail")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    secret = clients.client("secretsmanager").create_secret(Name="webhooks", SecretString="{}")["ARN"]
    environment = {
        "RUNS_TABLE": "runs",
        "SENT_TABLE": "sent",
        "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/notices",
        "NOTICES_TOPIC_ARN": topic,
        "WEBHOOKS_SECRET_ARN": secret,
        "ALLOW_INSECURE_WEBHOOK": "true",
        "REPORTS_URL": "https://reports.example/",
        "CONSOLE_URL": "https://tailor.example/console",
        "POWERTOOLS_SERVICE_NAME": "tailor",
        "POWERTOOLS_METRICS_NAMESPACE": "Tailor",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("function_notify", ROOT / "functions" / "notify" / "app.py")
    assert spec is not None
    assert spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    log = io.StringIO()
    monkeypatch.setattr(app.logger.registered_handler, "stream", log)
    return Stack(app, log, queue, secret)
