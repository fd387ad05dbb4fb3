"""Turn an uploaded folder into prepared data and a report: the entry point for functions and for ``tailor check``."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import orjson

from tailor.catalog import Model
from tailor.datasets.documents import DocumentFile
from tailor.datasets.example import SplitName
from tailor.datasets.formats import DatasetReader, adapted, read_dataset
from tailor.datasets.media import Found, KnownAssets, LookupTally, MediaResolver
from tailor.datasets.prepare.batches import Item
from tailor.datasets.prepare.conversion import convert
from tailor.datasets.prepare.cost import media_outside
from tailor.datasets.prepare.disk_full import disk_full_as_error
from tailor.datasets.prepare.logged import OpenBucket, leave_out_logged
from tailor.datasets.prepare.metric_test import tested_metric
from tailor.datasets.prepare.questions import own_questions
from tailor.datasets.prepare.row_pass import PrepareTarget, Totals
from tailor.datasets.prepare.samples import Spool
from tailor.datasets.prepare.workers import (
    LocalOutput,
    Work,
    WorkerOutput,
    WorkerResult,
    merge_files,
    results_of,
    run_pass,
)
from tailor.datasets.prepare.writer import SPLITS_WRITTEN, Writing, Written, publish
from tailor.datasets.report import Report, add_pictures, headline, pages, sentence
from tailor.datasets.table import (
    SPLITS,
    RowTable,
    RowWriter,
    WorkerTable,
    asked_of,
    assign_splits,
    dataset_checks,
    media_of,
    statistics_of,
    tokens_of,
    trivial_baselines,
)
from tailor.findings import Collector, Finding, FindingTally, finding
from tailor.recipe import Data, Recipe
from tailor.storage import Storage

_HTML, _JSON, _JSONL = "text/html; charset=utf-8", "application/json", "application/jsonl"


@dataclass(frozen=True, slots=True)
class Progress:
    """``stage`` in words; ``rows`` read so far."""

    stage: str
    rows: int


Watch = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Dataset to prepare: everything under ``prefix`` becomes ``report/`` and ``prepared/`` under ``run_prefix``.

    ``bucket_owner``: 12 digits, for media in S3; ``scratch``: an empty folder; ``open_bucket``: returns a bucket with
    invocation logs, None where they can't be read from here.
    """

    uploads: Storage
    prefix: str
    output: Storage
    run_prefix: str
    recipe: Recipe
    model: Model
    bucket_owner: str | None
    scratch: Path
    open_bucket: OpenBucket | None = None


