"""Collect findings: all of them in a file, the first of each code and the counts in memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from tailor.findings.catalogue import check_of
from tailor.findings.model import Finding, Severity

SHOWN = 200
"""Number of findings of one code in the report; findings.jsonl has all."""
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


class Collector:
    """Writes ``path``, one JSON object a line. Close it before the file is read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.counts: Counter[str] = Counter()
        self.shown: dict[str, list[Finding]] = {}
        self._severities: dict[str, Severity] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, findings: Iterable[Finding]) -> None:
        for found in findings:
            self._file.write(orjson.dumps(found) + b"\n")
            self.counts[found.code] += 1
            self._severities[found.code] = min(
                found.severity, self._severities.get(found.code, "info"), key=lambda each: _ORDER[each]
            )
            first = self.shown.setdefault(found.code, [])
            if len(first) < SHOWN:
                first.append(found)

    def flush(self) -> None:
        self._file.flush()

    def by_code(self) -> list[dict[str, Any]]:
        """Return ``code``, ``severity``, ``count`` and ``cause``, errors first, then by count."""
        rows: list[dict[str, Any]] = [
            {
                "code": code,
                "severity": self._severities[code],
                "count": count,
                "cause": check.cause if (check := check_of(code)) else "",
            }
            for code, count in self.counts.items()
        ]
        return sorted(rows, key=lambda row: (_ORDER[row["severity"]], -row["count"], row["code"]))

    def examples(self) -> list[dict[str, Any]]:
        """Return the first findings of each code, errors first."""
        return [asdict(found) for row in self.by_code() for found in self.shown[row["code"]]]

    def dataset_errors(self) -> list[Finding]:
        """Return errors that are not about a single row."""
        return [
            found
            for findings in self.shown.values()
            for found in findings
            if found.severity == "error" and found.line is None
        ]
