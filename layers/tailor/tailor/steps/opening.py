"""Open a run for the content of a folder that became quiet, and freeze that content.

The run's id comes from the content, so the same upload is one run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tailor.errors import ConflictError, LostRaceError, NotStorableError
from tailor.file_kinds import FileKind, kind_of, recipe_among
from tailor.names import DatasetPath, run_id, suggest_name
from tailor.recipe import Recipe
from tailor.recipe_text import MAX_BYTES
from tailor.runs import Run, RunStore, State, find, insist
from tailor.steps.again import ENDED_WITHOUT_MODEL, again
from tailor.steps.folders import fingerprint
from tailor.steps.frozen import freeze
from tailor.steps.superseding import supersede_others
from tailor.storage import Storage, StoredFile, StoredVersion, VersionedStorage

# S3 tells times to the second, and an event's may be a little before that of its object.
SAME_MOMENT = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class QuietFolder:
    """A dataset's folder that no longer changes.

    Attributes:
        path: the folder; its ``file`` is of no meaning.
        files: what lies there, in the versions that the run will be made of; without what :mod:`tailor.file_kinds`
            calls junk, and with one recipe at most.
        changed_at: when the last of it came, by S3's clock.
    """

    path: DatasetPath
    files: Sequence[StoredVersion]
    changed_at: datetime

    @property
    def prefix(self) -> str:
        return self.path.prefix

    @property
    def has_recipe(self) -> bool:
        return any(kind_of(file.key.removeprefix(self.prefix)) == FileKind.RECIPE for file in self.files)


@dataclass(frozen=True, slots=True)
class Opened:
    """The run of a folder's content. ``begins``: it is new or is retried; otherwise it exists and stays unchanged."""

    run: Run
    begins: bool


def open_run(folder: QuietFolder, *, stack: str, bucket: VersionedStorage, runs: RunStore, now: datetime) -> Opened:
    """Return the run of a folder: a new one, one that is retried, or one that exists and continues.

    Args:
        stack: the stack's name, from which ids of runs are derived.
    """
    mark = fingerprint(folder.prefix, folder.files)
    # The prepare step rejects names that AWS would refuse, with a finding; until then the nearest good ones serve.
    project, dataset = suggest_name(folder.path.project), suggest_name(folder.path.dataset)
    run = Run.start(
        now=now,
        id=run_id(stack, project, dataset, mark),
        project=project,
        dataset=dataset,
        prefix=folder.prefix,
        fingerprint=mark,
        recipe=recipe_or_default(bucket.frozen(folder.files), folder.prefix, folder.files),
        has_recipe=folder.has_recipe,
    )
    opened = _adopting(run, folder, runs) or _opened(run, folder, bucket, runs, now)
    if opened.run.state != State.REJECTED:  # what can't be used takes nobody's place, once that is known
        supersede_others(
            opened.run, bucket=bucket, runs=runs, now=now
        )  # also where an earlier call was cut short before that
    return opened


def _adopting(run: Run, folder: QuietFolder, runs: RunStore) -> Opened | None:
    """Return the run that measures an adopted model on this upload, if it was made for that: then nothing is trained.

    Such a run is opened before its upload is ended (:mod:`tailor.steps.adopting`), so it is younger than the files.
    """
    for other in runs.project_runs(run.project):
        same = (other.prefix, other.fingerprint) == (run.prefix, run.fingerprint)
        if other.adopted and same and other.created_at + SAME_MOMENT >= folder.changed_at:
            return Opened(other, begins=False)
    return None


def _opened(run: Run, folder: QuietFolder, bucket: VersionedStorage, runs: RunStore, now: datetime) -> Opened:
    if find(runs, run.id) is not None:
        tried = _tried_again(run.id, folder, bucket, runs, now)
        return Opened(tried or runs.get(run.id), begins=tried is not None)
    freeze(run, folder.files, bucket)  # before the run is seen
    try:
        created = runs.create(run)
    except NotStorableError:  # as a wrong recipe: the prepare step reads it again and says what is wrong
        run = run.model_copy(update={"recipe": Recipe()})
        created = runs.create(run)
    return Opened(run, begins=created)  # otherwise another call for the same folder was first


def _tried_again(
    run_id: str, folder: QuietFolder, bucket: VersionedStorage, runs: RunStore, now: datetime
) -> Run | None:
    """Return the run of an earlier, equal upload if it is retried; None if it is in progress or complete.

    Who uploads the same once more, after its run has ended without a model, wants it to be tried again. A message about
    the first upload that comes late, or twice, has an earlier time than that end. The versions are those of today:
    the first ones may have been deleted since. A run that was superseded is the folder's again, whatever the time.
    """

    def act() -> Run | None:
        run = runs.get(run_id)
        late = folder.changed_at <= run.history[-1].at + SAME_MOMENT
        if run.state not in ENDED_WITHOUT_MODEL or (late and run.state != State.SUPERSEDED):
            return None
        tried = again(run, bucket, runs, by="receive", reason="the same folder was uploaded again", now=now)
        freeze(tried, folder.files, bucket)
        return runs.save(tried)

    try:
        return insist(act)
    except LostRaceError:
        raise
    except ConflictError:  # another run took its place, or it was tried often enough: it stays as it is
        return None


def read_recipe(bucket: Storage, prefix: str, files: Iterable[StoredFile]) -> bytes | None:
    """Return the text of the recipe among these files, up to one byte beyond the maximum length; None without one.

    Raises:
        RecipeError: there are two recipes.
    """
    name = recipe_among(file.key.removeprefix(prefix) for file in files)
    return None if name is None else bucket.read(prefix + name, 0, MAX_BYTES + 1)


def recipe_or_default(bucket: Storage, prefix: str, files: Iterable[StoredFile]) -> Recipe:
    """Return the recipe, or the defaults if it is wrong: the prepare step checks it again and reports it.

    It must not keep the run from being seen, and neither must a recipe that only a bug refuses.
    """
    text = read_recipe(bucket, prefix, files)
    try:
        return Recipe() if text is None else Recipe.parse(text)
    except Exception:
        return Recipe()
