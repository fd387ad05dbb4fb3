"""An upload becomes a run. The run's id is derived from what lies in the folder, so the same upload is the same run."""

import hashlib
import json
import time
from datetime import datetime

from tailor.errors import RecipeError
from tailor.names import RECIPE_FILE, DatasetPath, run_id, suggest_name
from tailor.recipe import Recipe
from tailor.recipe_text import MAX_BYTES
from tailor.runs import Run, RunStore
from tailor.storage import Storage, StoredFile


def receive(key: str, *, bucket: Storage, runs: RunStore, now: datetime, settle_seconds: float = 0) -> Run | None:
    """The new run; None where ``key`` starts none, or its run exists already.

    A data file without a recipe waits ``settle_seconds`` and looks again, as tools upload in an order of their own:
    where a recipe or another data file came meanwhile, that one starts the run.
    """
    path = DatasetPath.parse(key)
    if path is None or not (path.is_recipe or path.is_data):
        return None
    files = list(bucket.list(path.prefix))
    if settle_seconds and files and not path.is_recipe and not _has_recipe(files, path):
        before = _data(files)
        time.sleep(settle_seconds)
        files = list(bucket.list(path.prefix))
        if not _data(files) <= before:
            return None
    has_recipe = _has_recipe(files, path)
    if not files or (has_recipe and not path.is_recipe):
        return None
    mark = fingerprint(path.prefix, files)
    # The prepare step rejects names that AWS would refuse, with a finding; until then the nearest good ones serve.
    project, dataset = suggest_name(path.project), suggest_name(path.dataset)
    run = Run.start(
        now=now,
        id=run_id(project, dataset, mark),
        project=project,
        dataset=dataset,
        prefix=path.prefix,
        fingerprint=mark,
        recipe=_recipe_or_default(bucket, path.prefix) if has_recipe else Recipe(),
        has_recipe=has_recipe,
    )
    return run if runs.create(run) else None


def fingerprint(prefix: str, files: list[StoredFile]) -> str:
    """SHA-256 over the names, sizes and entity tags of a dataset's files, recipe included; 64 hex digits."""
    listing = [[file.key.removeprefix(prefix), file.size, file.etag] for file in sorted(files, key=lambda f: f.key)]
    return hashlib.sha256(json.dumps([prefix, *listing]).encode()).hexdigest()


def read_recipe(bucket: Storage, prefix: str) -> Recipe:
    """The recipe in a dataset's folder. Raises RecipeError."""
    return Recipe.parse(read_text(bucket, prefix))


def read_text(bucket: Storage, prefix: str) -> bytes:
    """The text of the recipe in a dataset's folder, and of what is too long for one no more than shows that it is."""
    return bucket.read(prefix + RECIPE_FILE, 0, MAX_BYTES + 1)


def _has_recipe(files: list[StoredFile], path: DatasetPath) -> bool:
    return any(file.key == path.prefix + RECIPE_FILE for file in files)


def _data(files: list[StoredFile]) -> set[StoredFile]:
    """The files that start a run each, where there is no recipe."""
    return {file for file in files if (path := DatasetPath.parse(file.key)) and path.is_data}


def _recipe_or_default(bucket: Storage, prefix: str) -> Recipe:
    """A wrong recipe is found again, and reported, by the prepare step; it must not keep the run from being seen."""
    try:
        return read_recipe(bucket, prefix)
    except RecipeError:
        return Recipe()
