"""From a folder that got quiet to a run of what lies there, or an answer."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.file_kinds import DATA_SUFFIXES, DOCUMENTS
from tailor.names import NAME
from tailor.recipe import Recipe
from tailor.runs import Run, State
from tailor.steps.filling import LONGEST
from tailor.steps.folders import fingerprint
from tests.unit.steps.fakes import NOW, DatedStorage, MemoryRuns, MemoryWakeUps
from tests.unit.steps.uploads import QUIET, Uploads, message

PREFIX = "uploads/colours/scenes/"
SECOND = timedelta(seconds=1)
DUE_AFTER = timedelta(minutes=3)


class Bucket(DatedStorage):
    """A listing, and a recipe's text."""

    recipe = ""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: dict[str, datetime] = {}

    def content(self, key: str) -> bytes:
        return self.recipe.encode()

    def coming(self, prefix: str) -> Iterator[datetime]:
        yield from (begun for key, begun in self.under_way.items() if key.startswith(prefix))


class Change(NamedTuple):
    """Something that a team does, ``after`` seconds; the event about it arrives so many seconds later, each time."""

    after: float
    file: str
    etag: str | None = "e"
    told: tuple[float, ...] = (1,)


def size_of(name: str) -> int:
    """Return 0 for marks that are empty and for what tests call empty."""
    if name.endswith("/_UPLOADING") or name == "_UPLOADING":
        return 1
    return 0 if name.rpartition("/")[2].startswith(("_", "empty")) else 1


