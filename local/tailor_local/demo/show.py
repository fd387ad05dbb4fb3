"""Print the demo for a terminal of 80 columns, in the language of the command line (``vietnamese.toml``)."""

import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tailor import vietnamese
from tailor.costs import PERIODS, CostLine
from tailor.notices.facts import Facts, cost_so_far, dollar_range, dollars
from tailor.notices.vietnamese_facts import VietnameseFacts
from tailor.phrasebook import Phrasebook
from tailor.runs import Change, Run, State
from tailor_cli.language import spoken
from tailor_local.demo.calls import Asked

console = Console(highlight=False, soft_wrap=False)
SHOWN = 33  # characters of a cell

WHAT_HAPPENS = {
    State.RECEIVED: ("the upload is seen", "its data is checked, converted and split"),
    State.PREPARING: ("every row is checked, and its media", "a price for training"),
    State.PREPARED: ("the data is what Bedrock takes", "a job, or a question for approval"),
    State.AWAITING_APPROVAL: ("nobody spends money unasked", "a person says yes or no"),
    State.APPROVED: ("a person said yes", "the job is submitted"),
    State.TRAINING: ("Bedrock works on the job", "a custom model"),
    State.TRAINED: ("there is a custom model", "an on-demand deployment"),
    State.DEPLOYING: ("the deployment is being made", "it becomes active"),
    State.DEPLOYED: ("the candidate can be asked", "held-out questions, to base and candidate"),
    State.EVALUATING: ("both answer the held-out questions", "the verdict"),
    State.PASSED: ("the candidate is better", "it goes live"),
    State.LIVE: ("the project's name points to it", "apps call it"),
}


def said(text: str) -> str:
    """Return a text of the demo in the language in use."""
    known = _phrasebook().said(text) if spoken() == "vi" else None
    return text if known is None else known


def texts() -> dict[str, dict[str, str]]:
    """Return the demo's texts with their translations: labels, which are looked up alone, and all others."""
    return tomllib.loads(files(__package__).joinpath("vietnamese.toml").read_text("utf-8"))


@cache
def _phrasebook() -> Phrasebook:
    pairs = vietnamese.most_literal([*texts()["texts"].items(), *vietnamese.pairs()])
    return Phrasebook(pairs, vietnamese.value, texts()["labels"], vietnamese.states())


def _name(state: str) -> str:
    """Return the name of a state or verdict in the language in use."""
    return vietnamese.states()[state] if spoken() == "vi" else state


def title(text: str) -> None:
    console.print()
    console.print(Text(said(text), style="bold cyan"))


def line(label: str, text: str) -> None:
    _columns(15, f"[dim]{said(label)}[/]", said(text))


def address(label: str, url: str) -> None:
    """Show an address on a line of its own, whole, so that it can be clicked."""
    console.print(f"  [dim]{said(label)}[/]")
    console.print(f"  {url}", markup=False, soft_wrap=True)


