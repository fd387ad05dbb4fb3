"""From messages about objects to runs."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tailor.errors import RetryableError
from tailor.names import DATA_SUFFIXES, NAME
from tailor.recipe import Recipe
from tailor.runs import Run, State
from tailor.steps.folders import fingerprint
from tailor.steps.receive import Received, receive_messages
from tests.unit.steps.fakes import NOW, DatedStorage, MemoryRuns
from tests.unit.steps.uploads import message, messages
from tests.unit.versions import VersionedFolder

PREFIX = "uploads/colours/scenes/"
DELAY = 10  # seconds that a message waits in the queue


def folder(tmp_path: Path, **files: str) -> VersionedFolder:
    storage = VersionedFolder(tmp_path)
    for name, text in files.items():
        storage.write(name, text.encode())
    return storage


def take(storage: VersionedFolder, runs: MemoryRuns, *keys: str) -> list[str]:
    received = receive_messages(messages(storage, keys), stack="tailor", bucket=storage, runs=runs, now=NOW)
    assert not received.failed, received.problems
    return received.runs


def test_a_data_file_starts_a_run(tmp_path: Path) -> None:
    storage, runs = folder(tmp_path, **{PREFIX + "questions.csv": "question,answer\n"}), MemoryRuns()
    [run_id] = take(storage, runs, PREFIX + "questions.csv")
    assert run_id.startswith("colours-scenes-")
    assert list(runs.items) == [run_id]
    assert runs.get(run_id).state == State.RECEIVED


@pytest.mark.parametrize("ending", [*DATA_SUFFIXES, ".CSV", ".Csv", ".Jsonl", ".JSON", ".Tar.Gz", ".pArQuEt"])
def test_an_ending_starts_a_run_in_any_case_of_letters(tmp_path: Path, ending: str) -> None:
    key = f"{PREFIX}a{ending}"
    assert len(take(folder(tmp_path, **{key: "x"}), MemoryRuns(), key)) == 1


def test_the_same_upload_is_the_same_run_and_another_content_another(tmp_path: Path) -> None:
    key = PREFIX + "questions.csv"
    storage, runs = folder(tmp_path, **{key: "a"}), MemoryRuns()
    assert len(take(storage, runs, key)) == 1
    assert take(storage, runs, key) == []
    storage.write(key, b"bb")
    assert len(take(storage, runs, key)) == 1
    assert len(runs.items) == 2


def test_where_a_recipe_lies_only_the_recipe_starts_a_run(tmp_path: Path) -> None:
    storage = folder(tmp_path, **{PREFIX + "a.csv": "a", PREFIX + "tailor.yaml": "model: nova-pro"})
    runs = MemoryRuns()
    assert take(storage, runs, PREFIX + "a.csv") == []
    [run_id] = take(storage, runs, PREFIX + "tailor.yaml")
    assert runs.get(run_id).recipe.model == "nova-pro"


def test_media_and_files_elsewhere_start_nothing(tmp_path: Path) -> None:
    keys = [
        "uploads/p/d/a.png",
        "uploads/p/d/parts/a.csv",
        "uploads/p/a.csv",
        "runs/p/d/a.csv",
        "uploads/p/d/a.csv.png",
    ]
    storage, runs = folder(tmp_path, **dict.fromkeys(keys, "x")), MemoryRuns()
    found = receive_messages(
        [*messages(storage, keys), message("uploads/p/d/", "", NOW)],
        stack="tailor",
        bucket=storage,
        runs=runs,
        now=NOW,
    )
    assert found == Received(ignored=6)
    assert not runs.items


def test_a_wrong_recipe_or_name_still_becomes_a_run_that_can_be_rejected(tmp_path: Path) -> None:
    prefix = "uploads/Màu Sắc/Bộ 1/"
    storage, runs = folder(tmp_path, **{prefix + "tailor.yaml": "modle: x", prefix + "a.csv": "a"}), MemoryRuns()
    [run_id] = take(storage, runs, prefix + "tailor.yaml")
    assert NAME.fullmatch(run_id)
    assert runs.get(run_id).prefix == prefix


RECIPES = [f"split: {{seed: {10**40}}}", "evaluation: {margin: 1.0e-200}", f"evaluation: {{max_rows: {10**50}}}"]
RECIPES += [
    f"split: {{seed: 0x{'f' * 5000}}}",
    "budget: {limit: 1e999999999}",
    'model: "\\ud800"',
    "data: {columns: {id: ''}}",
]
RECIPES += ["evaluation: {normaliser: {'': true}}", "evaluation: {margin: -0.0}", "patience: {stopping_hours: .nan}"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_recipe_keeps_an_upload_from_becoming_a_run(tmp_path: Path, recipe: str) -> None:
    files = {PREFIX + "tailor.yaml": recipe, PREFIX + "a.csv": "a"}
    storage, runs = folder(tmp_path, **files), MemoryRuns()
    [run_id] = take(storage, runs, PREFIX + "tailor.yaml")
    assert runs.get(run_id).state == State.RECEIVED


def test_a_recipe_that_only_a_bug_or_a_table_refuses_still_becomes_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, runs = folder(tmp_path, **{PREFIX + "tailor.yaml": "description: x", PREFIX + "a.csv": "a"}), MemoryRuns()
    monkeypatch.setattr(Recipe, "read", lambda text: 1 / 0)
    [first] = take(storage, runs, PREFIX + "tailor.yaml")
    assert runs.get(first).recipe == Recipe()
    monkeypatch.setattr(Recipe, "read", lambda text: (Recipe(description="\ud800"), []))
    (tmp_path / PREFIX / "a.csv").write_text("another")
    [second] = take(storage, runs, PREFIX + "tailor.yaml")
    assert runs.get(second).recipe == Recipe()


def test_a_file_that_is_gone_when_the_message_arrives_starts_nothing(tmp_path: Path) -> None:
    gone = message("uploads/p/d/a.csv", "e", NOW)
    found = receive_messages([gone], stack="tailor", bucket=VersionedFolder(tmp_path), runs=MemoryRuns(), now=NOW)
    assert found == Received(folders=1)


# ---------------------------------------------------------------------------- batches


def test_many_objects_of_many_folders_are_one_look_at_each(tmp_path: Path) -> None:
    """Thousands of media with the data in between, in any order and some of them twice."""
    media = [message(f"uploads/p/d{n % 7}/images/{n}.jpg", "e", NOW) for n in range(5000)]
    keys = [f"uploads/p/d{n}/{name}" for n in range(7) for name in ("a.csv", "b.csv")]
    storage, runs = Watched(folder(tmp_path, **dict.fromkeys(keys, "x"))), MemoryRuns()
    batch = [*media, *messages(storage, keys), *messages(storage, keys[:5])]
    random.Random(1).shuffle(batch)
    found = receive_messages(batch, stack="tailor", bucket=storage, runs=runs, now=NOW)
    assert (found.ignored, found.folders, found.failed) == (5000, 7, [])
    assert sorted(storage.listed) == sorted(f"uploads/p/d{n}/" for n in range(7))
    assert sorted(found.runs) == sorted(runs.items)
    assert len(runs.items) == 7


@pytest.mark.parametrize(
    "body", ["", "no json", "[]", "{}", '{"source": "aws.s3", "detail-type": "Object Created", "detail": {}}']
)
def test_a_message_that_can_not_be_read_is_left_and_holds_up_no_other(tmp_path: Path, body: str) -> None:
    key = PREFIX + "a.csv"
    storage, runs = folder(tmp_path, **{key: "x"}), MemoryRuns()
    poisoned = message(key, "e", NOW) | {"body": body, "messageId": "poisoned"}
    found = receive_messages([poisoned, *messages(storage, [key])], stack="tailor", bucket=storage, runs=runs, now=NOW)
    assert found.failed == ["poisoned"]
    assert "message poisoned is no S3 event" in found.problems[0]
    assert len(runs.items) == 1


@pytest.mark.parametrize("error", [RetryableError("slow down"), KeyError("a bug")])
def test_only_the_messages_of_the_folder_that_failed_come_again(tmp_path: Path, error: Exception) -> None:
    keys = ["uploads/p/bad/a.csv", "uploads/p/good/a.csv", "uploads/p/bad/b.csv", "uploads/p/bad/1.png"]
    storage, runs = Watched(folder(tmp_path, **dict.fromkeys(keys, "x"))), MemoryRuns()
    storage.broken = {"uploads/p/bad/": error}
    batch = messages(storage, keys)
    found = receive_messages(batch, stack="tailor", bucket=storage, runs=runs, now=NOW)
    assert found.failed == [batch[0]["messageId"], batch[2]["messageId"]]
    assert [problem.partition(":")[0] for problem in found.problems] == ["uploads/p/bad/"]
    assert [run.dataset for run in runs.items.values()] == ["good"]
    storage.broken = {}
    again = [record for record in batch if record["messageId"] in found.failed]
    assert not receive_messages(again, stack="tailor", bucket=storage, runs=runs, now=NOW).failed
    assert {run.dataset for run in runs.items.values()} == {"good", "bad"}


class Watched(VersionedFolder):
    """Notes which folders are listed, and can't list those that are broken."""

    def __init__(self, storage: VersionedFolder) -> None:
        super().__init__(storage.root)
        self.listed: list[str] = []
        self.broken: Mapping[str, Exception] = {}

    def list(self, prefix: str = "") -> Any:
        if prefix:
            self.listed.append(prefix)
        if prefix in self.broken:
            raise self.broken[prefix]
        return super().list(prefix)


