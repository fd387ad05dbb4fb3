"""The real handlers over a DynamoDB table in memory, with a model that answers as it is told."""

import importlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from openai import DefaultHttpxClient, OpenAI

from tailor.aws import clients
from tailor.aws.serving import ServingTable
from tailor.serving import aliases, keys
from tailor.serving.aliases import Version
from tests.unit.emulated import mock_aws
from tests.unit.serving.gateway import LOOPBACK, Gateway, ScriptedRuntime

TABLE, BUCKET = "serving", "tailor-data"
DEPLOYMENT = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghij12"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("SERVING_TABLE", TABLE)
    monkeypatch.setenv("BUCKET", BUCKET)
    with mock_aws():
        clients.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
        yield


@pytest.fixture
def store() -> ServingTable:
    return ServingTable(TABLE)


@pytest.fixture
def version() -> Callable[..., Version]:
    def build(run: str = "colours-scenes-1", **fields: Any) -> Version:
        return Version(run=run, deployment=DEPLOYMENT, model="nova-lite", **fields)

    return build


@pytest.fixture
def live(store: ServingTable, version: Callable[..., Version]) -> Version:
    """``colours`` has a live version with a trained system prompt; ``secret`` belongs to somebody else."""
    first = version(system="Trả lời ngắn gọn.")
    aliases.promote(store, "colours", first, None, "test")
    aliases.promote(store, "secret", version("secret-1"), None, "test")
    return first


@pytest.fixture
def secret(store: ServingTable, live: Version) -> str:
    return keys.create(store, "app", ["colours", "sounds"], now=datetime(2026, 1, 1, tzinfo=UTC))[0]


@pytest.fixture
def authorize() -> ModuleType:
    return importlib.import_module("functions.authorize.app")


@pytest.fixture
def inference(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The function, with the bucket of these tests: it keeps the settings of whichever test imported it first."""
    module = importlib.import_module("functions.inference.app")
    monkeypatch.setattr(module, "settings", module.settings.model_copy(update={"bucket": BUCKET}))
    return module


@pytest.fixture
def runtime(inference: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ScriptedRuntime:
    scripted = ScriptedRuntime()
    monkeypatch.setattr(inference.service, "_runtime", scripted)
    return scripted


@pytest.fixture
def gateway(authorize: ModuleType, inference: ModuleType, runtime: ScriptedRuntime) -> Iterator[Gateway]:
    with Gateway(authorize.handler, inference.handler) as gateway:
        yield gateway


@pytest.fixture
def client(gateway: Gateway, secret: str) -> Iterator[OpenAI]:
    with connect(gateway, secret) as client:
        yield client


def connect(gateway: Gateway, secret: str) -> OpenAI:
    http = DefaultHttpxClient(verify=LOOPBACK)
    return OpenAI(base_url=gateway.url, api_key=secret, max_retries=0, http_client=http)


@pytest.fixture
def logs(authorize: ModuleType, inference: ModuleType, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """All that the functions log."""
    stream = io.StringIO()
    for module in (authorize, inference):
        monkeypatch.setattr(module.logger.registered_handler, "stream", stream)
    return stream