def _columns(width: int, *cells: str) -> None:
    """Return a table whose last cell wraps under itself, so that labels stay in their own column."""
    grid, longest = Table.grid(padding=(0, 1, 0, 0)), 21 if spoken() == "vi" else 18  # names of states
    for place in range(len(cells) - 1):
        grid.add_column(width=width if place == 0 else longest, no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_row(*cells)
    console.print(Padding(grid, (0, 0, 0, 2)))


def change(entry: Change, seconds: float) -> None:
    happens, following = WHAT_HAPPENS.get(entry.state, (entry.reason, ""))
    if entry.state == State.TRAINING and entry.reason:  # it is not Bedrock that trains
        happens = entry.reason
    arrow = f" [dim]→ {said(following)}[/]" if following else ""
    _columns(8, f"[dim]{seconds:5.1f} s[/]", f"[bold]{_name(entry.state)}[/]", said(happens) + arrow)


def findings(run: Run, split: str) -> None:
    title("What the checks found")
    counts = run.report.counts
    line("rows", f"{counts['rows']} in: {counts['used']} used, {counts['rejected']} not usable")
    line("split", f"{counts['train']} train, {counts['validation']} validation, {counts['test']} held out{split}")
    for found in run.report.findings:
        line(found.severity, f"{found.code} ({found.count})")


def quote(run: Run) -> None:
    title("What it would cost on AWS")
    for item in run.quote.lines if run.quote else ():
        line(item.item, f"[bold]{_amount(item)}[/]  [dim]{said(item.how.removeprefix('unknown: '))}[/]")
    spent = _facts(run).spent if spoken() == "vi" else cost_so_far(run, datetime.now(UTC))
    line("spent so far", f"[bold]{spent}[/]  [dim]{said('as the quote tells; here, nothing')}[/]")


def _amount(item: CostLine) -> str:
    if item.low is None or item.expected is None or item.high is None:
        return said("unknown")
    every = "" if item.every == "once" else f" {PERIODS[item.every]}"
    amount = dollar_range(item.low, item.high) + every
    return said(amount if item.low == item.high else f"{amount}, likely {dollars(item.expected)}")


def _facts(run: Run) -> Facts:
    return (VietnameseFacts if spoken() == "vi" else Facts)(run, run.history[-1])


def notices(subjects: list[str], slack: list[dict[str, Any]]) -> None:
    title("Who was told")
    for subject in subjects:
        line("e-mail (SNS)", subject)
    if slack:
        line("Slack", f"{len(slack)} messages with the same words, for example:")
        line("", str(slack[-1].get("text", "")).split("\n")[0])


def curve(steps: list[dict[str, str]], name: str) -> None:
    title("Training curve")
    first, last = steps[0], steps[-1]
    loss = f"{name} {float(first['training_loss']):.3f} → {float(last['training_loss']):.3f}"
    line("last step", f"step {last['step_number']}, epoch {last['epoch_number']}, {loss}")


def verdict(run: Run) -> None:
    title("Base against candidate")
    evaluation, facts = run.evaluation, _facts(run)
    line("verdict", f"[bold]{_name(str(evaluation.verdict))}[/]: {facts.scores}")
    line("difference", f"{facts.difference}, on {facts.asked}")
    table = Table(
        *map(said, ("question", "wanted", "base", "candidate")), box=None, header_style="dim", padding=(0, 1, 0, 2)
    )
    for sample in evaluation.samples[:5]:
        cells = (sample.references[0], sample.baseline, sample.candidate)
        table.add_row(Text(end(sample.question)), *(Text(beginning(cell)) for cell in cells))
    console.print(table)


def measure(lines: list[tuple[str, str]]) -> None:
    title("What this method is for")
    for label, text in lines:
        line(label, text)


def answers(asked: list[Asked]) -> None:
    """Show what base and custom model answered, question by question, and their scores."""
    pictures, scores = any(each.picture for each in asked), asked[0].custom_right is not None
    table = Table(*map(said, [*(["picture"] if pictures else []), "question", "wanted", "base", "custom"]), box=None)
    table.header_style, table.padding = "dim", (0, 1, 0, 2)
    for each in asked:
        question = each.question if scores else end(each.question)
        cells = [question, *(beginning(text) for text in (each.wanted, each.base, each.custom))]
        marks = ["", "", _mark(each.base_right), _mark(each.custom_right)]
        texts = [Text(f"{mark}{cell}") for mark, cell in zip(marks, cells, strict=True)]
        table.add_row(*([Text(each.picture)] if pictures else []), *texts)
    console.print(table)


def score(asked: list[Asked], run: Run) -> None:
    """Show the score of the questions that were asked through the API, and of all held-out rows."""
    base, custom = (
        sum(filter(None, side)) for side in zip(*((a.base_right, a.custom_right) for a in asked), strict=True)
    )
    title(f"Score: custom {custom:g} of {len(asked)}, base {base:g} of {len(asked)}")
    line("all held out", _facts(run).scores)


def _mark(right: float | None) -> str:
    return "" if right is None else "✓ " if right == 1 else "✗ "


def beginning(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def end(text: str) -> str:
    """Shorten a question from its front: what is asked comes last."""
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"…{text[1 - SHOWN :]}"
