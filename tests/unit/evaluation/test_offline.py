"""Published answers that once passed by mistake, where they are at hand."""

from pathlib import Path

import pytest

from tailor.evaluation.gate import Plan
from tailor.evaluation.offline import evaluate_files

CASES = Path(__file__).parents[3].parent / "shared/cases/verdicts"


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
@pytest.mark.parametrize(
    ("name", "answers", "metric", "passes"),
    [
        ("date", "date", "date_time", False),
        ("yn", "yn", "yes_no", False),
        ("yn", "yn2", "yes_no", True),
        ("fmt", "fmt", "exact_match", False),
    ],
)
def test_a_metric_is_not_fooled(name: str, answers: str, metric: str, passes: bool) -> None:
    files = {"candidate": CASES / f"{answers}.c", "baseline": CASES / f"{name}.b"}
    found = evaluate_files(CASES / f"{name}.r", files, Plan(language="vi"))
    assert found["metric"] == metric
    assert (found["verdict"] == "passed") is passes
