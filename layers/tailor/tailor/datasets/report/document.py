"""Report on a dataset: findings, what will be trained on, and the figures that its cost depends on."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from tailor.findings import Collector, Finding
from tailor.printable import one_line

SCHEMA = 1
_SUMMARY_FINDINGS = 20
_ABOUT_ROWS = frozenset({"unusable-rows", "too-many-unusable-rows", "no-rows", "too-few-rows"})


@dataclass(slots=True)
class Report:
    """``to_json`` is report.json; ``manifest`` is manifest.json, empty if the dataset is not usable.

    ``counts``: rows, used, rejected (unusable), left_out (usable but not wanted), train, validation, test, fixes;
    ``by_code``: code, severity, count, cause; ``findings``: the first of each code; ``previews``: some records as the
    model will see them; ``metric``: the one that will decide, and how it judges right and wrong answers."""

    usable: bool
    headline: str
    method: str
    model: str
    counts: dict[str, int]
    by_code: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    files: list[dict[str, Any]] = field(default_factory=list)
    statistics: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    media: dict[str, int] = field(default_factory=dict)
    baselines: dict[str, Any] | None = None
    metric: dict[str, Any] | None = None
    previews: list[dict[str, Any]] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    location: str = ""

    def document(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "usable": self.usable,
            "headline": self.headline,
            "method": self.method,
            "model": self.model,
            "counts": self.counts,
            "findings_by_code": self.by_code,
            "findings": self.findings,
            "files": self.files,
            "statistics": self.statistics,
            "tokens": self.tokens,
            "media": self.media,
            "baselines": self.baselines,
            "metric": self.metric,
        }

    def to_json(self) -> bytes:
        return orjson.dumps(self.document(), option=orjson.OPT_INDENT_2) + b"\n"

    def summary(self) -> dict[str, Any]:
        """Return the summary that a run stores: small, and without the data itself."""
        short = [{key: row[key] for key in ("code", "severity", "count")} for row in self.by_code]
        return {
            "usable": self.usable,
            "headline": self.headline,
            "counts": self.counts,
            "findings": short[:_SUMMARY_FINDINGS],
            "tokens": self.tokens,
            "media": self.media,
            "baselines": self.baselines,
            "location": self.location,
        }


def headline(usable: bool, counts: dict[str, int], collector: Collector) -> str:
    """Return one sentence for notifications and the top of the report."""
    if usable:
        warnings = sum(row["count"] for row in collector.by_code() if row["severity"] == "warning")
        parts = (
            f"{counts['train']:,} rows to train on, {counts['validation']:,} to validate, {counts['test']:,} to test"
        )
        said = f"; {warnings:,} warning{'s' if warnings > 1 else ''}" if warnings else ""
        return f"The dataset is usable: {parts}{said}."
    errors = collector.dataset_errors()
    if telling := [found for found in errors if found.code not in _ABOUT_ROWS]:
        return f"The dataset can't be used: {sentence(telling[0])}."
    # That rows are unusable says less than why they are.
    for row in collector.by_code():
        first = collector.shown[row["code"]][0]
        if row["severity"] == "error" and first.line is not None:
            reason = f"{counts['rejected']:,} of {counts['rows']:,} rows are not usable, most often: {sentence(first)}"
            return f"The dataset can't be used: {reason}."
    return f"The dataset can't be used: {sentence(errors[0])}."


def sentence(found: Finding) -> str:
    """Return a finding as one sentence, with its place."""
    line = f" line {found.line}" if found.line is not None else ""
    return one_line(f"{found.file}{line}: {found.message}" if found.file else found.message)
