"""Adopt a model that was made elsewhere: open a run that measures and serves it on a project's held-out rows.

The run goes the way of all others and trains nothing (:class:`tailor.steps.trainers.AdoptedTrainer`). Its data are the
last ones of the project that were prepared, in the very same versions, or a folder whose upload is not ended yet: that
is ended here, and starts no run of its own (:mod:`tailor.steps.opening`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tailor import catalog
from tailor.catalog import Model
from tailor.errors import InvalidInputError, NotFoundError
from tailor.names import UPLOADS, DatasetPath, check_name, run_id, suggest_name
from tailor.recipe import Recipe
from tailor.run_records import AdoptedRecord
from tailor.runs import Run, RunStore, State
from tailor.steps.folders import fingerprint, without_junk
from tailor.steps.frozen import copy_frozen, freeze
from tailor.steps.opening import recipe_or_default
from tailor.steps.ownership import OwnControl
from tailor.steps.uploading import IncompleteError, finish, resume
from tailor.storage import PartedStorage, VersionedStorage
from tailor.training.importing import needs_import


class AdoptingBucket(VersionedStorage, PartedStorage, Protocol):
    """The stack's bucket: datasets in their versions, and uploads that are not ended."""


@dataclass(frozen=True, slots=True)
class Adopting:
    """Services of an adoption. ``stack``: the stack's name, from which ids of runs are derived."""

    bucket: AdoptingBucket
    runs: RunStore
    control: OwnControl
    stack: str


@dataclass(frozen=True, slots=True)
class Adoption:
    """The run of an adoption. ``begins``: it is new; otherwise the same model was adopted before on the same data."""

    run: Run
    begins: bool


def adopt(
    project: str,
    adopted: AdoptedRecord,
    services: Adopting,
    *,
    dataset: str | None,
    by: str,
    reason: str,
    now: datetime,
) -> Adoption:
    """Open the run of a model that was made elsewhere. Idempotent.

    Args:
        adopted: the origin, from :func:`examine`.
        dataset: on whose held-out rows it is measured; None for the project's last one.

    Raises:
        InvalidInputError: a name is wrong.
        NotFoundError: there is no dataset to measure it on.
        IncompleteError: files of the dataset's upload have not arrived.
    """
    check_name(project, "project")
    if dataset is not None:
        check_name(dataset, "dataset")
    prefix = f"{UPLOADS}{project}/{dataset}/"
    held = resume(services.bucket, prefix, strictly=False) if dataset is not None else None
    if held is not None and held.remaining:
        raise IncompleteError(f"the upload of {project}/{dataset} is not complete", hint="upload the rest, then adopt")
    if held is None:
        before = _last_prepared(project, dataset, services.runs)
        adopted = _for_the_data_of(before, adopted)
        run = _run(before.prefix, before.fingerprint, before.recipe, adopted, services.stack, by, reason, now)
        copy_frozen(before, run, services.bucket)
        return _opened(run, services.runs)
    adopted = adopted.model_copy(update={"measured_only": True})
    files = without_junk(prefix, services.bucket.current(prefix))
    recipe = recipe_or_default(services.bucket.frozen(files), prefix, files)
    run = _run(prefix, fingerprint(prefix, files), recipe, adopted, services.stack, by, reason, now)
    freeze(run, files, services.bucket)
    opened = _opened(run, services.runs)  # before the upload ends: whoever looks at the folder then must find the run
    finish(services.bucket, prefix)
    return opened


def _run(
    prefix: str, mark: str, recipe: Recipe, adopted: AdoptedRecord, stack: str, by: str, reason: str, now: datetime
) -> Run:
    """Return the run, not yet stored. Its id comes from the data and the model."""
    path = DatasetPath.parse(f"{prefix}x")
    if path is None:
        raise NotFoundError(f"{prefix} is no dataset's folder")
    project, dataset = suggest_name(path.project), suggest_name(path.dataset)
    return Run.start(
        now=now,
        by=by,
        reason=reason or f"it adopts a model that was {adopted.origin}",
        id=run_id(stack, project, dataset, f"{mark}\n{adopted.source}"),
        project=project,
        dataset=dataset,
        prefix=prefix,
        fingerprint=mark,
        recipe=recipe.model_copy(update=adopted.settings),
        adopted=adopted,
    )


def _for_the_data_of(before: Run, adopted: AdoptedRecord) -> AdoptedRecord:
    only = before.adopted is not None and before.adopted.measured_only
    return adopted.model_copy(update={"measured_only": True}) if only else adopted


def _opened(run: Run, runs: RunStore) -> Adoption:
    created = runs.create(run)
    return Adoption(run if created else runs.get(run.id), begins=created)


def examine(source: str, base: str | None, control: OwnControl, *, project: str) -> AdoptedRecord:
    """Return the origin of a model as a run keeps it.

    Args:
        source: a custom model's ARN, a model package's ARN, or a checkpoint in SageMaker's bucket (``s3://``).
        base: its base model, by the catalogue's name; None if Bedrock tells it.
        project: who asks.

    Raises:
        InvalidInputError: the source can't be adopted, or its base is not known.
        NotOursError: its tags say that another stack made it.
        NotFoundError: there is no such custom model.
    """
    imported, told = needs_import(source), _told(base)
    if not imported:
        control.expect_outside(source, project)
        model = control.get_model(source)
        status = model.get("modelStatus", "Active")
        if status != "Active":
            why = f": {model['failureMessage']}" if model.get("failureMessage") else ""
            raise InvalidInputError(f"the custom model {source} is {status}{why}", hint="adopt it once it is Active")
        found = catalog.model_of_arn(model.get("baseModelArn") or "")
        if told and found and told != found:
            raise InvalidInputError(f"the model's base is {found.name}, and not {told.name}", hint="leave the base out")
        if not (told or found):
            named = model.get("baseModelArn")
            what = f"has the base {named}, which Tailor does not know" if named else "does not say what its base is"
            raise InvalidInputError(f"the custom model {source} {what}", hint=_NAME_IT)
        told = told or found
    if told is None:
        raise InvalidInputError(f"nobody says which base {source} was trained from", hint=_NAME_IT)
    return AdoptedRecord(source=source, base=told.name, imported=imported)


_NAME_IT = "name the base model that it is compared with: --base NAME (tailor models lists them)"


def _told(base: str | None) -> Model | None:
    try:
        return None if base is None else catalog.model(base)
    except NotFoundError as error:
        raise InvalidInputError(error.message, hint=error.hint) from None


def _last_prepared(project: str, dataset: str | None, runs: RunStore) -> Run:
    """Return the newest run of the project, or of the dataset, whose data were prepared."""
    found: Iterable[Run] = (
        run for run in runs.project_runs(project) if State.PREPARED in run.states and dataset in (None, run.dataset)
    )
    last = max(found, key=lambda run: run.created_at, default=None)
    if last is None:
        where = f"{project}/{dataset}" if dataset else project
        hint = "upload one with it: tailor adopt PROJECT MODEL --data FOLDER --dataset NAME"
        raise NotFoundError(f"{where} has no prepared data on which a model could be measured", hint=hint)
    return last
