"""Compare rows with each other, and split them into rows for training and rows for testing.

| module | |
|---|---|
| ``row_table`` | columns of all rows on disk, mapped into memory |
| ``fingerprints`` | hashes that rows are compared by |
| ``dataset_checks``, ``near_duplicates`` | duplicates, conflicts, leaks, counts; pictures that look alike |
| ``splitter``, ``assign`` | which group goes to which split |
| ``statistics``, ``baselines`` | figures for the report |
"""

from tailor.datasets.table.assign import assign_splits
from tailor.datasets.table.baselines import trivial_baselines
from tailor.datasets.table.fingerprints import SHORT_ANSWER, asked_hash, describe_answer, group_hash, hashes_of
from tailor.datasets.table.row_table import MEDIA_KINDS, Object, RowTable, RowWriter, TableRow, WorkerTable
from tailor.datasets.table.splitter import SPLITS
from tailor.datasets.table.statistics import asked_of, media_of, statistics_of, tokens_of

__all__ = [
    "MEDIA_KINDS",
    "SHORT_ANSWER",
    "SPLITS",
    "Object",
    "RowTable",
    "RowWriter",
    "TableRow",
    "WorkerTable",
    "asked_hash",
    "asked_of",
    "assign_splits",
    "describe_answer",
    "group_hash",
    "hashes_of",
    "media_of",
    "statistics_of",
    "tokens_of",
    "trivial_baselines",
]
