"""A project that was trained, live and used, on the deployed template, is erased by the command."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from tailor.aws.clients import client
from tailor.aws.ledger import LedgerTable
from tailor.runs import State
from tailor.serving import keys
from tailor.serving.usage import Usage
from tailor_cli import context, erase, runs
from tailor_cli.context import Session
from tailor_cli.main import app
from tailor_local.bedrock.faults import Faults
from tailor_local.demo.methods import DEMOS
from tests.integration.pipeline import Pipeline
from tests.integration.test_methods import sample
from tests.waiting import until

PROJECT = "forgetme"
ROWS = b"question,answer\n" + b"".join(b"%d + %d?,%d\n" % (n, n, n + n) for n in range(60))


def everything(pipeline: Pipeline) -> dict[str, list[str]]:
    """Return what lies in each store, as text."""
    outputs, s3, bedrock = pipeline.outputs, client("s3"), client("bedrock")
    listed: list[Any] = [
        each
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=outputs["BucketName"])
        for each in page.get("Versions", []) + page.get("DeleteMarkers", [])
    ]
    named = {outputs[name]: name for name in ("RunsTableName", "ServingTableName", "FoldersTableName")}
    tables = {
        named.get(table, table): [json.dumps(row, default=str) for page in scan(table) for row in page["Items"]]
        for table in client("dynamodb").list_tables()["TableNames"]  # all, those too that nobody thought of
    }
    return tables | {
        "bucket": [each["Key"] for each in listed],
        "models": [each["modelName"] for each in bedrock.list_custom_models()["modelSummaries"]],
        "deployments": [
            each["customModelDeploymentName"]
            for each in bedrock.list_custom_model_deployments()["modelDeploymentSummaries"]
        ],
    }


def scan(table: str) -> Any:
    return boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table)


def of(found: dict[str, list[str]], text: str) -> dict[str, int]:
    return {store: sum(text in each for each in texts) for store, texts in found.items()}


def test_after_it_nothing_of_the_project_is_found_in_any_store(
    pipeline: Pipeline, faults: Callable[[Faults], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    faults(DEMOS["distillation"].faults)
    neighbour = pipeline.upload(f"{PROJECT}-2/sums", {"sums.csv": ROWS})
    run = pipeline.wait(pipeline.upload(f"{PROJECT}/tickets", sample(tmp_path, "distillation")), State.LIVE)
    pipeline.bucket.delete([f"{run.prefix}tailor.yaml"])  # its versions are still there
    _, key = keys.create(pipeline.serving, "an app", [PROJECT])
    pipeline.serving.add_usage(Usage(PROJECT, date(2026, 11, 2), key.id, run.id, 1, 2, 3))
    before = everything(pipeline)
    found = of(before, run.id)
    assert all(found[store] for store in ("RunsTableName", "ServingTableName", "bucket", "models", "deployments"))
    for module in (context, erase, runs):
        monkeypatch.setattr(module, "session", Session())

    receipt = tmp_path / "receipt.json"
    result = CliRunner().invoke(app, ["erase", PROJECT, "--yes", "--receipt", str(receipt)], catch_exceptions=False)

    assert result.exit_code == 0, result.output
    # The deletions are noted as something that moves in a folder, until that is quiet.
    after = until(lambda: everything(pipeline), lambda found: not of(found, f"/{PROJECT}/")["FoldersTableName"])
    for text in (run.id, f'"{PROJECT}"', f"/{PROJECT}/", f"#{PROJECT}"):
        assert not any(of(after, text).values()), (text, of(after, text))
    removed = {each["what"]: each["count"] for each in json.loads(receipt.read_text())["removed"]}
    assert removed["custom models"] == removed["runs"] == 1
    own_keys = [row for row in before["ServingTableName"] if '"KEYS"' in row and f'"{PROJECT}"' in row]
    assert removed["API keys"] == len(own_keys)
    assert removed["object versions"] == of(before, f"/{PROJECT}/")["bucket"]
    assert all(of(after, f"{PROJECT}-2")[store] for store in ("RunsTableName", "bucket")), neighbour
    assert sum((booking.amount for booking in booked(pipeline)), Decimal(0)) > 0, "the month's limit still counts it"


def booked(pipeline: Pipeline) -> list[Any]:
    run = pipeline.runs.project_runs(f"{PROJECT}-2")[0]
    return LedgerTable(pipeline.outputs["ServingTableName"]).bookings(f"{run.created_at:%Y-%m}")
