"""However many shards check a dataset, and whatever happens to them, the result is the same to the byte."""

import errno
import json
import random
import shutil
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tailor import catalog
from tailor.datasets.prepare import (
    Assignment,
    Intake,
    NoRoomError,
    ShardPlan,
    WorkEstimate,
    disk_full_as_error,
    estimate_work,
    media_outside,
    plan_shards,
)
from tailor.datasets.prepare.cost import MOST_SHARDS
from tailor.datasets.scale import Shards, Task, media_shards, workers_of
from tailor.datasets.scale import shards as sharding
from tailor.errors import RetryableError
from tailor.recipe import Recipe
from tailor.storage import FolderStorage
from tests.unit.datasets.conftest import chats, converse, picture, write_jsonl
from tests.unit.evaluation.fakes import BucketFolder

QUESTIONS, PICTURES = 320, 40


SHOWN = {f"uploads/p/d/pictures/{n % PICTURES:03d}.png" for n in range(QUESTIONS) if n % 10 == 3 or n % 4}
SHOWN |= {"uploads/p/d/pictures/000.png", *(f"{n}.bmp" for n in range(5))}
SHOWN.remove("uploads/p/d/pictures/003.png")  # "3" means 3.bmp
OUTSIDE = "uploads/p/shared/logo.png"
UNSHOWN = "uploads/p/d/pictures/nobody-shows-this.png"


class Counted(BucketFolder):
    """Counts how often each media object is read: stored ones as a whole, members of an archive by their places.
    ``trouble`` is raised where the object ``troubled`` is read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.fetched: Counter[str] = Counter()
        self.troubled, self.trouble = "", RetryableError("slow down")
        with zipfile.ZipFile(root / "uploads/p/d/c.zip") as packed:
            members = [info for info in packed.infolist() if info.filename.endswith(".bmp")]
        self._members = {("uploads/p/d/c.zip", info.header_offset): info.filename for info in members}

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if key == self.troubled:
            raise self.trouble
        if length is None and not key.endswith(".zip"):
            self.fetched[key] += 1
        elif (key, start) in self._members:
            self.fetched[self._members[key, start]] += 1
        with super().open(key) as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def open(self, key: str) -> BinaryIO:
        if "/shared/" in key:
            self.fetched[f"looked for {key}"] += 1
        return super().open(key)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Text with broken rows, rows to be repaired and habits that are noted; pictures that rows all over the file share,
    named by their base names and found by id; an archive with pictures to be converted."""
    root = tmp_path_factory.mktemp("bucket")
    folder = root / "uploads/p/d"
    (folder / "pictures").mkdir(parents=True)
    unsound = [converse("", "no question"), converse("padded ", " answer "), converse("mail a@b.example.com", "x")]
    rows = [*chats(220), *(row for row in unsound for _ in range(25)), *chats(40)]
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
        rows_in_zip = [f"Packed {n}?,it is {n},{n % 5}.bmp" for n in range(130)]
        packed.writestr("rows.csv", "\n".join(["question,answer,image", *rows_in_zip]))
        for n in range(5):
            packed.writestr(f"{n}.bmp", picture(100 + n, format="BMP"))
    (root / UNSHOWN).write_bytes(picture(77))
    (root / OUTSIDE).parent.mkdir()
    (root / OUTSIDE).write_bytes(picture(78))
    write_jsonl(folder / "d.jsonl", [shown(n) for n in range(170)])
    return root