class Upload(MemoryWakeUps):
    """One upload in simulated time: its events and wake-ups are lost, late and repeated as the test says; each minute,
    ``reconcile`` sends again what was lost."""

    def __init__(self, lost_wake_ups: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.bucket, self.runs, self.now = Bucket(), MemoryRuns(), NOW
        self.uploads = Uploads(self.bucket, self.runs)
        self.uploads.wake_ups = self
        self._lost, self._queue, self._order = (
            lost_wake_ups,
            list[tuple[datetime, int, Callable[[], object]]](),
            count(),
        )

    def send(self, folder: str, after: timedelta) -> None:
        if len(self.sent) not in self._lost:
            self.at(self.now + after, lambda: self.uploads.settle(folder, self.now))
        super().send(folder, after)

    def change(self, changes: Sequence[Change], prefix: str = PREFIX) -> "Upload":
        moment = NOW
        for change in changes:
            moment += change.after * SECOND
            self.at(moment, lambda change=change: self._put(prefix + change.file, change.etag))  # type: ignore[misc]
            size = size_of(change.file)
            kind = "Object Deleted" if change.etag is None else "Object Created"
            for delay in change.told:
                told = message(prefix + change.file, moment, size, kind)
                self.at(moment + delay * SECOND, lambda told=told: self._take(told))  # type: ignore[misc]
        return self

    def play(self) -> list[Run]:
        """Return the runs, the first one first, once nothing happens any more."""
        minute = NOW
        while self._queue or self.uploads.folders.filling():
            while self._queue and self._queue[0][0] <= minute:
                self.now, _, act = heapq.heappop(self._queue)
                act()
            self.now = minute
            for folder in self.uploads.folders.filling():
                if folder.quiet_at is not None and self.now - folder.quiet_at > DUE_AFTER:
                    self.uploads.settle(folder.folder, self.now)
            minute += timedelta(minutes=1)
            assert minute < NOW + timedelta(days=2), "it never ends"
        return list(self.runs.items.values())

    def at(self, moment: datetime, act: Callable[[], object]) -> None:
        heapq.heappush(self._queue, (moment, next(self._order), act))

    def _put(self, key: str, etag: str | None) -> None:
        if etag is None:
            self.bucket.files.pop(key, None)
        else:
            self.bucket.put(key, etag, self.now, size=size_of(key))

    def _take(self, told: dict[str, str]) -> None:
        assert not self.uploads.receive([told], self.now).failed

    def whole(self, prefix: str = PREFIX) -> str:
        return fingerprint(prefix, list(self.bucket.list(prefix)))

    @property
    def told(self) -> list[str]:
        return [answer.code for answer in self.uploads.answers.sent]


# ---------------------------------------------------------------------------- one run of all that was uploaded

TOLD = st.lists(st.floats(0, 3600), max_size=2).map(tuple)
FILES = st.sampled_from(["a.csv", "z.csv", "images/1.png", "images/2.png", "tailor.yaml", "AWSLogs/1/b.json.gz"])


@st.composite
def whole_uploads(draw: st.DrawFn, most: float) -> list[Change]:
    """Changes with pauses of at most ``most`` seconds. The last one is told at some time; a data file is there."""
    gaps, etags = st.floats(0, most), st.sampled_from("efg")
    changes = draw(st.lists(st.builds(Change, gaps, FILES, etags, TOLD), max_size=8))
    last = Change(draw(gaps), "data.csv", draw(etags), (*draw(TOLD), draw(st.floats(0, 3600))))
    return [*changes, last]


@settings(max_examples=50)
@given(st.lists(whole_uploads(QUIET - 2), min_size=1, max_size=3), st.frozensets(st.integers(0, 12)))
def test_any_upload_without_long_pauses_is_one_run_of_all_that_lies_there(
    uploads: list[list[Change]], lost: frozenset[int]
) -> None:
    """Whatever becomes of the events and the wake-ups: any order, lost, late by up to an hour, twice."""
    world = Upload(lost)
    prefixes = [f"uploads/colours/d{number}/" for number in range(len(uploads))]
    for prefix, changes in zip(prefixes, uploads, strict=True):
        world.change(changes, prefix)
    runs = world.play()
    assert sorted(run.prefix for run in runs) == prefixes
    assert all(run.fingerprint == world.whole(run.prefix) for run in runs)
    assert world.told == []


@settings(max_examples=40)
@given(whole_uploads(600), st.lists(st.sampled_from(["a.csv", "z.csv", "data.csv", "tailor.yaml"]), max_size=3))
def test_any_changes_at_all_end_in_a_run_of_what_lies_there_at_last(changes: list[Change], deleted: list[str]) -> None:
    """With pauses of ten minutes, overwritten and deleted files."""
    middle = [Change(20, name, None, (5,)) for name in deleted]
    world = Upload().change([*changes[:-1], *middle, changes[-1]])
    runs = world.play()
    assert world.whole() in {run.fingerprint for run in runs}


@pytest.mark.parametrize(
    "files",
    [
        [(0, "dev.jsonl"), (1, "tailor.yaml"), (26, "train.jsonl")],
        [(0, "data.csv"), *((0.1, f"images/{number}.png") for number in range(600))],
        [(0, "tailor.yaml"), (20, "a.csv"), (20, "b.csv")],
        [(0, "a.csv"), (20, "a.csv")],
    ],
    ids=["slow-second-file", "data-before-pictures", "recipe-first", "overwritten"],
)
def test_an_upload_is_one_run_on_the_whole_of_it(files: list[tuple[float, str]]) -> None:
    changes = [Change(after, name, f"e{number}") for number, (after, name) in enumerate(files)]
    world = Upload().change(changes)
    [run] = world.play()
    assert run.fingerprint == world.whole()


def test_what_comes_after_a_pause_makes_a_successor_and_the_next_pause_is_waited_for() -> None:
    late = [Change(0, "a.csv"), Change(40, "b.csv"), Change(70, "c.csv")]
    world = Upload().change(late)
    runs = world.play()
    assert len(runs) == 2, "after the pause of 40 s, one of 70 s is waited for"
    assert runs[-1].fingerprint == world.whole()


@pytest.mark.parametrize(("takes", "runs"), [(1800, 1), (7200, 2)])
def test_a_large_object_that_is_being_uploaded_is_waited_for_and_one_that_was_given_up_is_not(
    takes: float, runs: int
) -> None:
    world = Upload().change([Change(0, "dev.jsonl"), Change(takes, "train.jsonl")])
    world.bucket.under_way = {f"{PREFIX}train.jsonl": NOW + SECOND, "uploads/colours/another/a.csv": NOW}
    world.at(NOW + takes * SECOND, world.bucket.under_way.clear)
    found = world.play()
    assert len(found) == runs
    assert found[-1].fingerprint == world.whole()


def test_a_mark_starts_the_run_at_once_and_changes_nothing_about_it() -> None:
    world = Upload().change([Change(0, "a.csv"), Change(5, "_SUCCESS")])
    [run] = world.play()
    assert run.created_at - NOW <= 7 * SECOND
    world.change([Change(120, "_DONE")])
    assert world.play() == [run]
    assert world.told == []


@pytest.mark.parametrize(
    ("end", "told"), [(Change(9000, "_DONE"), []), (Change(30_000, "_UPLOADING", None), ["still-filling"])]
)
def test_nothing_starts_while_an_uploader_says_that_it_is_not_finished(end: Change, told: list[str]) -> None:
    world = Upload().change([Change(0, "_UPLOADING"), Change(1, "a.csv"), Change(8000, "b.csv"), end])
    [run] = world.play()
    assert run.created_at - NOW >= end.after * SECOND
    assert run.fingerprint == world.whole()
    assert world.told == told


def test_a_recipe_that_is_deleted_before_its_message_comes_keeps_nothing_from_starting() -> None:
    [run] = Upload().change([Change(0, "a.csv"), Change(1, "tailor.yaml"), Change(1, "tailor.yaml", None)]).play()
    assert not run.has_recipe


def test_the_same_content_again_is_answered_and_a_late_message_is_not() -> None:
    world = Upload().change([Change(0, "a.csv", told=(1, 4000))])
    [run] = world.play()
    assert world.told == []
    world.change([Change(7200, "a.csv")])
    assert world.play() == [run]
    assert world.told == ["same-content"]
    assert run.id in world.uploads.answers.sent[0].message


@pytest.mark.parametrize(
    "ending", [*DATA_SUFFIXES, *DOCUMENTS, ".CSV", ".Pdf", ".Jsonl", ".NDJSON", ".Tar.Gz", ".pArQuEt"]
)
def test_an_ending_starts_a_run_in_any_case_of_letters(ending: str) -> None:
    assert len(Upload().change([Change(0, f"parts/a{ending}")]).play()) == 1


@pytest.mark.parametrize("name", ["tailor.yaml", "Tailor.yaml", "tailor.yml", "TAILOR.YML"])
def test_a_recipe_is_read_under_each_of_its_names(name: str) -> None:
    world = Upload()
    world.bucket.recipe = "model: nova-pro"
    [run] = world.change([Change(0, "a.csv"), Change(0, name)]).play()
    assert (run.has_recipe, run.recipe.model) == (True, "nova-pro")


# ---------------------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        (["empty.csv"], "nothing-to-start", "empty.csv has no bytes"),
        (["a.doc", "empty.csv"], "nothing-to-start", "files of this kind are not read"),
        (["1.png", "x/2.JPG"], "nothing-to-start", "2 media files and no data file"),
        (["tailor.yaml"], "nothing-to-start", "tailor.yaml"),
        (["README.md", "LICENSE"], "nothing-to-start", "LICENSE, README.md"),
        (["a.csv", "tailor.yaml", "tailor.yml"], "two-recipes", "two recipes, tailor.yaml and tailor.yml"),
    ],
)
def test_a_folder_that_starts_nothing_is_answered_once(files: list[str], code: str, says: str) -> None:
    world = Upload().change([Change(0, name, told=(1, 2, 300)) for name in files])
    assert world.play() == []
    answers = {answer.id: answer for answer in world.uploads.answers.sent}
    [answer] = answers.values()
    assert answer.code == code
    assert says in answer.message
    assert answer.fix
    assert (answer.folder, answer.project, answer.dataset) == (PREFIX, "colours", "scenes")


