"""Folders that change after their run began: in each state a right and stated end, and nothing trained unquoted."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor.errors import ConflictError
from tailor.names import DatasetPath
from tailor.notices.messages import message_for
from tailor.runs import NOT_BEGUN, Run, State
from tailor.steps.folders import fingerprint
from tailor.steps.opening import QuietFolder, open_run
from tailor.steps.superseding import end_without_dataset, supersede_others
from tests.unit.steps.fakes import NOW, QUOTE, DatedStorage, a_run
from tests.unit.steps.setting import JOB, Setting

PREFIX = "uploads/colours/scenes/"
FILES = ("data.csv", "tailor.yaml", "1.png", "2.png")
LATER = NOW + timedelta(hours=1)

TRAINS = [State.TRAINING, State.TRAINED, State.DEPLOYING, State.DEPLOYED, State.EVALUATING]
DONE = [State.PASSED, State.FAILED, State.LIVE, State.STANDBY, State.RETIRED]


class Bucket(DatedStorage):
    """A folder with a data file, a recipe and two pictures; a file's content is its entity tag."""

    def __init__(self) -> None:
        super().__init__()
        for name in FILES:
            self.put(PREFIX + name, "e", NOW)


@pytest.fixture
def setting(setting: Setting) -> Setting:
    setting.bucket = Bucket()
    return setting


def look(setting: Setting, after: timedelta = timedelta(hours=1)) -> Run:
    """Look at the quiet folder; return the run of what it holds."""
    files = list(setting.bucket.current(PREFIX))
    path, changed_at = DatasetPath("colours", "scenes", ""), max(file.modified for file in files)
    folder = QuietFolder(path, files, changed_at)
    open_run(folder, stack="tailor", bucket=setting.bucket, runs=setting.runs, now=NOW + after)
    mark = fingerprint(PREFIX, list(files))
    [run] = [run for run in setting.runs.items.values() if run.fingerprint == mark]
    return run


def first(setting: Setting, state: State) -> Run:
    """A run of the folder as it is, that came to ``state``."""
    run = look(setting, timedelta())
    came = a_run(state, run.id, fingerprint=run.fingerprint, quote=QUOTE, job={"arn": JOB})
    setting.runs.items[run.id] = came.model_copy(update={"revision": run.revision})
    return setting.runs.get(run.id)


CHANGES = {
    "the data file is overwritten": lambda bucket: bucket.put(f"{PREFIX}data.csv", "other", LATER),
    "the recipe is replaced": lambda bucket: bucket.put(f"{PREFIX}tailor.yaml", "other", LATER),
    "the recipe is deleted": lambda bucket: bucket.remove(f"{PREFIX}tailor.yaml"),
    "a picture is overwritten": lambda bucket: bucket.put(f"{PREFIX}1.png", "other", LATER),
    "a picture is deleted": lambda bucket: bucket.remove(f"{PREFIX}2.png"),
    "a picture follows": lambda bucket: bucket.put(f"{PREFIX}3.png", "e", LATER),
}


@pytest.mark.parametrize("state", [*sorted(NOT_BEGUN), *TRAINS, *DONE])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_folder_supersedes_what_has_not_begun_to_train(setting: Setting, state: State, change: str) -> None:
    run = first(setting, state)
    CHANGES[change](setting.bucket)
    newer = look(setting)
    assert newer.state == State.RECEIVED
    old = setting.runs.get(run.id)
    if state in NOT_BEGUN:
        assert (old.state, old.history[-1].by) == (State.SUPERSEDED, "settle")
        assert newer.id in old.history[-1].reason
        told = message_for(old, old.history[-1])
        assert (told is None) == (state in {State.RECEIVED, State.PREPARING})
    else:
        assert (old.state, old.newer) == (state, newer.id if state in TRAINS else "")
    assert look(setting).revision == newer.revision, "a second look changes nothing"
    assert setting.runs.get(run.id) == old


@pytest.mark.parametrize("state", [*sorted(NOT_BEGUN), *TRAINS, *DONE])
@pytest.mark.parametrize(
    ("gone", "words"), [(FILES, "was deleted"), (FILES[:2], "was changed, and holds no dataset any more")]
)
def test_a_folder_without_a_dataset_ends_what_has_not_begun_to_train(
    setting: Setting, state: State, gone: tuple[str, ...], words: str
) -> None:
    run = first(setting, state)
    setting.bucket.remove(*(PREFIX + name for name in gone))
    ended = end_without_dataset(PREFIX, "colours", bucket=setting.bucket, runs=setting.runs, now=LATER)
    old = setting.runs.get(run.id)
    assert ended == ([old] if state in NOT_BEGUN else [])
    assert old.state == (State.STOPPED if state in NOT_BEGUN else state)
    if state in NOT_BEGUN:
        told = message_for(old, old.history[-1])
        assert told is not None
        assert f"Its folder {PREFIX} {words}" in told.text
        assert "Nothing was spent on training" in told.text
        for name in FILES:  # the same content comes back
            setting.bucket.put(PREFIX + name, "e", LATER + timedelta(hours=1))
        assert look(setting).id == run.id
        assert setting.runs.get(run.id).state in {State.RECEIVED, State.PREPARED}


def test_a_run_whose_folder_holds_its_content_again_is_taken_up_again_and_supersedes_the_other(
    setting: Setting,
) -> None:
    run = first(setting, State.AWAITING_APPROVAL)
    setting.bucket.put(f"{PREFIX}1.png", "other", NOW)
    other = look(setting)
    setting.bucket.put(f"{PREFIX}1.png", "e", NOW)
    again = look(setting)
    assert (again.id, again.state) == (run.id, State.PREPARED)
    assert setting.runs.get(other.id).state == State.SUPERSEDED
    setting.bucket.put(f"{PREFIX}1.png", "other", NOW)
    assert (look(setting).id, setting.runs.get(run.id).state) == (other.id, State.SUPERSEDED)


