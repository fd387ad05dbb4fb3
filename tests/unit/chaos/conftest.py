"""What takes time has tests of its own: here data and answers come out as the path says, and what a recipe means and
costs is found out once."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import cache
from typing import Any, Self

import pytest

from tailor.catalog import Model
from tailor.costs import Range
from tailor.datasets.prepare import Assignment
from tailor.datasets.report import Report
from tailor.errors import EvaluationError, Problem
from tailor.evaluation.questions.arms import LIVE, Arm
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.storage import Storage
from tailor.training.calls import general_questions
from tests.conftest import RAN
from tests.unit.chaos.world import World

COUNTS = {"rows": 1000, "used": 1000, "rejected": 0, "left_out": 0, "train": 800, "validation": 100, "test": 100}


class _Result:
    def __init__(self, verdict: str, live: str | None) -> None:
        self._verdict, self._live = verdict, live

    def summary(self) -> dict[str, Any]:
        return {"verdict": self._verdict, "headline": f"the verdict is {self._verdict}", "live": self._live}


class _Intake:
    """``description: unusable`` in a recipe makes the dataset so."""

    def __init__(self, assignment: Assignment) -> None:
        self.given = assignment

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def worthwhile_workers(self) -> int:
        return 1

    def check(self, workers: int) -> None: ...

    def finish(self, parts: None) -> Report:
        return _prepare_dataset(self.given.output, self.given.run_prefix, self.given.recipe)


def _prepare_dataset(output: Storage, run_prefix: str, recipe: Recipe) -> Report:
    usable = recipe.description != "unusable"
    tokens = {"low": 1000, "expected": 1200, "high": 1500}
    media = {"images": 0, "videos": 0, "bytes": 0}
    rows = {name: COUNTS[name] for name in ("train", "validation", "test")}
    files = [{"key": f"prepared/{name}.jsonl", "sha256": "0" * 64, "bytes": 1, "rows": 1} for name in rows]
    manifest = {"schema": 1, "rows": rows, "files": files, "tokens": tokens, "media": media}
    output.write(f"{run_prefix}prepared/manifest.json", json.dumps(manifest).encode())
    return Report(
        usable,
        "as asked for",
        recipe.method,
        recipe.model,
        COUNTS,
        [],
        [],
        tokens=tokens,
        media=media,
        manifest=manifest,
    )


def _evaluate_run(files: Storage, run: Run, recipe: Recipe, arms: Sequence[Arm], *_: Any, **__: Any) -> _Result:
    """The description of the recipe names the verdict; ``passed`` where it has none."""
    files.write(f"{run.files}evaluation/report.json", b"{}")
    if run.recipe.description == "evaluation-failed":
        raise EvaluationError("no verdict")
    live = next((arm.model_id for arm in arms if arm.name == LIVE), None)
    return _Result(run.recipe.description or "passed", live)


_read_once = cache(Recipe.read)
_counted: dict[tuple[str, str], tuple[Range, Range]] = {}


def _read(text: str | bytes) -> tuple[Recipe, list[Problem]]:
    recipe, problems = _read_once(text)
    return recipe, [*problems]


def _general_questions(recipe: Recipe, model: Model) -> tuple[Range, Range]:
    key = recipe.evaluation.language, model.name
    if key not in _counted:
        _counted[key] = general_questions(recipe, model)
    return _counted[key]


class _Simulated(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return World.latest.now  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def quick_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailor.runs.datetime", _Simulated)
    monkeypatch.setattr(Recipe, "read", _read)
    monkeypatch.setattr("tailor.training.calls.general_questions", _general_questions)
    monkeypatch.setattr("tailor.steps.prepare.Intake", _Intake)
    monkeypatch.setattr("tailor.steps.evaluate.evaluate_run", _evaluate_run)


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Counts a combination that ran; the end of the session tells (tests/conftest.py)."""
    ran: Counter[str] = Counter()

    def one_more(kind: str) -> None:
        ran[kind] += 1
        request.node.user_properties[:] = [(f"{RAN}{name}", number) for name, number in ran.items()]

    return one_more