@pytest.mark.parametrize(
    ("prefix", "code", "says"),
    [
        ("uploads/", "outside-dataset", "upload it as uploads/<project>/<dataset>/a.csv"),
        ("uploads/colours/", "outside-dataset", "upload it as uploads/colours/<dataset>/a.csv"),
        ("uploads/Màu Sắc/scenes/", "invalid-name", "mau-sac"),
        ("uploads/colours/Bộ 1/", "invalid-name", "bo-1"),
    ],
)
def test_a_place_where_no_dataset_can_be_is_answered(prefix: str, code: str, says: str) -> None:
    world = Upload().change([Change(0, "a.csv")], prefix)
    assert world.play() == []
    [answer] = world.uploads.answers.sent
    assert answer.code == code
    assert says in answer.fix
    assert NAME.fullmatch(answer.project)


def test_a_file_of_an_unknown_ending_is_looked_into_where_no_other_holds_data() -> None:
    """As `tailor check` does."""
    assert len(Upload().change([Change(0, "part-00000")]).play()) == 1


def test_a_folder_that_was_emptied_before_it_was_quiet_needs_no_answer() -> None:
    world = Upload().change([Change(0, "a.csv"), Change(1, "_DONE"), Change(0, "a.csv", None, told=(0.5,))])
    assert (world.play(), world.told) == ([], [])
    assert not world.uploads.folders.items, "nothing is kept of what is gone"


