from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tailor.names import run_id
from tailor.recipe import Recipe
from tailor.runs import Run

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def manifest() -> Callable[..., dict[str, Any]]:
    """A prepared dataset's manifest; ``tokens`` are those of the expected case."""

    def build(train: int = 1200, validation: int = 150, test: int = 150, *, tokens: int = 0, images: int = 0) -> Any:
        expected = tokens or train * 100
        return {
            "schema": 1,
            "rows": {"train": train, "validation": validation, "test": test},
            "media": {"images": images, "videos": 0, "bytes": 0},
            "tokens": {"low": expected // 2, "expected": expected, "high": expected * 2},
        }

    return build


@pytest.fixture
def run() -> Callable[..., Run]:
    def build(recipe: Recipe, *, project: str = "colours", dataset: str = "scenes", **fields: Any) -> Run:
        fingerprint = "0f3a" * 16
        return Run.start(
            now=NOW,
            id=run_id("tailor", project, dataset, fingerprint),
            project=project,
            dataset=dataset,
            prefix=f"uploads/{project}/{dataset}/",
            fingerprint=fingerprint,
            recipe=recipe,
            **fields,
        )

    return build
