"""Check rows one by one. Messages and severities are in :mod:`tailor.findings`.

| module | |
|---|---|
| ``examiner`` | all checks of one example: turns, media, size, texts |
| ``tools`` | tool calls and their results |
| ``prefilter`` | which rows' texts need a closer look, for many rows at once |
| ``privacy`` | personal data and secrets |
| ``reasoning`` | what becomes of reasoning in answers |
| ``repairs`` | what is put right without asking |
"""

from tailor.datasets.checks.examiner import Examiner
from tailor.datasets.checks.prefilter import Passed, Screen, measured
from tailor.datasets.checks.reasoning import ReasoningSplitter
from tailor.datasets.checks.repairs import Repairs

__all__ = ["Examiner", "Passed", "ReasoningSplitter", "Repairs", "Screen", "measured"]
