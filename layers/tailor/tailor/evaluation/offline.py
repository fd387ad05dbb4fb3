"""Score answers from any source: a file of references and a file of answers for each arm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tailor import metrics
from tailor.errors import InvalidInputError
from tailor.evaluation.gate.verdict import Outcome, Plan, judge
from tailor.evaluation.questions.held_out import check_known, read_answers, read_rows
from tailor.evaluation.report.document import headline
from tailor.evaluation.scoring.behaviour import CONDUCT
from tailor.evaluation.scoring.score import corpus_scores


def evaluate_files(references: Path, answers: Mapping[str, Path], plan: Plan) -> dict[str, Any]:
    """Return the figures, the verdict and its reasons as one document. ``answers`` by arm. Raises InvalidInputError."""
    rows = read_rows(_read(references), references.name)
    empty = [row.id for row in rows if not any(reference.strip() for reference in row.references)]
    if empty:
        raise InvalidInputError(
            f"{references.name}: {len(empty)} rows have no reference, for example {empty[0]!r}",
            hint="every row needs at least one acceptable answer",
        )
    given = {arm: read_answers(_read(path), path.name) for arm, path in answers.items()}
    for arm, path in answers.items():
        check_known(given[arm], rows, path.name)
    outcome = judge(rows, given, plan)
    missing = {arm: sum(row.id not in given[arm] for row in rows) for arm in given}
    return {
        **outcome.headline(),
        "headline": headline(outcome, "The candidate", rows="rows"),
        "reasons": outcome.decision.reasons,
        "missing": missing,
        "metrics": _metrics(outcome),
        "corpus": corpus_scores(outcome.sheet),
        "seed": outcome.design.seed,
        "resamples": outcome.design.resamples,
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} can't be read: {error.strerror}") from error


def _metrics(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the metrics, the primary one first."""
    found = [
        {
            "metric": comparison.metric,
            "title": metrics.get(comparison.metric).title,
            "candidate": comparison.candidate,
            "baseline": comparison.baseline,
            "difference": comparison.difference,
            "interval": list(comparison.interval),
            "p_value": comparison.p_value,
        }
        for name, comparisons in outcome.comparisons.items()
        if name not in CONDUCT or name == outcome.metric
        for comparison in comparisons
    ]
    return sorted(found, key=lambda item: item["metric"] != outcome.metric)
