"""Adopting over the API: who may, what is answered, and that the same request twice is one run."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.management.documents import RunSummary
from tailor.names import UPLOADS
from tailor.runs import State
from tailor.steps import uploading
from tailor.steps.adopting import Adopting
from tailor.steps.ownership import OwnControl
from tailor.steps.uploading import LocalFile
from tests.unit.management.test_runs import Person, code
from tests.unit.steps.fakes import NOW
from tests.unit.steps.test_adopting import CHECKPOINT, MODEL, OURS, THEIRS, Account
from tests.unit.steps.uploads import opened
from tests.unit.versions import VersionedFolder

PATH = "models/colours/adopt"


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def uploads(tmp_path: Path) -> Any:
    return VersionedFolder(tmp_path)


@pytest.fixture
def person(
    function: ModuleType,
    runs: DynamoRunStore,
    store: ServingTable,
    account: Account,
    uploads: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Person:
    services = Adopting(uploads, runs, OwnControl(account, OURS), "tailor")
    monkeypatch.setattr(function.adoptions, "_services", services)
    return Person(function, store, "operate")


@pytest.fixture
def prepared(uploads: Any, runs: DynamoRunStore) -> str:
    """The id of a run whose data were prepared."""
    uploads.write(f"{UPLOADS}colours/scenes/data.csv", b"question,answer\nx,y\n")
    run = opened(f"{UPLOADS}colours/scenes/", uploads, runs, NOW)
    for state in (State.PREPARING, State.PREPARED):
        run = runs.save(run.moved(state, by="prepare", now=NOW))
    return run.id


def test_a_model_is_adopted_once_and_its_run_says_where_it_comes_from(
    person: Person, runs: DynamoRunStore, prepared: str
) -> None:
    status, found = person.post(PATH, model=MODEL, reason="from the lab")
    assert (status, RunSummary.model_validate(found).state) == (200, State.RECEIVED)
    assert (found["model"], found["id"] != prepared) == ("nova-micro", True)
    run = runs.get(found["id"])
    assert (run.history[0].by.startswith("key:Linh"), run.history[0].reason) == (True, "from the lab")
    assert person.get(f"runs/{run.id}")[1]["origin"] == f"made elsewhere, the custom model {MODEL}"
    assert person.get(f"runs/{prepared}")[1]["origin"] is None
    assert person.post(PATH, model=MODEL)[1]["id"] == run.id


def test_an_upload_is_ended_by_the_adoption_it_was_made_for(person: Person, uploads: Any) -> None:
    prefix = f"{UPLOADS}colours/exam/"
    uploading.begin([LocalFile("test.csv", 20, 1)], uploads, prefix, by="test", now=NOW)
    assert code(person.post(PATH, model=MODEL, dataset="exam")) == (409, "upload_incomplete")
    uploads.write(f"{prefix}test.csv", b"question,answer\nx,y\n")
    assert person.post(PATH, model=MODEL, dataset="exam")[1]["dataset"] == "exam"
    assert uploads.read(f"{prefix}_UPLOADING") == b""


def test_what_can_not_be_adopted_says_why(person: Person, account: Account, prepared: str) -> None:
    assert code(person.post(PATH, model="s3://my-bucket/model")) == (400, "invalid_value")
    status, found = person.post(PATH, model=CHECKPOINT)
    assert (status, "--base" in found["error"]["message"]) == (400, True)
    assert code(person.post(PATH, model=MODEL.replace("i123", "i124"))) == (404, "model_not_found")
    assert code(person.post(PATH, model=MODEL, dataset="others")) == (404, "upload_not_found")
    assert code(person.post(PATH, model=MODEL, dataset="No Name")) == (400, "invalid_value")
    account.made_elsewhere(THEIRS.tags)
    status, found = person.post(PATH, model=MODEL)
    assert (status, "belongs to the stack tailor-dev" in found["error"]["message"]) == (400, True)


def test_only_a_key_of_the_project_that_operates_adopts(
    person: Person, function: ModuleType, store: ServingTable, prepared: str
) -> None:
    assert code(person.post("models/secret/adopt", model=MODEL)) == (404, "project_not_found")
    reader = Person(function, store, "read", "approve", "upload")
    assert code(reader.post(PATH, model=MODEL)) == (403, "access_denied")
