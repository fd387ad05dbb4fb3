"""Look at the first rows of a dataset before its run starts, and change what its columns mean.

What reads data is imported where it is used: the function of all other operations does not load it.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailor import catalog
from tailor.costs import Quote
from tailor.errors import InvalidInputError, NotFoundError, Problem, RecipeError
from tailor.findings import Finding, Language, translated
from tailor.management import shown
from tailor.management.access import UPLOADERS, AccessControl
from tailor.management.documents import (
    ColumnDocument,
    PreviewDocument,
    PreviewFileDocument,
    PreviewRowDocument,
    RowFinding,
)
from tailor.management.recipe_changes import changed
from tailor.management.requests import PreviewRequest
from tailor.recipe import Recipe
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller
from tailor.serving.schema import read
from tailor.serving.service import ApiAnswer
from tailor.storage import Storage
from tailor.training.prices import PriceBook
from tailor.training.recipe_check import problems as recipe_problems
from tailor.training.request import TRAIN_FILE
from tailor.vietnamese import language_asked_for

if TYPE_CHECKING:
    from tailor.datasets.preview import Preview, PreviewFile


class Previews:
    """The operation of docs/api.md that shows a dataset. It raises ApiError and the errors of :mod:`tailor.errors`."""

    def __init__(self, access: AccessControl, bucket: Storage, prices: PriceBook) -> None:
        self._access = access
        self._bucket = bucket
        self._prices = prices

    def show(self, project: str, dataset: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/uploads/{project}/{dataset}/preview``."""
        _, prefix = self._access.folder(project, dataset, caller, UPLOADERS)
        asked = read(PreviewRequest, body or b"{}")
        files = list(self._bucket.list(prefix))
        if not files:
            raise ApiError(404, "there is no such folder with files", code="upload_not_found", param="dataset")
        try:
            text = changed(asked, self._bucket, prefix, files)
            recipe, problems = Recipe.read(text)
        except RecipeError as error:
            text, recipe, problems = asked.recipe or "", Recipe(), list(error.problems)
        problems = problems or recipe_problems(recipe)
        answer = PreviewDocument(
            project=project,
            dataset=dataset,
            recipe=text,
            recipe_problems=[_in_words(problem) for problem in problems],
            **self._looked(prefix, recipe, asked.lang or language_asked_for(), quoted=not problems),
        )
        return ApiAnswer(answer.model_dump_json())

    def _looked(self, prefix: str, recipe: Recipe, language: Language, *, quoted: bool) -> dict[str, Any]:
        """Return what the rows show, with the recipe's settings or, where its model can't do that, with defaults."""
        from tailor.datasets.preview import preview_dataset

        try:
            model = catalog.model(recipe.model)
            model.method(recipe.method)
        except (NotFoundError, InvalidInputError):
            recipe = Recipe(data=recipe.data)
            model = catalog.model(recipe.model)
        with tempfile.TemporaryDirectory(prefix="tailor-preview-") as scratch:
            preview = preview_dataset(self._bucket, prefix, recipe, model, Path(scratch))
            quote = None
            if quoted and preview.whole and preview.report.usable:
                quote = self._quote(preview, recipe, model, Path(scratch, "out", TRAIN_FILE).read_bytes())
        report = preview.report
        return {
            "method": recipe.method,
            "model": model.name,
            "whole": preview.whole,
            "usable": report.usable if preview.whole else None,
            "headline": report.headline if preview.whole else "",
            "checked": report.counts["rows"],
            "rejected": report.counts["rejected"],
            "files": [_file(file, language) for file in preview.files],
            "findings": [_finding(found, language) for found in preview.findings],
            "quote": shown.quote(quote),
        }

    def _quote(self, preview: "Preview", recipe: Recipe, model: catalog.Model, train: bytes) -> Quote:
        from tailor.training import methods
        from tailor.training.calls import examples_in

        today = datetime.now(UTC).date()
        return methods.quote(
            preview.report.manifest,
            recipe,
            model,
            examples=examples_in(train, recipe, model),
            priced=lambda model: self._prices.priced(model, today),
            notes=lambda: self._prices.notes,
        )


def _in_words(problem: Problem) -> str:
    return f"{problem.where}: {problem.message}" + (f"; {problem.fix}" if problem.fix else "")


def _file(file: "PreviewFile", language: Language) -> PreviewFileDocument:
    return PreviewFileDocument(
        name=file.name,
        format=file.format,
        columns=[ColumnDocument(name=column.name, role=column.role, fate=column.fate) for column in file.columns],
        rows=[
            PreviewRowDocument(
                line=row.line,
                cells=row.cells,
                pictures=row.pictures,
                findings=[_finding(found, language) for found in row.findings],
            )
            for row in file.rows
        ],
    )


def _finding(found: Finding, language: Language) -> RowFinding:
    said = translated(found, language)
    return RowFinding(code=said.code, severity=said.severity, message=said.message, fix=said.fix)
