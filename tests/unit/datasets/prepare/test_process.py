"""Processes of their own: whatever ends them reaches the caller in words, and none outlives what it was begun for."""

import errno
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never

import pytest

from tailor.datasets.prepare import NoRoomError
from tailor.datasets.prepare.process import Fork, WorkerError
from tests.unit.datasets.conftest import Intake, chats, write_jsonl


@pytest.fixture(autouse=True)
def _threads_of_the_test_runner() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _full(*_: object) -> Never:
    raise OSError(errno.ENOSPC, "No space left on device")


def _killed() -> Never:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_one_that_was_killed_names_the_signal(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="SIGKILL") as caught:
        Fork(_killed, tmp_path / "result").result()
    assert "memory" in caught.value.hint


@pytest.mark.parametrize("call", [_full, lambda: "a result"], ids=["at work", "when it has its result"])
def test_one_whose_disk_is_full_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[[], str]
) -> None:
    """Not even the reason can be written then."""
    monkeypatch.setattr(Path, "write_bytes", _full)
    with pytest.raises(NoRoomError, match="too large for the disk"):
        Fork(call, tmp_path / "result").result()


def test_a_bug_is_seen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkerError, match="status 1"):
        Fork(lambda: os.environ["NOTHING"], tmp_path / "result").result()
    assert "KeyError: 'NOTHING'" in capfd.readouterr().err


def test_where_one_share_fails_the_others_end_at_once(
    dataset: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    parent, fork = os.getpid(), os.fork

    def noted() -> int:
        process = fork()
        if process:
            begun.append(process)
        return process

    def work(*_: object) -> None:
        if os.getpid() == parent:
            _full()
        time.sleep(60)

    monkeypatch.setattr(os, "fork", noted)
    monkeypatch.setattr("tailor.datasets.prepare.row_pass.RowPass._take", work)
    monkeypatch.setattr("tailor.datasets.prepare.preparation.Intake.worthwhile_workers", lambda _: 3)
    write_jsonl(dataset / "a.jsonl", chats(300))
    with pytest.raises(NoRoomError):
        intake()
    assert len(begun) == 2
    for process in begun:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)
