"""Two runs of a project beside each other: their verdicts, cost, recipes, and the questions that one answers better."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tailor.errors import NotFoundError
from tailor.evaluation.row_scores import LONGEST, ROW_SCORES_FILE, RowComparison, RowScore, compare_scores, read_scores
from tailor.management import shown
from tailor.management.access import READERS, AccessControl
from tailor.management.comparison_documents import (
    ComparedAnswer,
    ComparedQuestion,
    ComparedRun,
    ComparisonDocument,
    Missing,
    QuestionComparison,
    RecipeDifference,
)
from tailor.management.requests import ComparisonQuery
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller
from tailor.serving.schema import check
from tailor.serving.service import ApiAnswer
from tailor.storage import Storage

MOST_QUESTIONS = 50
MOST_SETTINGS = 50
_ROWS = f"evaluation/{ROW_SCORES_FILE}"


class Comparisons:
    """Comparisons of two runs, for keys that may look at both."""

    def __init__(self, access: AccessControl, files: Storage) -> None:
        self._access = access
        self._files = files

    def show(self, run_id: str, query: Mapping[str, str], caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/runs/{run}/comparison``. Raises ApiError 404 for a run of another project."""
        key = self._access.key(caller, READERS)
        first = self._access.run(run_id, key)
        second = self._access.run(check(ComparisonQuery, dict(query)).other, key)
        if first.project != second.project or first.id == second.id:
            message = f"there is no such other run of {first.project}"
            raise ApiError(404, message, code="run_not_found", param="other")
        both = self._scores(first), self._scores(second)
        same = first.evaluation.metric == second.evaluation.metric
        compared = compare_scores(both[0], both[1]) if same and both[0] and both[1] else None
        answer = ComparisonDocument(
            project=first.project,
            runs=[_run(first), _run(second)],
            recipe=list(_differences(first.recipe, second.recipe))[:MOST_SETTINGS],
            questions=_questions(compared) if compared else None,
            no_questions=None if compared else _why(first, second, both),
        )
        return ApiAnswer(answer.model_dump_json())

    def _scores(self, run: Run) -> list[RowScore] | None:
        try:
            return read_scores(self._files.read(f"{run.files}{_ROWS}"))
        except NotFoundError:
            return None


def _run(run: Run) -> ComparedRun:
    found = shown.summary(run).model_dump() | {
        "evaluation": shown.evaluation(run.evaluation),
        "train_rows": run.report.counts.get("train") if run.report.counts else None,
        "cost": run.quote.totals.get("once") if run.quote else None,
        "training_loss": run.job.training_loss if run.job else None,
        "validation_loss": run.job.validation_loss if run.job else None,
    }
    return ComparedRun.model_validate(found)


def _why(first: Run, second: Run, scores: tuple[list[RowScore] | None, list[RowScore] | None]) -> Missing:
    if not (first.evaluation.verdict and second.evaluation.verdict):
        return "not_measured"
    if first.evaluation.metric != second.evaluation.metric:
        return "other_metric"
    return "other_questions" if all(scores) else "not_kept"


def _questions(found: RowComparison) -> QuestionComparison:
    return QuestionComparison(
        shared=found.shared,
        scores=(found.first, found.second),
        difference=found.second - found.first,
        interval=found.interval,
        better=(found.first_better, found.second_better),
        rows=[_question(*pair) for pair in found.pairs[:MOST_QUESTIONS]],
        has_more=len(found.pairs) > MOST_QUESTIONS,
    )


def _question(first: RowScore, second: RowScore) -> ComparedQuestion:
    return ComparedQuestion(
        question=first.question,
        group=first.group,
        references=list(first.references),
        answers=[ComparedAnswer(text=each.answer, score=each.score) for each in (first, second)],
    )


def _differences(first: Recipe, second: Recipe) -> Iterator[RecipeDifference]:
    one, other = (dict(_settings("", recipe.model_dump(mode="json"))) for recipe in (first, second))
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield RecipeDifference(setting=name, values=(_text(one.get(name)), _text(other.get(name))))


def _settings(above: str, found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, dict) and value:
            yield from _settings(f"{above}{name}.", value)
        else:
            yield f"{above}{name}", value


def _text(value: object) -> str | None:
    if value is None or value in ({}, []):
        return None
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:LONGEST]
