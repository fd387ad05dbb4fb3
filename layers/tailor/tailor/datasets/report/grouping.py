"""Group findings of one code for people, so that the same message about several lines appears once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tailor.datasets.report.document import Report
from tailor.findings import NOTHING_TO_DO

_LINES = 3


@dataclass(slots=True)
class FindingExample:
    """A message and the lines where it applies, in ascending order, each once."""

    file: str
    message: str
    fix: str
    path: str | None
    lines: list[int] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Return ``a.csv lines 1, 2, 3, …``; "" for the dataset, or if the message names the file itself."""
        if not self.file or (not self.lines and repr(self.file) in self.message):
            return ""
        numbers = ", ".join(map(str, self.lines[:_LINES])) + (", …" if len(self.lines) > _LINES else "")
        return f"{self.file} line{'s' if len(self.lines) > 1 else ''} {numbers}" if self.lines else self.file


def examples_of(report: Report, code: str) -> list[FindingExample]:
    """Return the different messages of a code, in the order of the report's findings."""
    found: dict[tuple[str, str], FindingExample] = {}
    for each in report.findings:
        if each["code"] == code:
            key = each["file"], each["message"]
            example = found.setdefault(key, FindingExample(*key, each["fix"], each["path"]))
            if each["line"] is not None and each["line"] not in example.lines[-1:]:
                example.lines.append(each["line"])
    return list(found.values())


def fixes_of(examples: Iterable[FindingExample]) -> list[str]:
    """Return the fixes for a code's findings, each once."""
    return list(dict.fromkeys(each.fix for each in examples if each.fix and each.fix not in NOTHING_TO_DO))
