"""Preparing at scale: who checks when, and that whatever is lost, killed or repeated, the run ends as it would have."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, cast

import orjson
import pytest

from tailor.datasets.scale import Task
from tailor.errors import RetryableError
from tailor.events import Shard
from tailor.llm import Asker
from tailor.names import work_folder
from tailor.run_records import ReportRecord
from tailor.runs import MAX_ATTEMPTS, Run, State
from tailor.steps.frozen import MANIFEST
from tailor.steps.machine import MOST_EXECUTIONS
from tailor.steps.prepare import prepare
from tailor.steps.preparing import PrepareFanOut, PrepareServices, check_shard
from tailor.steps.steer import retry
from tailor.storage import StoredFile
from tests.unit.datasets.conftest import picture
from tests.unit.evaluation.fakes import BucketFolder
from tests.unit.steps.fakes import NOW, MemoryAccount, MemoryAliases, MemoryExecutions, MemoryRuns, OpenRegion
from tests.unit.steps.uploads import opened

PREFIX, FUNCTIONS = "uploads/colours/scenes/", 3
OWNER = "123456789012"
ROWS = [f"Câu {n}: màu gì?,màu {n % 5},{n % 20}.png" for n in range(420)]


class Killed(BaseException):
    """The function is gone at once."""


class Bucket(BucketFolder):
    """Kills whoever writes when ``strikes`` says so. ETags are those of the content, so that all uploads are alike."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.strikes: Iterator[bool] = iter(())
        self._one_at_a_time = Lock()  # media are written by several threads
        self.killed = 0
        self.fetched: Counter[str] = Counter()

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        for file in super().list(prefix):
            yield replace(file, etag=hashlib.sha256(super().read(file.key)).hexdigest())

    def on_frozen_read(self, key: str) -> None:
        if key.endswith(".png"):
            self.fetched[key] += 1

    def write(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        with self._one_at_a_time:
            struck = next(self.strikes, False)
            self.killed += struck
        if struck:
            raise Killed
        super().write(key, data, content_type)

    def upload(self, key: str, path: Path, content_type: str = "application/octet-stream") -> None:
        self.write(key, path.read_bytes(), content_type)


class Stage:
    def __init__(self, folder: Path, above: float = 0, recipe: bytes = b"model: nova-lite") -> None:
        self.folder, self.executions, self.runs = folder, MemoryExecutions(), MemoryRuns()
        self.bucket = Bucket(folder / "bucket")
        self.fan_out = PrepareFanOut(self.executions, MemoryAccount(), above=above, functions=FUNCTIONS)
        for n in range(20):
            self.bucket.write(f"{PREFIX}{n}.png", picture(n))
        self.bucket.write(f"{PREFIX}rows.csv", "\n".join(["question,answer,image", *ROWS]).encode())
        self.bucket.write(f"{PREFIX}tailor.yaml", recipe)
        self.id = opened(PREFIX, self.bucket, self.runs, NOW).id
        self._scratch = count()

    def scratch(self) -> Path:
        folder = self.folder / f"scratch-{next(self._scratch)}"
        folder.mkdir()
        return folder

    @property
    def services(self) -> PrepareServices:
        return PrepareServices(
            bucket=self.bucket,
            runs=self.runs,
            bucket_owner=OWNER,
            fan_out=self.fan_out,
            offers=OpenRegion(),
            asker=cast("Asker", None),  # no recipe here wants a headroom check
            aliases=MemoryAliases(),
            region="us-east-1",
        )

    def prepare(self, minutes: float = 0, ended: str | None = None) -> Run | None:
        now = NOW + timedelta(minutes=minutes)
        return prepare(self.id, self.services, scratch=self.scratch(), lease_seconds=900, now=now, ended=ended)

    def check(self, number: int, execution: str | None = None, task: Task = "check") -> bool:
        given = {"run": self.id, "execution": execution or self.first, "number": number, "task": task}
        shard = Shard.model_validate(given | {"shards": FUNCTIONS, "parts": FUNCTIONS})
        return check_shard(shard, self.services, self.scratch())

    @property
    def run(self) -> Run:
        return self.runs.get(self.id)

    @property
    def first(self) -> str:
        return f"arn:{self.id}-1"

    @property
    def work(self) -> list[StoredFile]:
        return list(self.bucket.list(work_folder(self.run.files)))

    def result(self) -> dict[str, bytes]:
        """All of the run's files but the manifest of its upload, which tells times."""
        keys = [file.key for file in self.bucket.list(self.run.files) if not file.key.endswith(MANIFEST)]
        return {key: self.bucket.read(key) for key in keys}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """What one function comes to."""
    stage = Stage(tmp_path_factory.mktemp("alone"), above=300)
    run = stage.prepare()
    assert run is not None
    assert run.state == State.PREPARED
    assert stage.executions.inputs == []
    assert run.report.execution is None
    assert stage.work == []
    return stage


def test_a_large_dataset_is_dealt_out_put_together_and_cleared_away(stage: Stage, alone: Stage) -> None:
    begun = stage.prepare()
    assert begun is not None
    assert begun.state == State.PREPARING
    assert begun.report == ReportRecord(execution=stage.first, executions=1)
    assert not begun.leased(NOW)
    [document] = stage.executions.inputs
    assert document == {
        "run": stage.id,
        "execution": stage.first,
        "numbers": [0, 1, 2],
        "shards": FUNCTIONS,
        "media": [0, 1, 2],
        "parts": FUNCTIONS,
        "functions": FUNCTIONS,
    }

    assert all(stage.check(number, task="name") for number in document["numbers"])
    assert not stage.bucket.fetched
    assert all(stage.check(part, task="fetch") for part in document["media"])
    assert [stage.check(number) for number in document["numbers"]] == [True] * FUNCTIONS
    assert stage.bucket.fetched == {f"{PREFIX}{n}.png": 1 for n in range(20)}
    run = stage.prepare(ended=stage.first)

    assert run is not None
    assert run.state == State.PREPARED
    assert stage.result() == alone.result()
    assert run.quote == alone.run.quote
    assert run.report == alone.run.report.model_copy(update={"execution": stage.first, "executions": 1})
    assert stage.work == []
    assert stage.prepare(ended=stage.first) is None


def test_a_run_whose_shards_are_checked_is_left_alone_until_the_execution_is_over(stage: Stage) -> None:
    stage.prepare()
    assert stage.prepare(minutes=60) is None
    stage.executions.stop(stage.first)
    again = stage.prepare(minutes=61)
    assert again is not None
    assert again.report.execution == f"arn:{stage.id}-2"


def test_a_run_that_is_tried_again_gets_executions_of_its_own_and_keeps_what_is_checked(stage: Stage) -> None:
    stage.prepare()
    for number in range(FUNCTIONS - 1):
        assert stage.check(number)
    stopped = stage.run.moved(State.STOPPED, by="person:linh", now=NOW)
    again = retry(stage.runs.save(stopped), stage.runs, bucket=stage.bucket, by="person:linh", reason="", now=NOW)
    assert again.state == State.RECEIVED
    begun = stage.prepare(minutes=1)
    assert begun is not None
    assert begun.report == ReportRecord(execution=f"arn:{stage.id}-again-2-1", executions=1)
    assert stage.executions.inputs[-1]["numbers"] == [FUNCTIONS - 1]


def test_a_start_that_is_refused_for_now_is_tried_again_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(*_: Any) -> None:
        raise RetryableError("too many executions")

    with monkeypatch.context() as patch, pytest.raises(RetryableError):
        patch.setattr(stage.executions, "start", throttled)
        stage.prepare()
    assert stage.executions.inputs == []
    assert stage.prepare() is not None
    assert len(stage.executions.inputs) == 1


def test_an_ending_that_was_lost_is_found(stage: Stage, alone: Stage) -> None:
    stage.prepare()
    for number in range(FUNCTIONS):
        stage.check(number)
    stage.executions.stop(stage.first)
    run = stage.prepare(minutes=20)
    assert run is not None
    assert run.state == State.PREPARED
    assert stage.result() == alone.result()


def test_only_what_is_missing_is_checked_by_the_next_execution(stage: Stage, alone: Stage) -> None:
    stage.prepare()
    stage.check(1)
    stage.executions.stop(stage.first)
    again = stage.prepare(ended=stage.first)
    assert again is not None
    assert again.state == State.PREPARING
    second = again.report.execution
    assert stage.executions.inputs[-1]["numbers"] == [0, 2]
    assert not stage.check(0), "the run no longer waits for the first execution"
    assert all(stage.check(number, second) for number in (0, 2))
    run = stage.prepare(ended=second)
    assert run is not None
    assert run.state == State.PREPARED
    assert stage.result() == alone.result()


def test_shards_that_fail_every_time_are_given_up_and_nobody_is_blamed(stage: Stage) -> None:
    stage.prepare()
    for place in range(1, MOST_EXECUTIONS + 1):
        stage.check(0, f"arn:{stage.id}-{place}")
        stage.executions.stop(f"arn:{stage.id}-{place}")
        stage.prepare(ended=f"arn:{stage.id}-{place}")
    assert len(stage.executions.inputs) == MOST_EXECUTIONS
    assert stage.run.state == State.REJECTED
    findings = stage.bucket.read(f"{stage.run.files}report/findings.jsonl").decode()
    assert "2 of 3 shards" in findings
    assert "nothing is wrong with your data" in findings
    assert stage.work == []


def test_a_folder_that_changes_meanwhile_is_read_as_it_was(stage: Stage, alone: Stage) -> None:
    stage.prepare()
    stage.check(0)
    stage.bucket.write(f"{PREFIX}more.csv", b"question,answer\na,b\n")
    stage.bucket.write(f"{PREFIX}rows.csv", b"question,answer\na,b\n")
    stage.bucket.delete([f"{PREFIX}{n}.png" for n in range(5)])
    assert all(stage.check(number) for number in range(1, FUNCTIONS))
    run = stage.prepare(ended=stage.first)
    assert run is not None
    assert run.state == State.PREPARED
    assert stage.result() == alone.result()


def test_what_a_shard_can_not_take_is_said_of_the_dataset(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.prepare()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tailor.datasets.prepare.row_pass.RowPass._take", full)
        assert stage.check(0)
    run = stage.prepare(ended=stage.first)
    assert run is not None
    assert run.state == State.REJECTED
    [finding] = stage.bucket.read(f"{run.files}report/findings.jsonl").splitlines()
    assert orjson.loads(finding)["code"] == "no-room"


def test_trouble_of_the_moment_leaves_the_shard_to_a_retry(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.prepare()

    def throttled(*_: Any) -> bytes:
        raise RetryableError("slow down")

    with monkeypatch.context() as patch, pytest.raises(RetryableError):
        patch.setattr(stage.bucket, "read", throttled)
        stage.check(0)
    assert stage.check(0)


def test_media_tasks_that_are_done_or_no_longer_wanted_do_nothing(stage: Stage) -> None:
    stage.prepare()
    assert stage.check(0, task="name")
    assert stage.check(0, task="fetch")
    work, fetched = stage.work, stage.bucket.fetched.copy()
    assert stage.check(0, task="name")
    assert stage.check(0, task="fetch")
    assert (stage.work, stage.bucket.fetched) == (work, fetched)
    assert not stage.check(1, "arn:other", task="name")
    assert not stage.check(1, "arn:other", task="fetch")
    assert stage.work == work


@pytest.mark.parametrize("seed", range(1, 25, 3))
def test_whatever_is_killed_or_repeated_the_run_ends_the_same(stage: Stage, alone: Stage, seed: int) -> None:
    """Step Functions as it may be: parts in any order, some twice, functions that are killed at any of their writes,
    executions that are stopped half way, endings that are lost.

    The last execution checks all shards unharmed, and so does the last attempt at preparing: a run that loses these
    is rejected, which other tests show. Which write is struck differs each time, as several threads write media.
    """
    chance = random.Random(seed)
    last_check = False
    minutes = 0.0

    def strikes() -> Iterator[bool]:
        for number in count():
            struck = number == seed or chance.random() < 0.03
            yield struck and not last_check and stage.run.attempts < MAX_ATTEMPTS

    stage.bucket.strikes = strikes()

    def survived(work: Any, *arguments: Any) -> None:
        with suppress(Killed):
            work(*arguments)

    for _ in range(40):
        if stage.run.state == State.PREPARED:
            break
        minutes += 20
        survived(stage.prepare, minutes)
        for document in stage.executions.inputs[-1:]:
            execution = document["execution"]
            last_check = len(stage.executions.inputs) == MOST_EXECUTIONS
            for task, given in (("name", "numbers"), ("fetch", "media"), ("check", "numbers")):
                numbers = [*document[given], *document[given]]
                chance.shuffle(numbers)
                for number in numbers if last_check else numbers[: chance.randint(2, len(numbers))]:
                    survived(stage.check, number, execution, task)
            last_check = False
            if chance.random() < 0.7:
                survived(stage.prepare, minutes + 5, execution)
            stage.executions.stop(execution)
    assert stage.run.state == State.PREPARED
    assert stage.result() == alone.result()
    assert stage.run.report.counts == alone.run.report.counts
    assert stage.bucket.killed
    assert [change.state for change in stage.run.history] == [State.RECEIVED, State.PREPARING, State.PREPARED]


def test_a_recipe_that_asks_for_it_is_dealt_out_however_small_it_is(tmp_path: Path) -> None:
    stage = Stage(tmp_path, above=300, recipe=b"model: nova-lite\ndata: {at_scale: true}")
    begun = stage.prepare()
    assert begun is not None
    assert begun.state == State.PREPARING
    assert len(stage.executions.inputs) == 1
