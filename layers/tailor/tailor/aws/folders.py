"""Folders that are being filled, in DynamoDB, and the queue that wakes who looks at them.

An item per folder, written on condition that it has not changed since it was read. Index ``filling`` is sparse: only
folders that are not quiet yet have its key.
"""

import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from tailor.aws.clients import client, table
from tailor.aws.failures import code_of, translated
from tailor.aws.items import as_item, plain, refusals_named
from tailor.errors import LostRaceError
from tailor.steps.filling import LONGEST, Folder, FolderStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_sqs import SQSClient

FILLING_INDEX = "filling"
PROJECT_INDEX = "project"


class FolderTable(FolderStore):
    """Implements :class:`tailor.steps.filling.FolderStore`."""

    def __init__(self, table_name: str) -> None:
        self._table: Table = table(table_name)

    def get(self, folder: str) -> Folder | None:
        with translated(f"reading folder {folder}"):
            item = self._table.get_item(Key={"folder": folder}, ConsistentRead=True).get("Item")
        return folder_of(item) if item else None

    def save(self, folder: Folder) -> Folder:
        new = folder.model_copy(update={"revision": folder.revision + 1})
        unchanged = Attr("revision").eq(folder.revision) if folder.revision else Attr("folder").not_exists()
        with translated(f"writing folder {folder.folder}"), refusals_named(f"folder {folder.folder}"):
            try:
                self._table.put_item(Item=folder_item(new), ConditionExpression=unchanged)
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    raise LostRaceError(f"somebody else touched {folder.folder} first", hint="try again") from error
                raise
        return new

    def remove(self, folder: Folder) -> None:
        unchanged = Attr("revision").eq(folder.revision) | Attr("folder").not_exists()
        with translated(f"removing folder {folder.folder}"):
            try:
                self._table.delete_item(Key={"folder": folder.folder}, ConditionExpression=unchanged)
            except ClientError as error:
                if code_of(error) == "ConditionalCheckFailedException":
                    raise LostRaceError(f"somebody else touched {folder.folder} first", hint="try again") from error
                raise

    def filling(self) -> list[Folder]:
        return self._query(FILLING_INDEX, Key("filling").eq("filling"))

    def of_project(self, project: str) -> list[Folder]:
        return self._query(PROJECT_INDEX, Key("project").eq(project))

    def _query(self, index: str, condition: Any) -> list[Folder]:
        found: list[Folder] = []
        following: dict[str, Any] = {}
        with translated("listing folders"):
            while True:
                page = self._table.query(IndexName=index, KeyConditionExpression=condition, **following)
                found += map(folder_of, page["Items"])
                if "LastEvaluatedKey" not in page:
                    return found
                following = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def folder_item(folder: Folder) -> dict[str, Any]:
    """Return the folder's fields and the keys of the indexes: ``filling``, ``project``, ``last_at``."""
    item = as_item(folder) | {"project": folder.project}
    item["last_at"] = folder.last_at.isoformat(timespec="microseconds")
    if folder.is_filling:
        item["filling"] = "filling"
    return item


def folder_of(item: dict[str, Any]) -> Folder:
    """Return the folder of an item."""
    return Folder.model_validate(plain(item))


class WakeUpQueue:
    """Implements :class:`tailor.steps.filling.WakeUps`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqs: SQSClient = client("sqs")

    def send(self, folder: str, after: timedelta) -> None:
        seconds = math.ceil(min(max(after, timedelta()), LONGEST).total_seconds())
        with translated(f"asking for a look at {folder}"):
            self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps({"folder": folder}), DelaySeconds=seconds)