def test_a_folder_without_other_runs_is_listed_once(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    look(setting)
    monkeypatch.setattr(setting.bucket, "list", None)
    supersede_others(*setting.runs.items.values(), bucket=setting.bucket, runs=setting.runs, now=LATER)


def test_what_changes_while_a_folder_is_looked_at_ends_no_run(setting: Setting) -> None:
    run = first(setting, State.APPROVED)
    files = list(setting.bucket.current(PREFIX))
    stale = [replace(files[0], etag="stale"), *files[1:]]
    folder = QuietFolder(DatasetPath("colours", "scenes", ""), stale, NOW)
    open_run(folder, stack="tailor", bucket=setting.bucket, runs=setting.runs, now=LATER)
    assert setting.runs.get(run.id).state == State.APPROVED
    end_without_dataset(PREFIX, "colours", bucket=setting.bucket, runs=setting.runs, now=LATER)
    assert setting.runs.get(run.id).state == State.APPROVED


def test_a_superseded_run_can_not_be_approved_and_says_why(setting: Setting) -> None:
    run = first(setting, State.AWAITING_APPROVAL)
    setting.bucket.put(f"{PREFIX}1.png", "other", LATER)
    newer = look(setting)
    with pytest.raises(ConflictError, match=f"is superseded: .* run {newer.id} has what it holds now"):
        setting.approve(run)
    with pytest.raises(ConflictError, match="no longer holds what"):
        setting.retry(run)


def test_a_run_whose_successor_was_rejected_can_be_taken_up_and_stays(setting: Setting) -> None:
    run = first(setting, State.AWAITING_APPROVAL)
    setting.bucket.put(f"{PREFIX}data.csv", "broken", LATER)
    newer = look(setting)
    checked = setting.runs.get(newer.id).moved(State.PREPARING, by="prepare", now=LATER)
    with pytest.raises(ConflictError, match="no longer holds what"):
        setting.retry(setting.runs.get(run.id))
    setting.runs.save(setting.runs.save(checked).moved(State.REJECTED, by="prepare", now=LATER))
    again = setting.retry(setting.runs.get(run.id))
    assert (again.state, again.quote) == (State.PREPARED, run.quote)
    assert look(setting).id == newer.id, "a message that comes late, or another look at the same folder"
    assert setting.runs.get(run.id).state == State.PREPARED
    setting.bucket.put(f"{PREFIX}data.csv", "mended", LATER + timedelta(hours=1))
    mended = look(setting)
    assert (mended.state, setting.runs.get(run.id).state) == (State.RECEIVED, State.SUPERSEDED)


def test_a_run_that_was_not_prepared_is_not_taken_up_when_its_successor_was_rejected(setting: Setting) -> None:
    run = first(setting, State.RECEIVED)
    setting.bucket.put(f"{PREFIX}data.csv", "broken", LATER)
    newer = look(setting).moved(State.PREPARING, by="prepare", now=LATER)
    setting.runs.save(setting.runs.save(newer).moved(State.REJECTED, by="prepare", now=LATER))
    with pytest.raises(ConflictError, match="no longer holds what"):
        setting.retry(setting.runs.get(run.id))


def test_the_notices_of_a_run_that_trains_name_the_run_with_newer_data(setting: Setting) -> None:
    run = first(setting, State.TRAINING)
    setting.bucket.put(f"{PREFIX}data.csv", "other", LATER)
    newer = look(setting)
    trained = setting.runs.get(run.id).moved(State.TRAINED, by="track", now=LATER)
    told = message_for(trained, trained.history[-1])
    assert told is not None
    assert f"run {newer.id} has the newer data" in told.text


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(FILES), st.sampled_from(["e", "other", "third"])),
        st.tuples(st.just("remove"), st.sampled_from(FILES[1:]), st.just("")),
        st.tuples(st.just("look"), st.just(""), st.just("")),
        st.tuples(st.just("move"), st.just(""), st.sampled_from(["prepare", "quote", "train"])),
    ),
    max_size=25,
)


@given(OPERATIONS)
def test_whatever_happens_only_the_run_of_what_lies_there_may_begin(operations: list[tuple[str, str, str]]) -> None:
    setting = Setting()
    moves = {"prepare": (State.RECEIVED, State.PREPARING), "quote": (State.PREPARING, State.PREPARED)}
    moves["train"] = (State.PREPARED, State.TRAINING)
    setting.bucket = Bucket()
    for what, name, value in [*operations, ("look", "", "")]:
        if what == "put":
            setting.bucket.put(PREFIX + name, value, NOW)
        elif what == "remove" and PREFIX + name in setting.bucket.files:
            setting.bucket.remove(PREFIX + name)
        elif what == "look":
            current = look(setting)
        elif what == "move":
            before, after = moves[value]
            for run in [run for run in setting.runs.items.values() if run.state == before]:
                setting.runs.save(run.moved(after, by="test", now=NOW))
    runs = setting.runs.items.values()
    assert {run.id for run in runs if run.state in NOT_BEGUN} <= {current.id}
    assert current.state not in {State.SUPERSEDED, State.STOPPED}
    newer = {run.id: run.newer for run in runs if run.state == State.TRAINING}
    assert all(told == ("" if run_id == current.id else current.id) for run_id, told in newer.items())