# ---------------------------------------------------------------------------- one upload, object by object

Upload = tuple[float, str]  # seconds after the first object, file


def runs_of(uploads: list[Upload], order: random.Random | None = None, copies: int = 1) -> list[Run]:
    """Play an upload; each object's message arrives ``DELAY`` seconds later, or in an order drawn at random after
    them all."""
    storage, runs = DatedStorage(), MemoryRuns()
    moments: list[tuple[float, int, str, str]] = []  # moment, what, file, etag
    for number, (at, name) in enumerate(uploads):
        late = DELAY if order is None else order.uniform(DELAY, 3 * DELAY)
        moments.append((at, -1, name, f"etag-{number}"))
        moments += [(at + late + copy, number, name, f"etag-{number}") for copy in range(copies)]
    for at, number, name, etag in sorted(moments):
        now = NOW + timedelta(seconds=at)
        if number == -1:
            storage.put(PREFIX + name, etag, now)
        else:
            told = message(PREFIX + name, etag, moment(uploads[number][0]))
            received = receive_messages([told], stack="tailor", bucket=storage, runs=runs, now=now)
            assert not received.failed, received.problems
    found = list(runs.items.values())
    assert found, "an upload starts at least one run"
    assert found[-1].fingerprint == fingerprint(PREFIX, list(storage.list(PREFIX))), "the last run is of all there is"
    return found


