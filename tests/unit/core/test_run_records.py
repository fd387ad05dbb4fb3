"""Rows that earlier versions wrote are read, and written back, as they are; ``stored_runs.json`` holds such rows.

They were collected from the steps' tests just before the documents of a run got types. A row names its documents, so
that each is there once.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tailor.aws.items import plain
from tailor.aws.runs import of_item, to_item
from tailor.costs import Quote
from tailor.errors import NotFoundError
from tailor.names import work_folder
from tailor.run_records import DeploymentRecord, EvaluationRecord, JobRecord, StallRecord
from tailor.runs import Change, Run, State
from tests.unit.steps.fakes import NOW, a_run

STORED = json.loads(Path(__file__).with_name("stored_runs.json").read_text("utf-8"), parse_float=Decimal)
FIELDS = ("report", "quote", "job", "deployment", "evaluation", "stall")
ROWS: list[dict[str, str]] = STORED["rows"]


def stored(row: dict[str, str]) -> dict[str, Any]:
    documents = {field: STORED["documents"][row[field]] if field in row else {} for field in FIELDS}
    change = Change(sequence=1, state=State(row["state"]), at=NOW, by="test")
    return to_item(a_run(State.RECEIVED).model_copy(update={"history": [change]})) | documents


def test_there_is_a_row_for_each_state() -> None:
    assert {State(row["state"]) for row in ROWS} == set(State)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row.values()))
def test_a_stored_row_is_written_back_and_printed_as_it_was(row: dict[str, str]) -> None:
    item = stored(row)
    run = of_item(item)
    assert to_item(run) == item
    printed = json.loads(run.model_dump_json())
    assert {field: printed[field] for field in FIELDS} == {field: plain(item[field]) for field in FIELDS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row.values()))
def test_what_a_newer_version_wrote_beside_is_kept(row: dict[str, str]) -> None:
    item = stored(row)
    for field in set(row) - {"state"}:
        item[field] = item[field] | {"colour": {"is": "red", "none": None}}
    if "quote" in row:
        item["quote"]["lines"] = [line | {"colour": None} for line in item["quote"]["lines"]]
    assert to_item(of_item(item)) == item


def test_a_run_without_records_has_empty_documents() -> None:
    run = a_run(State.RECEIVED)
    assert (run.quote, run.job, run.deployment, run.stall) == (None, None, None, None)
    assert {field: to_item(run)[field] for field in FIELDS} == {field: {} for field in FIELDS}
    for missing in ("job_arn", "model_arn", "deployment_arn"):
        with pytest.raises(NotFoundError, match=f"run {run.id} has no"):
            getattr(run, missing)


def test_a_document_of_another_kind_is_no_record() -> None:
    with pytest.raises(ValidationError, match=r"deployment\.arn"):
        a_run(State.LIVE, deployment={"status": "Active"})
    with pytest.raises(ValidationError, match=r"quote\.lines"):
        a_run(State.LIVE, quote={"total": "?"})


def test_a_quote_is_stored_with_its_totals_and_without_an_approval_that_nobody_asked_for() -> None:
    quote = Quote.model_validate(STORED["documents"]["quote-1"])
    document = quote.document()
    assert document["totals"]["month"] == ["1.95", "1.95", "1.95"]
    assert "approval" not in document
    assert Quote.model_validate(document) == quote


def test_the_next_round_keeps_the_verdict_and_forgets_the_executions() -> None:
    first = EvaluationRecord(execution="arn:1", executions=2, verdict="passed", live=None)
    assert first.next_round().model_dump() == {"verdict": "passed", "live": None, "round": 2}
    assert first.next_round().next_round().round == 3


def test_an_update_keeps_the_other_fields() -> None:
    run: Run = a_run(State.TRAINING, job={"arn": "arn:job"}).updated(deployment=DeploymentRecord(arn="arn:d"))
    assert (run.job, run.deployment_arn) == (JobRecord(arn="arn:job"), "arn:d")


def test_an_update_of_a_field_that_a_record_does_not_have_is_an_error() -> None:
    with pytest.raises(TypeError, match="JobRecord has no modelArn"):
        JobRecord(arn="arn:job").model_copy(update={"arn": "arn:other", "modelArn": "arn:model"})


def test_a_delay_is_recorded_once_and_since_it_began() -> None:
    run = a_run(State.TRAINED)
    begun = run.held_up("wait", "room", "full", NOW)
    assert begun is not None
    assert begun.stall == StallRecord(level="wait", phase="room", message="full", since=NOW, at=NOW)
    assert begun.held_up("wait", "room", "full", NOW) is None
    assert begun.held_up("wait", "room", "fuller", NOW) is not None
    worse = begun.held_up("warn", "room", "full", NOW.replace(hour=12))
    assert worse is not None
    assert worse.stall is not None
    assert (worse.stall.since, worse.stall.at) == (NOW, NOW.replace(hour=12))
    assert worse.held_up("warn", "room", "fuller", NOW) is None


def test_a_run_of_an_earlier_version_keeps_its_files_where_they_are() -> None:
    run = a_run(State.LIVE, project="a", id="a-d-0123456789ab")
    assert run.files == "runs/a/a-d-0123456789ab/"
    row = {name: value for name, value in to_item(run).items() if name != "files"}
    earlier = of_item(row)
    assert earlier.files == "runs/a-d-0123456789ab/"
    assert of_item(to_item(earlier)).files == earlier.files
    assert work_folder(earlier.files) == "work/a-d-0123456789ab/"