class Intake:
    """A dataset whose files were looked at. Its rows are checked by one or more workers, on one machine (:meth:`check`)
    or several (:mod:`tailor.datasets.scale`); :meth:`finish` puts together what they leave. A context manager.

    What is wrong with the data is in the report. Everything raises RetryableError, or what else the storage raises,
    where a file can't be read or written now.
    """

    def __init__(self, assignment: Assignment, progress: Watch | None = None) -> None:
        """Raises InvalidInputError if the model does not support the recipe's method."""
        self._given, self._watch = assignment, progress or (lambda _: None)
        recipe, model, scratch = assignment.recipe, assignment.model, assignment.scratch
        self._facts = model.method(recipe.method)
        self._watch(Progress("looking at the files", 0))
        uploads, prefix = assignment.uploads, assignment.prefix
        self.reader = read_dataset(uploads, prefix, _data_settings(recipe), recipe.method, scratch)
        self._files = [file.name for file in self.reader.files]
        self._known = KnownAssets(scratch)
        limits, output, run_prefix = self._facts.limits, assignment.output, assignment.run_prefix
        self.desk = MediaResolver(self.reader.media, uploads, output, run_prefix, limits, model.name, self._known)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.desk.close()

    def worthwhile_workers(self) -> int:
        """Large datasets of text are worth more cores. Media are fetched by threads, each object once, in one
        process."""
        size = sum(file.size for file in self.reader.files)
        if size <= _WORTH_WORKERS or len(self.reader.media) or media_outside(self.reader):
            return 1
        return min(_MOST_WORKERS, os.process_cpu_count() or 1)

    @property
    def documents(self) -> list[DocumentFile]:
        """Return the documents whose text must be extracted."""
        return [file.source for file in self.reader.files if isinstance(file.source, DocumentFile) and file.source.kept]

    def convert(self, files: Sequence[DocumentFile], processes: int | None = None) -> None:
        """Extract the text of documents; by default with one process for each core."""
        if files:
            self._watch(Progress("reading documents", 0))
            convert(files, self._given.scratch, processes or min(_MOST_WORKERS, os.process_cpu_count() or 1))

    def know(self, others: Callable[[], Iterable[Found]]) -> None:
        """Use what was found out about media elsewhere, when it is needed."""
        self._known.others = others

    def rows(self) -> Iterator[Item]:
        """Return all rows, as they are assigned to workers."""
        return adapted(self.reader.rows(), self._given.recipe, self._given.model)

    def check(self, workers: int, own: range | None = None) -> LocalOutput:
        """Do the share of the workers ``own`` (all, where it is not given) of so many workers; may raise WorkerError.
        Which workers look at which rows is the same every time."""
        given, output = self._given, LocalOutput(self._given.scratch, workers)
        aims = PrepareTarget(given.recipe, given.model, given.bucket_owner)

        self.convert(self.documents)
        work = Work(aims, self._files, self.desk, self.rows, self.reader.notes, self.reader.of_rows)
        for rows in run_pass(output, own or range(workers), work):
            self._watch(Progress("checking rows", rows))
        return output

    def finish(self, outputs: WorkerOutput, *, write_unusable: bool = False) -> Report:
        """Compare rows, decides, and writes the report; the prepared data too where the dataset is usable, or where
        ``write_unusable`` says so. The result is the same for any number of workers."""
        given, scratch = self._given, self._given.scratch
        recipe, model, output, run_prefix = given.recipe, given.model, given.output, given.run_prefix
        results = results_of(outputs)
        journals = [
            WorkerTable(
                partial(outputs.open, worker, RowWriter.ROWS),
                partial(outputs.path, worker, RowWriter.MEDIA),
                result.totals.kinds,
            )
            for worker, result in enumerate(results)
        ]
        with (
            disk_full_as_error(),
            RowTable(scratch, journals) as table,
            Collector(scratch / "findings.jsonl") as collector,
        ):
            totals = self._put_together(outputs, results, collector)
            self._watch(Progress("comparing rows", totals.rows))
            spool = Spool(outputs, self._facts.record, self._files)
            _compare(table, collector, recipe, model, totals, self.reader)
            logged, told = leave_out_logged(table, spool, self._files, recipe, given.open_bucket)
            collector.add(told)
            _count(table, collector, recipe, model, self.reader)
            questions = own_questions(given.uploads, given.prefix, recipe, model, scratch)
            collector.add(questions.findings if questions else [])
            self._watch(Progress("writing", totals.rows))
            with Writing(outputs, scratch, table, self._facts.record, self._files) as writing:
                report = _decide(table, collector, recipe, model, totals, self.reader, spool)
                written = writing.finish()
        report.location, report.metric = f"{run_prefix}report/", tested_metric(written, recipe)
        if report.usable or write_unusable:
            files = publish(written, output, run_prefix)
            if questions:
                files.append(questions.write(output, f"{run_prefix}prepared/questions.jsonl"))
            report.manifest = _manifest(report, files) | ({"questions": questions.document()} if questions else {})
            report.manifest |= {"logs": logged.document()} if logged else {}
            output.write(f"{run_prefix}prepared/manifest.json", _pretty(report.manifest), _JSON)
        add_pictures(report.previews, [given.uploads, output])
        _publish_report(output, run_prefix, report, recipe, scratch)
        return report

    def _put_together(self, outputs: WorkerOutput, results: list[WorkerResult], collector: Collector) -> Totals:
        merge_files(outputs, [result.totals for result in results], self._given.scratch, collector)
        together = Totals(rows=results[0].totals.rows)
        self.reader.notes, self.reader.of_rows = FindingTally.of(results[0].notes), FindingTally()
        self.reader.media.habits = LookupTally()
        shared = {file.name for file in self.reader.files if file.by_line}
        for worker, result in enumerate(results):
            self.reader.of_rows.merge(habit for habit in result.of_rows if worker == 0 or habit.file in shared)
            self.reader.media.habits.add(result.habits)
            together.add(result.totals)
        return together


def prepare_dataset(
    uploads: Storage,
    prefix: str,
    output: Storage,
    run_prefix: str,
    recipe: Recipe,
    model: Model,
    *,
    bucket_owner: str | None,
    scratch: Path,
    progress: Watch | None = None,
    write_unusable: bool = False,
    workers: int | None = None,
    open_bucket: OpenBucket | None = None,
) -> Report:
    """Prepare a dataset on this machine, as :class:`Intake` does.

    ``workers``: processes that share the rows, by default as many as pay; the result is the same for any number."""
    assignment = Assignment(uploads, prefix, output, run_prefix, recipe, model, bucket_owner, scratch, open_bucket)
    with Intake(assignment, progress) as intake:
        outputs = intake.check(workers or intake.worthwhile_workers())
        return intake.finish(outputs, write_unusable=write_unusable)


def reject_dataset(output: Storage, run_prefix: str, findings: list[Finding]) -> Report:
    """Write the report of a dataset that can't be read, for example because its recipe is wrong.

    ``findings`` holds at least one."""
    many = Counter((found.code, found.severity) for found in findings)
    by_code = [{"code": code, "severity": severity, "count": n, "cause": ""} for (code, severity), n in many.items()]
    counts = dict.fromkeys(_COUNTS, 0)
    summary = f"The dataset can't be used: {sentence(findings[0])}."
    report = Report(False, summary, "", "", counts, by_code, [asdict(found) for found in findings])
    report.location = f"{run_prefix}report/"
    lines = b"".join(orjson.dumps(found) + b"\n" for found in findings)
    output.write(f"{run_prefix}report/findings.jsonl", lines, _JSONL)
    output.write(f"{run_prefix}report/report.json", report.to_json(), _JSON)
    _write_pages(output, run_prefix, report, None)
    return report