def moment(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "uploads",
    [
        [(0, "a.csv")],
        [(0, "a.csv"), (1, "tailor.yaml")],
        [(0, "tailor.yaml"), (1, "a.csv"), (8, "b.csv")],
        [(0, "a.csv"), (8, "tailor.yaml"), (9, "b.csv")],
        [(0, "a.csv"), (0.5, "b.csv"), (1, "c.csv")],
        [(0, "a.csv"), (7, "b.csv"), (14, "c.csv"), (21, "d.csv"), (28, "e.csv")],
        [(0, "a.csv"), (1, "images/1.png"), (9, "images/2.png")],
        [(0, "a.csv"), (6, "a.csv")],
        [(0, "a.csv"), (6, "a.csv"), (12, "b.csv")],
        [(0, "a.csv"), (5, "b.csv"), (13, "tailor.yaml")],
    ],
    ids=lambda uploads: "-".join(f"{at}{name}" for at, name in uploads),
)
@pytest.mark.parametrize("copies", [1, 3])
def test_what_follows_within_the_delay_belongs_to_the_same_run(uploads: list[Upload], copies: int) -> None:
    [run] = runs_of(uploads, copies=copies)
    assert run.has_recipe == any(name == "tailor.yaml" for _, name in uploads)


def test_a_recipe_that_comes_late_starts_a_run_of_its_own() -> None:
    first, second = runs_of([(0, "a.csv"), (30, "tailor.yaml")])
    assert (first.has_recipe, second.has_recipe) == (False, True)


@pytest.mark.parametrize("seed", range(40))
def test_messages_in_any_order_end_in_a_run_on_all_that_was_uploaded(seed: int) -> None:
    """All times are drawn. There is no recipe, or it is the last of all; there may be runs on less before that."""
    order = random.Random(seed)
    uploads: list[Upload] = [(order.uniform(0, 60), f"{n}.csv") for n in range(order.randint(1, 6))]
    uploads += [(order.uniform(0, 60), f"images/{n}.png") for n in range(3)]
    uploads.append((max(at for at, _ in uploads) + 1, "tailor.yaml" if order.random() < 0.5 else "z.csv"))
    runs_of(uploads, order, copies=order.randint(1, 2))
