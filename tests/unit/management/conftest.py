"""The real function over tables in memory, with Bedrock and the bucket in memory too."""

import importlib
import shutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tailor.aws import clients
from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.errors import NotFoundError
from tailor.steps.services import RunServices
from tests.unit.serving.conftest import authorize, aws, inference, live, runtime, store, version
from tests.unit.serving.gateway import Gateway, ScriptedRuntime
from tests.unit.steps.fakes import DatedStorage, MemoryControl
from tests.waiting import PATIENCE

__all__ = ["authorize", "aws", "inference", "live", "runtime", "store", "version"]
CHROMIUM = shutil.which("chromium")


class Bucket(DatedStorage):
    """Listings as in :class:`DatedStorage`, and the contents that a test gives."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[str, bytes] = {}
        self.written: list[str] = []

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if key not in self.contents:
            raise NotFoundError(key)
        return self.contents[key]

    def write(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        self.written.append(key)

    def link(self, key: str, seconds: int) -> str:
        return f"https://bucket.example/{key}?seconds={seconds}"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> DynamoRunStore:
    for name, value in {
        "RUNS_TABLE": "runs",
        "BUCKET": "data",
        "STACK": "tailor",
        "ENVIRONMENT": "dev",
        "SENT_TABLE": "sent",
    }.items():
        monkeypatch.setenv(name, value)
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "open", "project", "changed_at")]
    indexes: list[Any] = [
        {
            "IndexName": name,
            "KeySchema": [
                {"AttributeName": name, "KeyType": "HASH"},
                {"AttributeName": "changed_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
        for name in ("open", "project")
    ]
    clients.client("dynamodb").create_table(
        TableName="runs",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=attributes,
        GlobalSecondaryIndexes=indexes,
    )
    return DynamoRunStore("runs")


@pytest.fixture
def control() -> MemoryControl:
    return MemoryControl()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def function(
    runs: DynamoRunStore,
    store: ServingTable,
    control: MemoryControl,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:
    module = importlib.reload(importlib.import_module("functions.manage.app"))
    for api in (module.steering, module.clicks):
        monkeypatch.setattr(api, "_services", RunServices(runs, control, store))
    for api in (module.steering, module.comparisons):
        monkeypatch.setattr(api, "_files", bucket)
    clients.client("s3").create_bucket(Bucket="data")  # of uploads, which is in memory too
    return module


@pytest.fixture
def api(
    authorize: ModuleType,
    inference: ModuleType,
    function: ModuleType,
    runtime: ScriptedRuntime,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Gateway]:
    monkeypatch.setenv("PRICES", "{}")
    preview = importlib.reload(importlib.import_module("functions.preview.app"))

    def manage(event: dict[str, Any], context: Any) -> dict[str, Any]:
        asked = preview if event["path"].endswith("/preview") else function
        answer: dict[str, Any] = asked.handler(event, context)
        return answer

    with Gateway(authorize.handler, inference.handler, manage) as gateway:
        yield gateway


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """The browser of all tests of the console: to start one takes as long as a test."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE * 1000)
        yield started
        started.close()
