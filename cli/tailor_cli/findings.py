"""A dataset's report in the terminal: what was found, by code, with examples and what to do."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tailor.datasets.report import Report

_EXAMPLES = 3
_LINES = 3
_FIXES = 2
_ENOUGH_HELD_OUT = 20
_STYLES = {"error": "bold red", "warning": "yellow", "info": "blue"}
_NOTHING = "nothing to do"


def show(report: Report) -> None:
    console = Console()
    console.print(f"[bold {'green' if report.usable else 'red'}]{escape(report.headline)}[/]", highlight=False)
    if report.by_code:
        console.print()
        console.print(_table(report), highlight=False)
    if report.baselines and report.counts["test"] >= _ENOUGH_HELD_OUT:
        best = max(report.baselines[key] for key in ("majority", "majority_by_kind", "question_only"))
        console.print(
            f"Guessing without a model answers {best:.0%} of the {report.counts['test']:,} held-out rows.",
            highlight=False,
        )


def _table(report: Report) -> Table:
    """Two columns, so that messages have room on a narrow terminal."""
    table = Table(show_edge=False, pad_edge=False, box=None, padding=(0, 2, 1, 0))
    table.add_column("count", justify="right", style="bold")
    table.add_column("problem, examples → what to do", overflow="fold")
    for row in report.by_code:
        found = [finding for finding in report.findings if finding["code"] == row["code"]]
        title = f"[{_STYLES[row['severity']]}]{row['severity']}[/] [bold]{row['code']}[/]"
        table.add_row(f"{row['count']:,}", "\n".join([title, *_examples(found), *_fixes(found)]))
    return table


def _examples(found: list[dict[str, Any]]) -> list[str]:
    """The first messages; what is said of several lines of a file is said once."""
    places: dict[tuple[str, str], list[int]] = {}
    for each in found:
        lines = places.setdefault((each["file"], each["message"]), [])
        if each["line"] is not None:
            lines.append(each["line"])
    shown = list(places.items())
    said = [escape(_place(file, lines, message) + message) for (file, message), lines in shown[:_EXAMPLES]]
    return [*said, "[dim]…[/]"] if len(shown) > _EXAMPLES else said


def _place(file: str, lines: list[int], message: str) -> str:
    if not file or (not lines and repr(file) in message):
        return ""
    lines = list(dict.fromkeys(lines))
    numbers = ", ".join(map(str, lines[:_LINES])) + (", …" if len(lines) > _LINES else "")
    return f"{file} line{'s' if len(lines) > 1 else ''} {numbers}: " if lines else f"{file}: "


def _fixes(found: list[dict[str, Any]]) -> list[str]:
    shown = list(dict.fromkeys(each["fix"] for each in found[:_EXAMPLES] if each["fix"] != _NOTHING))
    return [f"[cyan]→[/] [dim]{escape(fix)}[/]" for fix in shown[:_FIXES]]
