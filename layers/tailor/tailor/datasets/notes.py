"""Collects what readers notice, so that one habit of a file is one finding and not one for each of its rows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tailor.datasets.model import Finding, Severity


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with one row. ``path`` is a JSON path or a column's name."""

    code: str
    message: str
    fix: str
    path: str | None = None


class RowError(Exception):
    """A row can't become an example. ``troubles`` is all that is wrong; ``raw`` what the file says, if known."""

    def __init__(self, *troubles: Trouble) -> None:
        super().__init__(troubles[0].message)
        self.troubles = troubles
        self.raw = ""


class Notes:
    """Findings about a file or the dataset. Repeated ones are counted: the first row is named, then how many more."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str | None], tuple[Finding, int]] = {}

    def add(
        self,
        code: str,
        severity: Severity,
        file: str,
        message: str,
        fix: str,
        *,
        line: int | None = None,
        path: str | None = None,
    ) -> None:
        key = (code, file, path)
        known = self._found.get(key)
        if known:
            self._found[key] = (known[0], known[1] + 1)
        else:
            self._found[key] = (Finding(code, severity, file, line, message, fix, path), 1)

    def forget(self, file: str) -> None:
        """Drops what was noted about a file's rows, before they are read again."""
        self._found = {key: value for key, value in self._found.items() if key[1] != file or value[0].line is None}

    def errors_of(self, file: str) -> bool:
        """Whether something is wrong with a file as a whole."""
        return any(
            found.file == file and found.severity == "error" and found.line is None for found, _ in self._found.values()
        )

    def document(self) -> list[tuple[Finding, int]]:
        """What :meth:`of` and :meth:`take` take: each finding with how many rows it is about."""
        return list(self._found.values())

    @classmethod
    def of(cls, document: list[tuple[Finding, int]]) -> "Notes":
        notes = cls()
        notes._found = {(found.code, found.file, found.path): (found, count) for found, count in document}
        return notes

    def take(self, document: Iterable[tuple[Finding, int]]) -> None:
        """Adds what was noted of other rows."""
        for found, count in document:
            key = (found.code, found.file, found.path)
            known, before = self._found.get(key, (found, 0))
            first = min(known, found, key=lambda each: each.line or 0)
            self._found[key] = (first, before + count)

    def findings(self) -> list[Finding]:
        return [
            found if count == 1 else replace(found, message=f"{found.message} ({count} rows; this is the first)")
            for found, count in self._found.values()
        ]
