"""A run as the API's documents."""

from collections.abc import Iterable

from tailor.costs import Quote
from tailor.evaluation.curves import Curve, read_in_words
from tailor.management.documents import (
    ApprovalDocument,
    CurveDocument,
    CurvePoint,
    DataDocument,
    EvaluationDocument,
    FindingDocument,
    FindingSummary,
    JobDocument,
    Links,
    Phase,
    QuoteDocument,
    QuoteLine,
    QuoteTotals,
    RunDocument,
    RunSummary,
    TimelineEntry,
    Wait,
)
from tailor.run_records import EvaluationRecord, JobRecord, ReportRecord
from tailor.runs import Run, State
from tailor.steps import steer
from tailor.vietnamese import as_asked

_DECISIONS = {
    State.AWAITING_APPROVAL: "awaiting",
    State.APPROVED: "approved",
    State.DECLINED: "declined",
    State.STOPPED: "stopped",
    State.SUPERSEDED: "superseded",
}
_LINES = 20


def summary(run: Run) -> RunSummary:
    """Return a run as a list has it."""
    return RunSummary.model_validate(_basics(run))


def document(run: Run, links: Links) -> RunDocument:
    """Return all that is known of a run."""
    return RunDocument.model_validate(
        {
            **_basics(run),
            "timeline": [
                TimelineEntry(state=change.state, at=change.at, by=change.by, reason=as_asked(change.reason, change.by))
                for change in run.history
            ],
            "data": _data(run.report),
            "quote": quote(run.quote),
            "answer_by": run.answer_by if run.state == State.AWAITING_APPROVAL else None,
            "job": _job(run.job),
            "deployment": run.deployment.status if run.deployment else None,
            "evaluation": evaluation(run.evaluation),
            "waits": run.stall and Wait(**{name: getattr(run.stall, name) for name in Wait.model_fields}),
            "origin": run.adopted.origin if run.adopted else None,
            "newer": run.newer or None,
            "links": links,
        }
    )


def approval(run: Run) -> ApprovalDocument:
    """Return a run that asked for approval, as its question and the answer to it."""
    asked = next(change for change in reversed(run.history) if change.state == State.AWAITING_APPROVAL)  # the last time
    decided = next(iter(run.history[asked.sequence :]), None)
    question = run.quote.approval if run.quote else None
    return ApprovalDocument.model_validate(
        {
            "id": run.id,
            "status": _DECISIONS[decided.state if decided else State.AWAITING_APPROVAL],
            "project": run.project,
            "dataset": run.dataset,
            "method": run.recipe.method,
            "model": run.recipe.model,
            "reason": as_asked(asked.reason, asked.by),
            "asked_at": asked.at,
            "expires_at": question.until if question else None,
            "quote": _totals(run.quote),
            "decided_at": decided.at if decided else None,
            "decided_by": decided.by if decided else None,
            "decision_reason": as_asked(decided.reason, decided.by) if decided else None,
        }
    )


def findings(found: Iterable[dict[str, object]]) -> list[FindingDocument]:
    """Return a report's findings, those that say the same of one file as one, in the report's order."""
    groups: dict[tuple[object, ...], list[int]] = {}
    counts: dict[tuple[object, ...], int] = {}
    for each in found:
        key = tuple(each.get(name) for name in ("code", "severity", "message", "fix", "file"))
        lines, line = groups.setdefault(key, []), each.get("line")
        counts[key] = counts.get(key, 0) + 1
        if isinstance(line, int) and len(lines) < _LINES:
            lines.append(line)
    names = ("code", "severity", "message", "fix", "file")
    return [
        FindingDocument.model_validate({**dict(zip(names, key, strict=True)), "lines": lines, "count": counts[key]})
        for key, lines in groups.items()
    ]


def curve(curves: list[Curve]) -> CurveDocument:
    """Return a job's losses, and what they say."""

    def points(kind: str) -> list[CurvePoint]:
        found = [point for each in curves if each.kind == kind for point in each.as_dict()["points"]]
        return [CurvePoint(step=point["step"], epoch=point["epoch"], loss=point["loss"]) for point in found]

    reading = read_in_words(curves)
    return CurveDocument(
        state=reading.state,
        sentence=reading.sentence,
        advice=reading.advice,
        training=points("training"),
        validation=points("validation"),
    )


def _basics(run: Run) -> dict[str, object]:
    last = run.history[-1]
    return {
        "id": run.id,
        "project": run.project,
        "dataset": run.dataset,
        "method": run.recipe.method,
        "model": run.recipe.model,
        "state": run.state,
        "open": run.is_open,
        "created_at": run.created_at,
        "changed_at": last.at,
        "reason": as_asked(last.reason, last.by),
        "verdict": run.evaluation.verdict,
        "actions": steer.actions(run),
    }


def _totals(quote: Quote | None) -> QuoteTotals:
    return QuoteTotals(
        currency=quote.currency if quote else "USD",
        totals=dict(quote.totals) if quote else {},
        unknown=list(quote.unknown) if quote else [],
        advice=[item.message for item in quote.advice] if quote else [],
    )


def quote(found: Quote | None) -> QuoteDocument | None:
    """Return a quote as a document; None without one."""
    if found is None:
        return None
    lines = [QuoteLine(**{name: getattr(line, name) for name in QuoteLine.model_fields}) for line in found.lines]
    return QuoteDocument(**_totals(found).model_dump(), lines=lines)


def _data(report: ReportRecord) -> DataDocument | None:
    if report.usable is None:
        return None
    return DataDocument(
        usable=report.usable,
        headline=report.headline or "",
        counts=report.counts,
        media=report.media,
        findings=[FindingSummary(code=each.code, severity=each.severity, count=each.count) for each in report.findings],
    )


def _job(job: JobRecord | None) -> JobDocument | None:
    if job is None:
        return None
    phases = [Phase(name=name, status=phase.status, since=phase.since) for name, phase in job.phases.items()]
    return JobDocument(
        status=job.status,
        attempt=job.attempt,
        submitted_at=job.submitted_at,
        phases=phases,
        training_loss=job.training_loss,
        validation_loss=job.validation_loss,
    )


def evaluation(found: EvaluationRecord) -> EvaluationDocument | None:
    """Return a verdict as a document; None without one."""
    if found.verdict is None:
        return None
    return EvaluationDocument(**{name: getattr(found, name) for name in EvaluationDocument.model_fields})
