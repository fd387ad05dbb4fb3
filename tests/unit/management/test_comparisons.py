"""Two runs beside each other: over the API, and in a real browser."""

from types import ModuleType
from typing import Any

import pytest

from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.evaluation.row_scores import row_scores, write_scores
from tailor.management.comparison_documents import ComparisonDocument
from tailor.recipe import Recipe
from tailor.runs import State
from tests.unit.management.conftest import Bucket
from tests.unit.management.test_console import HOSTILE, LIVE, NOW, QUOTE, address, browser, key, page, serious
from tests.unit.management.test_runs import THEIRS, Person, code
from tests.unit.steps.fakes import a_run

__all__ = ["address", "page"]
SECOND = "colours-again-0123456789ab"
EVALUATION = {"verdict": "passed", "metric": "exact_match", "candidate": 0.8, "baseline": 0.4, "difference": 0.4}


@pytest.fixture
def measured(address: str, runs: DynamoRunStore, bucket: Bucket) -> None:
    """Beside the live run of ``address`` another one, which answers one question better and one worse."""
    run = a_run(State.PASSED, SECOND, at=NOW, dataset="scenes", quote=QUOTE)
    recipe = Recipe.parse("hyperparameters: {epochs: 4}")
    runs.create(run.model_validate(run.model_dump() | {"evaluation": EVALUATION, "recipe": recipe.model_dump()}))
    for shown, scores in ((LIVE, (1, 0, 1)), (SECOND, (0, 1, 1))):
        rows = ((f"{n}.png", "Màu gì?", ["đỏ"], HOSTILE if n else "đỏ", score, 0) for n, score in enumerate(scores))
        bucket.contents[f"{runs.get(shown).files}evaluation/rows.jsonl"] = write_scores(row_scores(rows))


def test_two_runs_are_compared_by_figures_recipes_and_questions(
    function: ModuleType, store: ServingTable, runs: DynamoRunStore, measured: None
) -> None:
    reader = Person(function, store, "read")
    status, found = reader.get(f"runs/{LIVE}/comparison", other=SECOND)
    assert status == 200
    told = ComparisonDocument.model_validate(found)
    assert [run.id for run in told.runs] == [LIVE, SECOND]
    assert [run.evaluation and run.evaluation.candidate for run in told.runs] == [0.91, 0.8]
    assert ("hyperparameters.epochs", (None, "4")) in [(each.setting, each.values) for each in told.recipe]
    assert told.questions is not None
    assert (told.questions.shared, told.questions.better, told.questions.difference) == (3, (1, 1), 0)
    assert [[answer.score for answer in row.answers] for row in told.questions.rows] == [[1, 0], [0, 1]]


def test_what_cant_be_compared_is_said(
    function: ModuleType, store: ServingTable, runs: DynamoRunStore, bucket: Bucket, measured: None
) -> None:
    reader = Person(function, store, "read")
    assert reader.get(f"runs/{LIVE}/comparison", other="colours-old-0123456789ab")[1]["no_questions"] == "not_measured"
    del bucket.contents[f"{runs.get(SECOND).files}evaluation/rows.jsonl"]
    assert reader.get(f"runs/{LIVE}/comparison", other=SECOND)[1]["no_questions"] == "not_kept"
    runs.create(a_run(State.LIVE, "sounds-a-0123456789ab", project="sounds"))
    runs.create(a_run(State.LIVE, THEIRS, project="secret"))
    for other in (LIVE, "sounds-a-0123456789ab"):
        assert code(reader.get(f"runs/{LIVE}/comparison", other=other)) == (404, "run_not_found")
    for pair in ((LIVE, THEIRS), (THEIRS, LIVE)):
        assert code(reader.get(f"runs/{pair[0]}/comparison", other=pair[1])) == (404, "run_not_found")


@browser
@pytest.mark.browser
def test_a_person_compares_two_runs(page: Any, address: str, store: ServingTable, measured: None) -> None:
    page.goto(f"{address}#key={key(store, 'read')}")
    page.goto(f"{address}#/runs/{LIVE}")
    page.get_by_label("Compare with").select_option(SECOND)
    page.get_by_role("heading", name="Settings that differ").wait_for()
    assert "hyperparameters.epochs" in page.get_by_role("table").nth(1).inner_text()
    assert "91%" in page.get_by_role("table").first.inner_text()
    assert page.locator(".question").count() == 2
    assert page.get_by_text(HOSTILE).count() > 0
    assert serious(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="Tiếng Việt").click()
    page.get_by_role("heading", name="Thiết lập khác nhau").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious(page) == []
