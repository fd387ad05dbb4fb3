"""Findings: what is wrong or doubtful in a dataset, for people and machines.

| module | |
|---|---|
| ``model`` | :class:`Finding`: code, severity, place, message, fix |
| ``catalogue`` | every check, as data |
| ``notes`` | repeated findings counted, so that one habit of a file is one finding |
| ``collector`` | all findings to a file, the first of each code and the counts in memory |
"""

from tailor.findings.catalogue import FindingKind, check_of, checks, finding, from_error, reworded
from tailor.findings.collector import Collector
from tailor.findings.model import Finding, RowError, Severity
from tailor.findings.notes import FindingGroup, FindingTally

__all__ = [
    "Collector",
    "Finding",
    "FindingGroup",
    "FindingKind",
    "FindingTally",
    "RowError",
    "Severity",
    "check_of",
    "checks",
    "finding",
    "from_error",
    "reworded",
]  # fmt: skip
