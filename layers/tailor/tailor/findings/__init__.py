"""Findings: what is wrong or doubtful in a dataset, for people and machines.

| module | |
|---|---|
| ``model`` | :class:`Finding`: code, severity, place, message, fix |
| ``catalogue`` | every check, as data |
| ``translated`` | the same in Vietnamese (``vietnamese.toml``) |
| ``notes`` | repeated findings counted, so that one habit of a file is one finding |
| ``collector`` | all findings to a file, the first of each code and the counts in memory |
"""

from tailor.findings.catalogue import FindingKind, check_of, checks, finding, from_error, reworded
from tailor.findings.collector import Collector
from tailor.findings.model import Finding, RowError, Severity
from tailor.findings.notes import FindingGroup, FindingTally
from tailor.findings.translated import NOTHING_TO_DO, Language, in_document, sentence_in_vietnamese, translated

__all__ = [
    "NOTHING_TO_DO",
    "Collector",
    "Finding",
    "FindingGroup",
    "FindingKind",
    "FindingTally",
    "Language",
    "RowError",
    "Severity",
    "check_of",
    "checks",
    "finding",
    "from_error",
    "in_document",
    "reworded",
    "sentence_in_vietnamese",
    "translated",
]  # fmt: skip
