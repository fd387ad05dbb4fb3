"""Collect what readers notice, so that a repeated problem of a file is one finding, not one for each row."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from tailor.findings.model import Finding, Severity

SHOWN: Final = 20
"""Number of findings of one code in a file that are reported separately, each with its own path."""
KNOWN: Final = 100
"""Number of them that are distinguished, to report how many others there are."""
_MOST_AGAIN: Final = 1000
_LONGEST: Final = 200
"""Maximum characters of a path: a key may be as long as a row."""


@dataclass(slots=True)
class Occurrence:
    """A finding, how many ``rows`` it is about, and the ``last`` of them."""

    finding: Finding
    rows: int
    last: int | None

    @property
    def place(self) -> tuple[int, str]:
        return self.finding.line or 0, self.finding.path or ""

    @property
    def told(self) -> Finding:
        if self.rows == 1:
            return self.finding
        unit = "of them" if self.finding.line is None else "rows"
        return replace(self.finding, message=f"{self.finding.message} ({self.rows} {unit}; this is the first)")


@dataclass(slots=True)
class FindingGroup:
    """Findings of one code in one file that differ in their paths only: the first ones by line and path. ``beyond``:
    there are others, so that nobody who read a part of the rows counted all that each of these is about. ``rows`` have
    any of them; ``last`` is the last such row, ``end`` where the first ones end."""

    file: str
    first: dict[str, Occurrence] = field(default_factory=dict)
    rows: int = 0
    last: int | None = None
    beyond: bool = False
    end: tuple[int, str] | None = None

    def merge(self, other: "FindingGroup") -> None:
        """Add what was noted of other rows."""
        self.rows += other.rows
        self.beyond |= other.beyond
        for path, seen in other.first.items():
            known = self.first.get(path)
            rows = seen.rows + (known.rows if known else 0)
            first = min((seen, known) if known else (seen,), key=lambda each: each.place)
            self.first[path] = Occurrence(first.finding, rows, first.last)
        self.cut()

    def cut(self) -> None:
        """Keep only the first ones."""
        if len(self.first) >= KNOWN:
            places = sorted(seen.place for seen in self.first.values())
            self.end = places[KNOWN - 1]
            self.beyond |= len(places) > KNOWN
            self.first = {path: seen for path, seen in self.first.items() if seen.place <= self.end}

    def findings(self) -> list[Finding]:
        """Return the first few as findings of their own, the others as one."""
        seen = sorted(self.first.values(), key=lambda each: each.place)
        if len(seen) <= SHOWN + 1 and not self.beyond:
            return [each.told for each in seen]
        shown, others = seen[:SHOWN], [each.finding for each in seen[SHOWN:]]
        examples = ", ".join(str(found.path) for found in others[:3])
        many = f"more than {len(others)}" if self.beyond else str(len(others))
        message = f"the same of {many} others, such as {examples} (in all {self.rows:,} rows)"
        rest = replace(others[0], message=message, path=None)
        return [*(each.finding if self.beyond else each.told for each in shown), rest]


class FindingTally:
    """Findings about a file or the dataset. Repeated ones are counted: the first row is named, then how many more. The
    result does not depend on how rows are assigned to workers, and memory is bounded, whatever rows contain."""

    def __init__(self) -> None:
        self._habits: dict[tuple[str, str, Severity], FindingGroup] = {}
        self._again: dict[int, tuple[Finding, FindingGroup, Occurrence]] = {}

    def add_each(self, findings: Iterable[Finding], line: int) -> None:
        """Count findings of the row in a line, the same ones again and again."""
        again = self._again
        for found in findings:
            known = again.get(id(found))
            if known is None or known[1].end is not None:
                self.add(found, line)
                continue
            _, group, seen = known
            if group.last != line:
                group.rows += 1
                group.last = line
            if seen.last != line:
                seen.rows += 1
                seen.last = line

    def add(self, found: Finding, line: int | None = None) -> None:
        """Count a finding, of the row in ``line`` unless it has its own; lines are in ascending order."""
        key, line, path = (found.code, found.file, found.severity), found.line or line, found.path
        habit = self._habits.get(key)
        if habit is None:
            habit = self._habits[key] = FindingGroup(found.file)
        if line is None or line != habit.last:
            habit.rows += 1
            habit.last = line
        path = f"{path[:_LONGEST]}…" if path and len(path) > _LONGEST else path
        known = habit.first.get(path or "")
        if known:
            if line is None or line != known.last:
                known.rows += 1
                known.last = line
            if found.line is None and len(self._again) < _MOST_AGAIN:
                self._again[id(found)] = (found, habit, known)
        elif habit.end and (line or 0, path or "") > habit.end:
            habit.beyond = True
        else:
            habit.first[path or ""] = Occurrence(replace(found, path=path, line=line), 1, line)
            habit.cut()

    def forget(self, file: str) -> None:
        """Drop what was recorded about a file's rows, before they are read again."""
        self._again.clear()
        for key, habit in list(self._habits.items()):
            if habit.file == file and any(seen.finding.line is not None for seen in habit.first.values()):
                del self._habits[key]

    def errors_of(self, file: str) -> bool:
        """Return whether something is wrong with a file as a whole."""
        return any(found.file == file and found.severity == "error" and found.line is None for found in self.findings())

    def document(self) -> list[FindingGroup]:
        """Return the groups of findings, as :meth:`of` and :meth:`take` read them."""
        return list(self._habits.values())

    @classmethod
    def of(cls, document: Iterable[FindingGroup]) -> "FindingTally":
        notes = cls()
        notes.merge(document)
        return notes

    def merge(self, document: Iterable[FindingGroup]) -> None:
        """Add what was recorded for other rows."""
        self._again.clear()
        for habit in document:
            found = next(iter(habit.first.values())).finding
            self._habits.setdefault((found.code, found.file, found.severity), FindingGroup(found.file)).merge(habit)

    def findings(self) -> list[Finding]:
        return [found for habit in self._habits.values() for found in habit.findings()]
