"""However many shards check a dataset, and whatever happens to them, the result is the same to the byte."""

import errno
import json
import random
import shutil
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tailor import catalog
from tailor.datasets import shards as sharding
from tailor.datasets.intake import Assignment, Intake
from tailor.datasets.scratch import NoRoomError, enough_room
from tailor.datasets.shards import Shards, Weight, shards_for, weigh, workers_of
from tailor.recipe import Recipe
from tailor.storage import FolderStorage
from tests.unit.evaluation.fakes import BucketFolder

from .conftest import chats, converse, picture, write_jsonl

QUESTIONS, PICTURES = 640, 40


class Counted(BucketFolder):
    """Counts how often each object is read whole."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.fetched: Counter[str] = Counter()

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if length is None:
            self.fetched[key] += 1
        return super().read(key, start, length)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Text with broken rows, rows to be repaired and habits that are noted; pictures that rows all over the file share,
    named by their base names and found by id; an archive with pictures to be converted."""
    root = tmp_path_factory.mktemp("bucket")
    folder = root / "uploads/p/d"
    (folder / "pictures").mkdir(parents=True)
    unsound = [converse("", "no question"), converse("padded ", " answer "), converse("mail a@b.example.com", "x")]
    rows = [*chats(500), *(row for row in unsound for _ in range(60)), *chats(90)]
    rows = [row | {"stray": n} if n % 50 == 7 else row for n, row in enumerate(rows)]
    write_jsonl(folder / "a.jsonl", rows)
    with (folder / "a.jsonl").open("a") as file:
        file.write('\n{"messages": [\n' * 20)
    order = random.Random(3).sample(range(QUESTIONS), QUESTIONS)
    lines = ["question,answer,image"]
    for n in order:
        name = f"{n % PICTURES}" if n % 10 == 3 else f"wrong/{n % PICTURES:03d}.png" if n % 4 else f"none-{n % 3}.png"
        lines.append(f"Câu {n} hỏi gì?,đáp {n % 9},{name}")
    (folder / "b.csv").write_text("\n".join(lines), "utf-8")
    for n in range(PICTURES):
        (folder / "pictures" / f"{n:03d}.png").write_bytes(picture(n // 2, mode="P" if n % 4 == 1 else "RGB"))
    with zipfile.ZipFile(folder / "c.zip", "w") as packed:
        rows_in_zip = [f"Packed {n}?,it is {n},{n % 5}.bmp" for n in range(260)]
        packed.writestr("rows.csv", "\n".join(["question,answer,image", *rows_in_zip]))
        for n in range(5):
            packed.writestr(f"{n}.bmp", picture(100 + n, format="BMP"))
    return root


class Bench:
    """The dataset, prepared in one way after the other; each has an output of its own."""

    def __init__(self, bucket: Path, place: Path) -> None:
        self.place, self.storage = place, Counted(bucket)

    def intake(self, output: str) -> Intake:
        scratch = self.place / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        storage, model = self.storage, catalog.model("nova-lite")
        out = BucketFolder(self.place / output)
        return Intake(Assignment(storage, "uploads/p/d/", out, "runs/r/", Recipe(), model, None, scratch))

    def alone(self, workers: int) -> dict[str, bytes]:
        with self.intake("alone") as intake:
            intake.finish(intake.check(workers), write_unusable=True)
        return self.written("alone")

    def shards(self, count: int, each: int = 1) -> Shards:
        return Shards(FolderStorage(self.place / f"work-{count}"), "work/r/", count, each, self.place / "scratch")

    def check(self, shards: Shards, number: int) -> None:
        with self.intake("sharded") as intake:
            shards.check(number, intake)

    def together(self, shards: Shards) -> dict[str, bytes]:
        assert not shards.missing()
        with self.intake("sharded") as intake:
            intake.finish(shards.parts, write_unusable=True)
        return self.written("sharded")

    def written(self, output: str) -> dict[str, bytes]:
        root = self.place / output
        found = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        shutil.rmtree(root)
        return found


@pytest.fixture
def bench(bucket: Path, tmp_path: Path) -> Bench:
    return Bench(bucket, tmp_path)


@pytest.fixture(scope="module")
def expected(bucket: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return Bench(bucket, tmp_path_factory.mktemp("expected")).alone(1)


def test_the_dataset_holds_all_that_could_come_out_differently(expected: dict[str, bytes]) -> None:
    report = json.loads(expected["runs/r/report/report.json"])
    codes = {json.loads(line)["code"] for line in expected["runs/r/report/findings.jsonl"].splitlines()}
    assert {"media-by-name", "media-by-id", "media-missing", "image-converted", "same-media"} <= codes
    assert {"bad-json", "empty-text", "unknown-key", "blank-line", "personal-email", "duplicate-row"} <= codes
    assert report["counts"]["fixes"] > 0
    assert sum(name.startswith("runs/r/prepared/media/") for name in expected) >= 5


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the test runner itself has threads
@pytest.mark.parametrize("workers", [2, 3])
def test_workers_write_what_one_writes(bench: Bench, expected: dict[str, bytes], workers: int) -> None:
    assert bench.alone(workers) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_write_what_one_function_writes(bench: Bench, expected: dict[str, bytes], count: int) -> None:
    shards = bench.shards(count)
    for number in reversed(range(count)):
        bench.storage.fetched.clear()
        bench.check(shards, number)
        assert max(bench.storage.fetched.values()) == 1, "a shard fetches an object once"
    assert bench.together(shards) == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_shards_of_two_workers_do_too(bench: Bench, expected: dict[str, bytes]) -> None:
    shards = bench.shards(2, each=2)
    for number in range(2):
        bench.check(shards, number)
    assert bench.together(shards) == expected


def test_a_shard_that_was_cut_short_is_missing_and_can_be_checked_again(
    bench: Bench, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = bench.shards(3)
    for number in (0, 2):
        bench.check(shards, number)
    uploads = iter(range(100))
    with monkeypatch.context() as patch:

        def killed(self: FolderStorage, key: str, path: Path, content_type: str = "") -> None:
            if next(uploads) == 2:
                raise KeyboardInterrupt
            self.write(key, path.read_bytes())

        patch.setattr(FolderStorage, "upload", killed)
        with pytest.raises(KeyboardInterrupt):
            bench.check(shards, 1)
    assert shards.missing() == [1]
    for number in (1, 0):
        bench.check(shards, number)
    assert bench.together(shards) == expected


def test_what_another_code_or_another_deal_left_is_not_taken(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = bench.shards(2)
    bench.check(shards, 0)
    assert shards.missing() == [1]
    assert Shards(shards.storage, shards.folder, 3, 1, shards.scratch).missing() == [0, 1, 2]
    monkeypatch.setattr(sharding, "code_stamp", lambda: "01234567")
    assert shards.missing() == [0, 1]


def test_a_disk_that_is_too_small_is_a_finding(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tailor.datasets.rows.RowPass._take", full)
    with bench.intake("alone") as intake, pytest.raises(NoRoomError):
        intake.check(1)
    shards = bench.shards(2)
    bench.check(shards, 1)
    problem = shards.problem()
    assert problem is not None
    assert problem.code == "no-room"
    assert "fewer rows" in problem.fix


def test_so_is_a_database_that_can_not_grow(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "database")) as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count={pages + 1}")
        with pytest.raises(NoRoomError), enough_room():
            database.execute("CREATE TABLE more (text TEXT)")


def test_other_trouble_is_not_taken_for_want_of_room() -> None:
    with pytest.raises(PermissionError), enough_room():
        raise PermissionError(errno.EACCES, "no")


def test_the_size_alone_decides_and_the_same_for_all(bench: Bench) -> None:
    with bench.intake("alone") as intake:
        weight, each = weigh(intake.reader), workers_of(intake.reader)
    sizes = {file.name: file.size for file in intake.reader.files}
    assert set(sizes) == {"a.jsonl", "b.csv", "c.zip/rows.csv"}
    assert weight.text == sum(sizes.values())
    assert each == 1
    assert 0 < weight.seconds < 2


@pytest.mark.parametrize(
    ("weight", "shards"),
    [
        (Weight(seconds=300, text=1), 0),
        (Weight(seconds=301, text=1), 8),
        (Weight(seconds=4000, text=1), 20),
        (Weight(seconds=1, text=40_000_000_000), 12),
        (Weight(seconds=1e9, text=1), sharding.MOST_SHARDS),
        (Weight(seconds=720, text=94_000_000, media=72_000), 24),  # a million questions, in any order
        (Weight(seconds=400, text=94_000_000, media=40_000), 8),  # one shard could fetch all of them
    ],
)
def test_how_many_shards(weight: Weight, shards: int) -> None:
    assert shards_for(weight, above=300, functions=8) == shards
