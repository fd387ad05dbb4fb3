"""A dataset's report in the terminal: findings by code, with examples and fixes."""

from rich.markup import escape
from rich.table import Table

from tailor.datasets.report import Report, examples_of, fixes_of, in_vietnamese
from tailor.printable import one_line
from tailor_cli.context import in_a_line, out
from tailor_cli.language import said, spoken

_EXAMPLES = 3
_FIXES = 2
_ENOUGH_HELD_OUT = 20
_STYLES = {"error": "bold red", "warning": "yellow", "info": "blue"}


def show(report: Report) -> None:
    """Print the headline, the findings by code, and the best baseline."""
    report = translated(report)
    out.print(f"[bold {'green' if report.usable else 'red'}]{escape(one_line(report.headline))}[/]")
    if report.by_code:
        out.print()
        out.print(_table(report))
    if report.baselines and report.counts["test"] >= _ENOUGH_HELD_OUT:
        best = max(report.baselines[key] for key in ("majority", "majority_by_kind", "question_only"))
        out.print(f"Guessing without a model answers {best:.0%} of the {report.counts['test']:,} held-out rows.")


def translated(report: Report) -> Report:
    """Return the report with headline and findings in the language in use."""
    return in_vietnamese(report) if spoken() == "vi" else report


def _table(report: Report) -> Table:
    """Return a table of two columns, which leaves room for messages on a narrow terminal."""
    table = Table(show_edge=False, pad_edge=False, box=None, padding=(0, 2, 1, 0))
    table.add_column("count", justify="right", style="bold")
    table.add_column("problem, examples → what to do", overflow="fold")
    for row in report.by_code:
        examples = examples_of(report, row["code"])
        title = f"[{_STYLES[row['severity']]}]{said(row['severity'])}[/] [bold]{row['code']}[/]"
        shown = examples[:_EXAMPLES]
        lines = [escape(in_a_line(f"{each.place}: {each.message}" if each.place else each.message)) for each in shown]
        more = ["[dim]…[/]"] if len(examples) > len(shown) else []
        advice = [f"[cyan]→[/] [dim]{escape(in_a_line(fix))}[/]" for fix in fixes_of(shown)[:_FIXES]]
        table.add_row(f"{row['count']:,}", "\n".join([title, *lines, *more, *advice]))
    return table
