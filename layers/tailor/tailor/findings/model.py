"""One thing wrong or doubtful in a dataset."""

from dataclasses import dataclass, replace
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

    def at(self, file: str, line: int | None = None) -> "Finding":
        """Return the same finding with the place where it was found."""
        return replace(self, file=file, line=line)


class RowError(Exception):
    """A row can't become an example. ``problems`` is all that is wrong; ``raw`` what the file says, if known."""

    def __init__(self, *problems: Finding) -> None:
        super().__init__(problems[0].message)
        self.problems = problems
        self.raw = ""