def _data_settings(recipe: Recipe) -> Data:
    """Return the recipe's settings with the column for grouping the split read as the group."""
    if recipe.split.group in ("auto", "image", "row"):
        return recipe.data
    columns = recipe.data.columns.model_copy(update={"group": recipe.split.group})
    return recipe.data.model_copy(update={"columns": columns})


_MOST_WORKERS = 4
_WORTH_WORKERS = 16 * 1024 * 1024
_COUNTS = ("rows", "used", "rejected", "left_out", "train", "validation", "test", "fixes")


def _compare(
    table: RowTable, collector: Collector, recipe: Recipe, model: Model, totals: Totals, reader: DatasetReader
) -> None:
    table.join_linked_groups()
    files = [file.name for file in reader.files]
    captions = {place for place, file in enumerate(reader.files) if file.format == "captions"}
    collector.add(dataset_checks.compare_rows(table, recipe, totals.tone_styles, files, captions))
    collector.add(list(dataset_checks.find_leaks(table, files)))
    collector.add(assign_splits(table, recipe, model))
    collector.add(dataset_checks.join_captions(table, captions))
    collector.add(dataset_checks.compare_media(table))
    collector.add(dataset_checks.unused_media(table, reader.media))


def _count(table: RowTable, collector: Collector, recipe: Recipe, model: Model, reader: DatasetReader) -> None:
    if reader.files:  # else there is an error that says why
        collector.add(dataset_checks.check_counts(table, recipe, model))
    collector.add(reader.findings)


def _decide(
    table: RowTable,
    collector: Collector,
    recipe: Recipe,
    model: Model,
    totals: Totals,
    reader: DatasetReader,
    spool: Spool,
) -> Report:
    """Decide about the dataset: counts, statistics and the verdict."""
    left_out = table.reasons()
    leaked = left_out.pop("leaked-row", 0)
    train, validation, test = (table.count(SPLITS.index(split)) for split in SPLITS_WRITTEN)
    rejected = totals.rejected + leaked
    values = (
        totals.rows,
        train + validation + test,
        rejected,
        left_out.total() + totals.left_out,
        train,
        validation,
        test,
    )
    counts = dict(zip(_COUNTS, (*values, totals.fixes), strict=True))
    if not train + validation + test:
        pass  # no row is left, which is reported; continuing without rows helps nobody
    elif rejected and recipe.data.on_error == "reject":
        collector.add([finding("unusable-rows", "", count=rejected, total=totals.rows)])
    elif rejected > recipe.data.max_errors * totals.rows:
        limit = recipe.data.max_errors
        collector.add([finding("too-many-unusable-rows", "", count=rejected, total=totals.rows, limit=limit)])
    top = [(spool.answer(table, n), many, share) for n, many, share in dataset_checks.top_answers(table)]
    collector.add(dataset_checks.check_skew(top))
    usable = not collector.dataset_errors()
    return Report(
        usable,
        headline(usable, counts, collector),
        recipe.method,
        model.name,
        counts,
        collector.by_code(),
        collector.examples(),
        files=[
            {"file": file.name, "format": file.format, "bytes": file.size, "columns": file.fates}
            for file in reader.files
        ],
        statistics=statistics_of(table, top),
        tokens=tokens_of(table),
        asked=asked_of(table),
        media=media_of(table),
        baselines=trivial_baselines(table),
        previews=spool.previews(table),
    )


def _manifest(report: Report, written: list[Written]) -> dict[str, Any]:
    fingerprint = hashlib.sha256("".join(file.sha256 for file in written).encode()).hexdigest()
    rows: dict[SplitName, int] = {split: report.counts[split] for split in ("train", "validation", "test")}
    return {
        "schema": 1,
        "method": report.method,
        "model": report.model,
        "rows": rows,
        "files": [asdict(file) for file in written],
        "media": report.media,
        "tokens": report.tokens,
        "asked": report.asked,
        "metric": report.metric,
        "fingerprint": fingerprint,
    }


def _publish_report(output: Storage, run_prefix: str, report: Report, recipe: Recipe, scratch: Path) -> None:
    for name in ("findings.jsonl", "rejected.jsonl", "fixes.jsonl"):
        output.upload(f"{run_prefix}report/{name}", scratch / name, _JSONL)
    output.write(f"{run_prefix}report/report.json", report.to_json(), _JSON)
    _write_pages(output, run_prefix, report, recipe)


def _write_pages(output: Storage, run_prefix: str, report: Report, recipe: Recipe | None) -> None:
    for name, page in pages(report, recipe).items():
        output.write(f"{run_prefix}report/{name}", page.encode(), _HTML)


def _pretty(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
