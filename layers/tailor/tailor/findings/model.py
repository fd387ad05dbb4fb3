"""One thing wrong or doubtful in a dataset."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(slots=True, frozen=True)
class Finding:
    """One thing wrong or doubtful in a dataset, for people and machines.

    ``code`` is stable and listed in docs/findings.md; ``line`` is None for the file or dataset as a whole; ``path`` is
    a JSON path (``$.messages[0].content[1]``) or a column's name; ``fix`` says what to do, in the user's words.
    """

    code: str
    severity: Severity
    file: str
    line: int | None
    message: str
    fix: str
    path: str | None = None
