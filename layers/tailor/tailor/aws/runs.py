"""Runs in DynamoDB: one item per run, written on condition that it has not changed since it was read.

Index ``open`` is sparse: only runs in a non-terminal state have its key, so one query finds them.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError
from pydantic import ValidationError

from tailor.aws.clients import table
from tailor.aws.failures import code_of, translated
from tailor.aws.items import as_item, plain, refusals_named
from tailor.errors import LostRaceError, NotFoundError
from tailor.runs import Run, RunStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

OPEN_INDEX = "open"
PROJECT_INDEX = "project"


class DynamoRunStore(RunStore):
    """Implements :class:`tailor.runs.RunStore`."""

    def __init__(self, table_name: str) -> None:
        self._table: Table = table(table_name)

    def get(self, run_id: str) -> Run:
        with translated(f"reading run {run_id}"):
            item = self._table.get_item(Key={"id": run_id}, ConsistentRead=True).get("Item")
        if item is None:
            raise NotFoundError(f"there is no run {run_id!r}")
        return of_item(item)

    def create(self, run: Run) -> bool:
        with translated(f"creating run {run.id}"), refusals_named(f"run {run.id}"):
            try:
                self._table.put_item(Item=to_item(run), ConditionExpression=Attr("id").not_exists())
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    return False
                raise
        return True

    def save(self, run: Run) -> Run:
        new = run.model_copy(update={"revision": run.revision + 1})
        with translated(f"writing run {run.id}"), refusals_named(f"run {run.id}"):
            try:
                self._table.put_item(Item=to_item(new), ConditionExpression=Attr("revision").eq(run.revision))
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    raise LostRaceError(f"somebody else moved run {run.id} first", hint="try again") from error
                raise
        return new

    def remove(self, run_id: str) -> None:
        """Remove a run's record. Idempotent; a function that still holds the run can't write it again."""
        with translated(f"removing run {run_id}"):
            self._table.delete_item(Key={"id": run_id})

    def open_runs(self, unreadable: list[str] | None = None, most: int | None = None) -> list[Run]:
        condition, missed = Key("open").eq("open"), [] if unreadable is None else unreadable
        runs: list[Run] = []
        following: dict[str, Any] = {"Limit": most} if most else {}
        read = 0
        with translated("listing the open runs of all projects"):
            while True:
                page = self._table.query(IndexName=OPEN_INDEX, KeyConditionExpression=condition, **following)
                for item in page["Items"]:
                    try:
                        runs.append(of_item(item))
                    except ValidationError:
                        missed.append(str(item["id"]))
                read += len(page["Items"])
                if "LastEvaluatedKey" not in page or (most and read >= most):
                    return runs
                following |= {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def project_runs(self, project: str) -> list[Run]:
        return list(self.newest_runs(project))

    def newest_runs(self, project: str, until: datetime | None = None, page: int | None = None) -> Iterator[Run]:
        condition: Any = Key("project").eq(project)
        if until is not None:
            condition &= Key("changed_at").lte(_changed_at(until))
        following: dict[str, Any] = {"Limit": page} if page else {}
        while True:
            with translated(f"listing the runs of {project}"):
                found = self._table.query(
                    IndexName=PROJECT_INDEX, KeyConditionExpression=condition, ScanIndexForward=False, **following
                )
            for item in found["Items"]:
                with suppress(ValidationError):  # this version can't read it: it must not hide the others
                    yield of_item(item)
            if "LastEvaluatedKey" not in found:
                return
            following |= {"ExclusiveStartKey": found["LastEvaluatedKey"]}


def to_item(run: Run) -> dict[str, Any]:
    """Return the run's fields and the keys of the indexes: ``open``, ``changed_at`` (ISO 8601, UTC)."""
    item = as_item(run)
    item["state"] = run.state
    item["changed_at"] = _changed_at(run.history[-1].at)
    if run.is_open:
        item["open"] = "open"
    return item


def _changed_at(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def of_item(item: dict[str, Any]) -> Run:
    """Return the run of an item. Raises ValidationError if this version can't read it."""
    return Run.model_validate(plain(item))