def shown(n: int) -> dict[str, Any]:
    """Objects by S3 URI, one of them outside of the folder and one that is not there; some rows claim other formats, or
    that a picture is a video."""
    key = (OUTSIDE, "uploads/p/shared/none.png", "uploads/p/d/pictures/000.png", "uploads/p/d/pictures/002.png")[n % 4]
    format = {7: "jpg", 8: "PNG"}.get(n // 4 % 11, "png")
    location = {"format": format, "source": {"s3Location": {"uri": f"s3://bucket/{key}"}}}
    row = converse(f"What is shown by {n}?", f"It is {n}.")
    row["messages"][0]["content"].append({"video" if n % 44 == 14 or n in (2, 150) else "image": location})
    return row


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

    def shards(self, count: int, each: int = 1, parts: int | None = None) -> Shards:
        plan = ShardPlan(count, count if parts is None else parts)
        return Shards(FolderStorage(self.place / f"work-{count}"), "work/r/", plan, each, self.place / "scratch")

    def do(self, shards: Shards, task: Task, *numbers: int) -> None:
        for number in numbers:
            if left := shards.remaining(task, number):
                with self.intake("sharded") as intake:
                    left(intake)

    def fetch_media(self, shards: Shards) -> None:
        self.do(shards, "name", *range(shards.plan.shards))
        self.do(shards, "fetch", *reversed(range(shards.plan.media_buckets)))

    def check(self, shards: Shards, number: int) -> None:
        self.do(shards, "check", number)

    def together(self, shards: Shards) -> dict[str, bytes]:
        assert not shards.missing()
        with self.intake("sharded") as intake:
            intake.finish(shards.outputs, write_unusable=True)
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
    assert {"bad-json", "empty-text", "not-used", "blank-line", "personal-email", "duplicate-row"} <= codes
    assert report["counts"]["fixes"] > 0
    assert sum(name.startswith("runs/r/prepared/media/") for name in expected) >= 5


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the test runner itself has threads
def test_workers_write_what_one_writes(bench: Bench, expected: dict[str, bytes]) -> None:
    assert bench.alone(3) == expected


@pytest.mark.parametrize(("count", "parts"), [(1, 1), (2, 3), (5, 2)])
def test_shards_write_what_one_function_writes_and_fetch_each_object_once(
    bench: Bench, expected: dict[str, bytes], count: int, parts: int
) -> None:
    shards = bench.shards(count, parts=parts)
    bench.do(shards, "name", *range(count))
    assert not bench.storage.fetched, "to know what rows show, nothing is fetched"
    bench.do(shards, "fetch", *range(parts))
    looked_for = {f"looked for {key}" for key in (OUTSIDE, "uploads/p/shared/none.png")}
    assert bench.storage.fetched == dict.fromkeys(SHOWN | looked_for | {OUTSIDE}, 1)
    for number in reversed(range(count)):
        bench.check(shards, number)
    assert set(bench.storage.fetched.values()) == {1}, "rows take what was found out"
    assert bench.together(shards) == expected


def test_one_function_fetches_each_object_once_however_many_there_are(
    bench: Bench, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailor.datasets.media.resolver._REMEMBERED", 5)
    assert bench.alone(1) == expected
    looked_for = {f"looked for {key}" for key in (OUTSIDE, "uploads/p/shared/none.png")}
    assert bench.storage.fetched == dict.fromkeys(SHOWN | looked_for | {OUTSIDE}, 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_shards_of_two_workers_do_too(bench: Bench, expected: dict[str, bytes]) -> None:
    shards = bench.shards(2, each=2)
    bench.fetch_media(shards)
    before = bench.storage.fetched.total()
    for number in range(2):
        bench.check(shards, number)
    assert bench.storage.fetched.total() == before
    assert bench.together(shards) == expected


def test_without_media_that_are_known_each_shard_fetches_its_own(bench: Bench, expected: dict[str, bytes]) -> None:
    shards = bench.shards(2, parts=0)
    for number in range(2):
        bench.storage.fetched.clear()
        bench.check(shards, number)
        assert max(bench.storage.fetched.values()) == 1
    assert bench.together(shards) == expected


def test_what_of_the_media_is_lost_is_fetched_with_the_rows(bench: Bench, expected: dict[str, bytes]) -> None:
    shards = bench.shards(3)
    bench.do(shards, "name", 0, 2)
    bench.do(shards, "fetch", 1)
    known = {identity for identity, _ in shards.media.known()}
    fetched = bench.storage.fetched.copy()
    assert 5 < len(known) < PICTURES
    for number in range(3):
        bench.check(shards, number)
    again = {name for name, count in bench.storage.fetched.items() if fetched[name] and count > fetched[name]}
    assert not again, "what is known is not fetched again"
    assert bench.together(shards) == expected


def test_media_that_can_not_be_read_now_are_tried_again_alone(bench: Bench, expected: dict[str, bytes]) -> None:
    shards = bench.shards(2, parts=1)
    bench.do(shards, "name", 0, 1)
    bench.storage.troubled = "uploads/p/d/pictures/039.png"
    with pytest.raises(RetryableError):
        bench.do(shards, "fetch", 0)
    left = shards.media.missing(0)
    assert "image:pictures/039.png" in left
    assert len(left) < PICTURES, "what was read is kept"
    bench.storage.troubled = ""
    bench.do(shards, "fetch", 0, 0, 0)
    for number in range(2):
        bench.check(shards, number)
    assert max(bench.storage.fetched.values()) == 1
    assert bench.together(shards) == expected


def test_two_functions_at_the_same_part_do_no_harm(bench: Bench, expected: dict[str, bytes]) -> None:
    shards = bench.shards(2)
    bench.do(shards, "name", 0, 1)
    for part in range(2):
        tasks = [shards.remaining("fetch", part), shards.remaining("fetch", part)]
        for task in tasks:
            assert task is not None
            with bench.intake("sharded") as intake:
                task(intake)
    for number in range(2):
        bench.check(shards, number)
    assert bench.together(shards) == expected


def test_a_function_that_is_killed_goes_on_from_what_it_kept(
    bench: Bench, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_shards, "KEPT_AT_ONCE", 8)
    shards = bench.shards(2, parts=1)
    bench.do(shards, "name", 0, 1)
    named = len(shards.media.missing(0))
    writes = iter(range(100))
    with monkeypatch.context() as patch:

        def killed(self: FolderStorage, key: str, data: bytes, content_type: str = "") -> None:
            if "/found/" in key and next(writes) == 2:
                raise KeyboardInterrupt
            original(self, key, data, content_type)

        original = FolderStorage.write
        patch.setattr(FolderStorage, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            bench.do(shards, "fetch", 0)
    assert len(shards.media.missing(0)) == named - 2 * 8
    bench.do(shards, "fetch", 0)
    fetched = sorted(bench.storage.fetched.values())
    assert 0 < fetched.count(2) <= 9, "eight objects, one of which was looked for too"
    for number in range(2):
        bench.check(shards, number)
    assert sorted(bench.storage.fetched.values()) == fetched
    assert bench.together(shards) == expected


def test_a_shard_that_was_cut_short_is_missing_and_can_be_checked_again(
    bench: Bench, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = bench.shards(3, parts=1)
    bench.fetch_media(shards)
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
    bench.fetch_media(shards)
    bench.check(shards, 0)
    assert shards.missing() == [1]
    assert shards.remaining("name", 0) is None
    assert list(shards.media.known())
    other = replace(shards, plan=ShardPlan(3, 2))
    assert other.missing() == [0, 1, 2]
    assert not list(other.media.known())
    monkeypatch.setattr(sharding, "code_stamp", lambda: "01234567")
    assert shards.missing() == [0, 1]
    assert shards.remaining("name", 0)
    assert not list(shards.media.known())


def test_a_disk_that_is_too_small_is_a_finding(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tailor.datasets.prepare.row_pass.RowPass._take", full)
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
        with pytest.raises(NoRoomError), disk_full_as_error():
            database.execute("CREATE TABLE more (text TEXT)")


def test_other_trouble_is_not_taken_for_want_of_room() -> None:
    with pytest.raises(PermissionError), disk_full_as_error():
        raise PermissionError(errno.EACCES, "no")


def test_the_size_alone_decides_and_the_same_for_all(bench: Bench) -> None:
    with bench.intake("alone") as intake:
        estimate = estimate_work(intake.reader)
    sizes = {file.name: file.size for file in intake.reader.files}
    assert set(sizes) == {"a.jsonl", "b.csv", "c.zip/rows.csv", "d.jsonl"}
    assert estimate.text == sum(sizes.values())
    assert 0 < estimate.rows < estimate.media < estimate.seconds < 2


@pytest.mark.parametrize("shared", [True, False])
def test_objects_that_rows_name_outside_of_the_folder_have_their_weight(
    tmp_path: Path, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example Converse rows that point to pictures which several datasets of a project share."""
    monkeypatch.setattr("tailor.datasets.prepare.preparation._WORTH_WORKERS", 0)
    monkeypatch.setattr("os.process_cpu_count", lambda: 2)
    folder = tmp_path / "uploads/p" / "d"
    folder.mkdir(parents=True)
    rows = [shown(4 * n) for n in range(6000)]
    for n, row in enumerate(rows):
        uri = f"s3://bucket/uploads/{'p' if shared else 'q'}/shared/{n % 3000}.png"
        row["messages"][0]["content"][1]["image"]["source"]["s3Location"]["uri"] = uri
    write_jsonl(folder / "rows.jsonl", rows)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    storage, model = BucketFolder(tmp_path), catalog.model("nova-lite")
    with Intake(Assignment(storage, "uploads/p/d/", storage, "runs/r/", Recipe(), model, None, scratch)) as intake:
        named, plan = media_outside(intake.reader), plan_shards(estimate_work(intake.reader), above=0, functions=8)
        assert 3000 <= named < 12_000 if shared else named == 0
        assert plan == ShardPlan(8, 8 if shared else 0)
        assert intake.worthwhile_workers() == (1 if shared else 2)


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (WorkEstimate(rows=300, media=0, text=1), None),
        (WorkEstimate(rows=200, media=100, text=1), None),
        (WorkEstimate(rows=301, media=0, text=1), ShardPlan(shards=8, media_buckets=0)),
        (WorkEstimate(rows=200, media=101, text=1), ShardPlan(shards=8, media_buckets=8)),
        (WorkEstimate(rows=4000, media=0, text=1), ShardPlan(shards=20, media_buckets=0)),
        (WorkEstimate(rows=1, media=0, text=40_000_000_000), ShardPlan(shards=12, media_buckets=0)),
        (WorkEstimate(rows=1e9, media=1e9, text=1), ShardPlan(MOST_SHARDS, MOST_SHARDS)),
        (WorkEstimate(rows=9.4, media=2000, text=94_000_000), ShardPlan(shards=8, media_buckets=10)),
    ],
)
def test_how_many_shards_and_parts(estimate: WorkEstimate, expected: ShardPlan | None) -> None:
    assert plan_shards(estimate, above=300, functions=8) == expected


def test_media_keep_a_function_busy_and_text_is_worth_another_core() -> None:
    assert (workers_of(ShardPlan(8, 8)), workers_of(ShardPlan(8, 0))) == (1, 2)
