"""After an erasure nothing of the project is found in any store, and all of its neighbours is."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from tailor.aws import clients
from tailor.aws.folders import FolderTable
from tailor.aws.ledger import LedgerTable
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.errors import RetryableError
from tailor.names import work_folder
from tailor.runs import State
from tailor.serving import keys
from tailor.serving.aliases import Version, promote
from tailor.serving.usage import Usage
from tailor.steps.filling import Folder
from tailor.steps.ownership import OwnControl
from tailor.training.spending import Booking, MonthLimits, Sums
from tailor_cli import erase
from tailor_cli.context import Session, session
from tailor_cli.main import app
from tests.unit.aws.tables import made_in_moto, make_table
from tests.unit.steps.fakes import NOW, QUOTE, a_run, deployment_arn
from tests.unit.steps.test_ownership import DEV, PROD, Account

BUCKET, PROJECT = "tailor-bucket", "colours"
OLD_RUN = "colours-old-aaaaaaaaaaaa"
MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/"


class Filled:
    """A stack with two projects, one of which is to be erased, and another stack in the same account."""

    def __init__(self) -> None:
        self.s3, self.bucket = boto3.client("s3"), S3Storage(BUCKET)
        self.runs, self.serving, self.ledger = DynamoRunStore("runs"), ServingTable("serving"), LedgerTable("serving")
        self.folders = FolderTable("folders")
        self.account = Account()
        self.control = OwnControl(self.account, PROD)
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for project in (PROJECT, "colours-2"):
            self.fill(project)
        old = a_run(State.RETIRED, OLD_RUN).model_copy(update={"files": f"runs/{OLD_RUN}/"})
        self.runs.create(old)
        self.bucket.write(f"{old.files}report/report.json", b"{}")
        keys.create(self.serving, "both", [PROJECT, "colours-2"])
        self.account.models["colours-foreign-0123456789ab"] = f"{MODEL}colours-foreign"
        self.account.known[f"{MODEL}colours-foreign"] = DEV.tags

    def fill(self, project: str) -> None:
        name = f"{project}-scenes-{'0123456789ab' if project == PROJECT else 'bbbbbbbbbbbb'}"
        run = a_run(
            State.LIVE,
            name,
            project=project,
            prefix=f"uploads/{project}/scenes/",
            quote=QUOTE,
            job={"arn": "arn:job", "attempt": 2},
            deployment={"arn": deployment_arn(name)},
        )
        self.runs.create(run)
        for place in (f"{run.prefix}a.csv", f"{run.files}prepared/train.jsonl", f"{work_folder(run.files)}0/rows"):
            self.bucket.write(place, b"first")
            self.bucket.write(place, b"second")
            self.bucket.delete([place])
        self.s3.create_multipart_upload(Bucket=BUCKET, Key=f"uploads/{project}/scenes/huge.zip")
        arn = self.account.create_deployment(run.id, f"{MODEL}{run.id}-2", tags=PROD.tags)
        self.account.deployments[arn]["status"] = "Active"
        for model in (run.id, f"{run.id}-2"):
            self.account.models[model] = f"{MODEL}{model}"
            self.account.known[f"{MODEL}{model}"] = PROD.tags
        promote(self.serving, project, Version(run=run.id, deployment="d", model="nova-lite"), None, "p", now=NOW)
        _, key = keys.create(self.serving, f"app of {project}", [project])
        self.serving.count_request(key.id, NOW, 5)
        self.serving.add_usage(Usage(project, date(2026, 11, 2), key.id, run.id, 1, 2, 3))
        self.folders.save(Folder(folder=run.prefix, first_at=NOW, last_at=NOW))
        for days in (0, 200, 399):
            month = f"{NOW - timedelta(days=days):%Y-%m}"
            self.ledger.book(month, Booking(run.id, project, Decimal(40)))

    def found(self, text: str) -> list[str]:
        """Return where a text is found, in all stores."""
        listing = self.s3.list_object_versions(Bucket=BUCKET)
        versions = [each["Key"] for each in listing.get("Versions", []) + listing.get("DeleteMarkers", [])]
        versions += [each["Key"] for each in self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]
        rows = [
            str(row)
            for name in ("runs", "serving", "folders")
            for row in boto3.resource("dynamodb").Table(name).scan()["Items"]
        ]
        bedrock = [*self.account.models, *self.account.deployments]
        return [each for each in [*versions, *rows, *bedrock] if text in each.replace("colours-2", "neighbour")]


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    clients.client.cache_clear()
    with made_in_moto("ServingTable", "serving", monkeypatch):
        make_table("RunsTable", "runs")
        make_table("FoldersTable", "folders")
        found = Filled()
        stack: Any = type("Stack", (), {"serving_table": "serving", "bucket": BUCKET, "runs_table": "runs"})
        for name, value in {
            "stack": stack,
            "sagemaker": None,
            "control": found.control,
            "runs": found.runs,
            "serving": found.serving,
            "folders": found.folders,
        }.items():
            monkeypatch.setattr(Session, name, value)
        monkeypatch.setattr(erase, "now", lambda: NOW)
        monkeypatch.setattr(erase, "PAUSE", 0)
        yield found
    clients.client.cache_clear()


def run_command(tmp_path: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    receipt = tmp_path / "receipt.json"
    result = CliRunner().invoke(app, ["erase", PROJECT, "--receipt", str(receipt), *options], catch_exceptions=False)
    return result.exit_code, result.output, json.loads(receipt.read_text()) if receipt.exists() else {}


def test_nothing_of_the_project_is_left_and_all_of_its_neighbours(filled: Filled, tmp_path: Path) -> None:
    neighbour = filled.found("neighbour")
    code, said, _ = run_command(tmp_path, "--dry-run", "--json")
    counts = {each["what"]: each["count"] for each in json.loads(said)}
    assert (code, filled.found("neighbour")) == (0, neighbour)
    assert counts == {
        "deployments": 1,
        "custom models": 2,
        "object versions": 11,
        "API keys": 2,
        "live versions and rows of usage": 2,
        "bookings": 3,
        "records of folders": 1,
        "runs": 2,
    }
    code, said, receipt = run_command(tmp_path, "--yes")
    assert code == 0, said
    assert {each["what"]: each["count"] for each in receipt["removed"]} == counts
    assert (receipt["left"], receipt["project"], receipt["stack"]) == ([], PROJECT, session.stack_name)
    assert [each for each in filled.found(PROJECT) if "foreign" not in each] == []
    assert filled.account.models["colours-foreign-0123456789ab"], "another stack's"
    shared = "'name': 'both'"
    assert [each for each in filled.found("neighbour") if shared not in each] == [
        each for each in neighbour if shared not in each
    ]
    both = next(key for key in filled.serving.all_keys() if key.name == "both")
    assert both.projects == ("colours-2",)
    code, said, _ = run_command(tmp_path, "--yes")
    assert (code, "nothing is left" in said) == (0, True)


def test_the_months_limit_still_counts_what_was_spent(filled: Filled, tmp_path: Path) -> None:
    run_command(tmp_path, "--yes")
    sums = Sums(filled.ledger.bookings(f"{NOW:%Y-%m}"))
    assert sums.all == 80
    assert sums.by_project[PROJECT] == 0
    assert "all projects" in MonthLimits(stack=Decimal(70)).passed(sums, PROJECT)
    before = f"{NOW - timedelta(days=200):%Y-%m}"
    assert Sums(filled.ledger.bookings(before)).all == 40, "the neighbour's alone: no limit is about it any more"


def test_what_was_cut_short_is_finished_by_the_same_command(
    filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for store in erase.prepare(PROJECT).stores[1:]:
        remove = type(store).remove

        def half(self: Any, items: Any, remove: Any = remove) -> None:
            remove(self, items[: len(items) // 2])
            raise RetryableError("the network is gone")

        with monkeypatch.context() as broken:
            broken.setattr(type(store), "remove", half)
            code, said, receipt = run_command(tmp_path, "--yes")
        assert (code, "the network is gone" in said) == (1, True)
        assert receipt["left"], "it says that it is not finished"
    assert run_command(tmp_path, "--yes")[0] == 0
    assert [each for each in filled.found(PROJECT) if "foreign" not in each] == []


def test_a_job_that_stops_and_a_function_at_work_are_waited_for(filled: Filled, tmp_path: Path) -> None:
    training = a_run(State.TRAINING, "colours-new-0123456789ab", job={"arn": "arn:training"})
    preparing = a_run(State.PREPARING, "colours-next-0123456789ab")
    for run in (training, preparing):
        filled.runs.create(run)
    filled.account.jobs["arn:training"] = {"jobArn": "arn:training", "jobName": training.id, "status": "InProgress"}
    filled.account.known["arn:training"] = PROD.tags
    code, said, receipt = run_command(tmp_path, "--yes", "--timeout", "0")
    assert (code, receipt) == (3, {})
    assert "colours-new-0123456789ab is training, and is being stopped" in said
    assert "a function may work on run colours-next-0123456789ab until 10:15 UTC" in said
    assert filled.account.jobs["arn:training"]["status"] == "Stopped"
    assert filled.found("colours-new"), "nothing is erased while something may write"


def test_it_asks_first(filled: Filled, tmp_path: Path) -> None:
    before = filled.found(PROJECT)
    result = CliRunner().invoke(app, ["erase", PROJECT], input="n\n")
    assert (result.exit_code, filled.found(PROJECT)) == (1, before)