def test_a_folder_that_is_never_quiet_is_told_once() -> None:
    world = Upload().change([Change(20, f"{number % 50}.csv", f"e{number}") for number in range(1200)])
    [run] = world.play()
    assert run.fingerprint == world.whole()
    assert world.told == ["still-filling"]
    assert "6 hours" in world.uploads.answers.sent[0].message


# ---------------------------------------------------------------------------- what goes wrong


def test_a_look_that_is_overtaken_by_an_upload_is_followed_by_another_one() -> None:
    world = Upload().change([Change(0, "a.csv")])
    meanwhile = message(f"{PREFIX}b.csv", NOW + 31 * SECOND)

    def overtake() -> None:
        world.bucket.put(f"{PREFIX}b.csv", "e", NOW + 31 * SECOND)
        world.uploads.receive([meanwhile], world.now)

    world.uploads.folders.meanwhile += [lambda: None, overtake]
    runs = world.play()
    assert len(runs) == 2
    assert runs[-1].fingerprint == world.whole()


def test_wake_ups_for_folders_that_are_quiet_or_unknown_do_nothing() -> None:
    world = Upload().change([Change(0, "a.csv")])
    world.play()
    for folder in (PREFIX, "uploads/colours/none/"):
        assert world.uploads.settle(folder, world.now).run is None
    assert len(world.runs.items) == 1


def test_no_wait_is_longer_than_sqs_can_delay_a_message() -> None:
    world = Upload().change([Change(0, "a.csv"), Change(800, "b.csv"), Change(800, "c.csv", told=(2000,))])
    world.play()
    assert max(after for _, after in world.sent) <= LONGEST


RECIPES = [f"split: {{seed: {10**40}}}", "evaluation: {margin: 1.0e-200}", f"evaluation: {{max_rows: {10**50}}}"]
RECIPES += [
    f"split: {{seed: 0x{'f' * 5000}}}",
    "budget: {limit: 1e999999999}",
    'model: "\\ud800"',
    "data: {columns: {id: ''}}",
]
RECIPES += ["evaluation: {normaliser: {'': true}}", "evaluation: {margin: -0.0}", "patience: {stopping_hours: .nan}"]
RECIPES += ["modle: x"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_recipe_keeps_an_upload_from_becoming_a_run(recipe: str) -> None:
    world = Upload()
    world.bucket.recipe = recipe
    [run] = world.change([Change(0, "a.csv"), Change(0, "tailor.yaml")]).play()
    assert run.state == State.RECEIVED


def test_a_recipe_that_only_a_bug_or_a_table_refuses_still_becomes_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recipe, "read", lambda text: 1 / 0)
    [first] = Upload().change([Change(0, "a.csv"), Change(0, "tailor.yaml")]).play()
    monkeypatch.setattr(Recipe, "read", lambda text: (Recipe(description="\ud800"), []))
    [second] = Upload().change([Change(0, "a.csv"), Change(0, "tailor.yaml")]).play()
    assert first.recipe == second.recipe == Recipe()
