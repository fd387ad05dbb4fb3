"""Folders in a table that is built from the template, and wake-ups in a queue."""

import json
from datetime import timedelta

import boto3
import pytest

from tailor.aws import clients
from tailor.aws.folders import FolderTable, WakeUpQueue
from tailor.errors import LostRaceError
from tailor.steps.filling import LONGEST, Folder
from tests.unit.aws.tables import made_in_moto
from tests.unit.steps.fakes import NOW

PREFIX = "uploads/Màu Sắc/scenes/"
FILLING = Folder(folder=PREFIX, first_at=NOW, last_at=NOW, uploaded_at=NOW, objects=3, pause=0.5, quiet_at=NOW)


def test_a_folder_comes_back_as_it_was_and_a_stale_write_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with made_in_moto("FoldersTable", "folders", monkeypatch):
        table = FolderTable("folders")
        assert table.get(PREFIX) is None
        first = table.save(FILLING)
        assert table.get(PREFIX) == first == FILLING.model_copy(update={"revision": 1})
        second = table.save(first)
        for stale in (FILLING, first):
            with pytest.raises(LostRaceError):
                table.save(stale)
        assert table.filling() == table.of_project("mau-sac") == [second]
        closed = table.save(second.closed(NOW, told="nothing-to-start"))
        assert table.filling() == []
        assert table.of_project("mau-sac") == [closed]
        assert table.of_project("colours") == []


def test_a_wake_up_names_its_folder_and_waits_as_long_as_sqs_can(monkeypatch: pytest.MonkeyPatch) -> None:
    with made_in_moto("FoldersTable", "folders", monkeypatch):
        clients.client.cache_clear()
        url = boto3.client("sqs").create_queue(QueueName="wake-ups")["QueueUrl"]
        queue = WakeUpQueue(url)
        for after in (2 * LONGEST, timedelta(seconds=-1)):
            queue.send(PREFIX, after)
        [message] = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
        assert json.loads(message["Body"]) == {"folder": PREFIX}
    clients.client.cache_clear()
