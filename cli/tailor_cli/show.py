"""`tailor show`: print a run on one page: its history, findings, cost and files."""

from collections.abc import Iterator
from datetime import datetime

from rich.table import Table
from rich.text import Text

from tailor.costs import PERIODS
from tailor.notices.facts import Facts, dollar_range, dollars
from tailor.notices.vietnamese_facts import VietnameseFacts
from tailor.runs import Run, State
from tailor.serving.aliases import Alias
from tailor.steps.again import ENDED_WITHOUT_MODEL
from tailor.steps.outlook import obstacles
from tailor.steps.provision import is_going
from tailor.training.spending import Spending
from tailor_cli.context import in_a_line, in_words, local_time, out, plain_line, reason_in_words
from tailor_cli.language import said, spoken

TRIED_AGAIN = ENDED_WITHOUT_MODEL - {State.REJECTED} | {State.DEPLOY_FAILED}  # a retry helps without other data


def show_run(run: Run, bucket: str) -> None:
    """Print a run's history and facts."""
    what = f"an adopted model, next to {run.recipe.model}" if run.adopted else _trains(run)
    out.print(f"[bold]{run.id}[/]: {said(what)}, [bold]{in_words(run.state)}[/]")
    history = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for change in run.history:
        why = Text(reason_in_words(change))
        history.add_row(local_time(change.at, "%Y-%m-%d %H:%M:%S"), in_words(change.state), change.by, why)
    out.print(history)
    page = _page()
    for label, text in _facts(run, bucket):
        page.add_row(said(label), Text(plain_line(text)))
    out.print()
    out.print(page)


def show_price(run: Run, alias: Alias, spending: Spending, now: datetime, *, quiet: bool = False) -> str:
    """Print the price of a run that awaits approval, item by item, and what would prevent its model from going live.

    Returns:
        Why it would wait although it is approved; empty if nothing that is known keeps it from training.
    """
    facts = facts_of(run)
    page = _page()
    rows = f", {facts.rows}" if facts.rows else ""
    what = f"a model {run.adopted.origin}, measured next to {run.recipe.model}" if run.adopted else _trains(run)
    page.add_row(said("for"), in_a_line(f"{what} on {run.project}/{run.dataset}{rows}"))
    booked, too_much = spending.outlook(run, now)
    why = reason_in_words(facts.change)
    asked = [("booked this month", said(booked)), ("asked because", why), ("answer by", local_time(run.answer_by))]
    for label, text in [*_prices(run), *_advice(run), *asked]:
        page.add_row(said(label), Text(plain_line(text)))
    waits = [f"It will wait although it is approved: {too_much}"] if too_much else []
    for text in [*waits, *obstacles(run.recipe, alias)]:
        page.add_row(said("note"), Text(in_a_line(text), style="yellow"))
    if not quiet:
        out.print(page)
    return too_much


def _trains(run: Run) -> str:
    return f"{run.recipe.method} of {run.recipe.model}"


def facts_of(run: Run) -> Facts:
    """Return a run's figures, in the words of the language in use."""
    return (VietnameseFacts if spoken() == "vi" else Facts)(run, run.history[-1])


def _page() -> Table:
    """Return an empty table of labels and texts."""
    page = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    page.add_column(style="dim")
    page.add_column(overflow="fold")
    return page


def next_step(run: Run) -> str:
    """Return the commands that a waiting run needs from a person, or an empty string."""
    if run.state == State.AWAITING_APPROVAL:
        return in_a_line(f"tailor approve {run.id} or tailor decline {run.id}")
    if run.state == State.PASSED and not run.recipe.deployment.promote and not is_going(run):
        return in_a_line(f"tailor promote {run.id} --reason WHY or tailor retire {run.id}")
    return ""


def _prices(run: Run) -> Iterator[tuple[str, str]]:
    """Yield the amount of each item of the quote."""
    for line in run.quote.lines if run.quote else ():
        amount = "unknown" if line.low is None or line.high is None else dollar_range(line.low, line.high)
        every = "" if line.every == "once" else f" {PERIODS[line.every]}"
        whole = line.whole if line.periods is not None else None
        until = f", at most {dollars(whole.high)} until it ends" if whole else ""
        yield line.item, said(amount + every + until)


def _advice(run: Run) -> Iterator[tuple[str, str]]:
    """Yield what to know before paying."""
    for item in run.quote.advice if run.quote else ():
        yield f"{said('advice')}: {item.code}", f"{said(item.message)}; {said(item.fix)}"


def _facts(run: Run, bucket: str) -> Iterator[tuple[str, str]]:
    facts = facts_of(run)
    folder = f"s3://{bucket}/{run.files}"
    executions = {"prepared by": run.report.execution, "asked by": run.evaluation.execution}
    yield from ((what, execution) for what, execution in executions.items() if execution)
    yield from (("model", adopted.origin) for adopted in [run.adopted] if adopted)
    if headline := run.report.headline:
        yield "data", said(headline)
        yield "data report", f"{folder}report/report.html"
    if run.quote:
        yield from _prices(run)
        yield "spent so far", facts.spent
        yield from _advice(run)
    if step := next_step(run):
        yield "next", step + (said(f", by {local_time(run.answer_by)}") if run.state == State.AWAITING_APPROVAL else "")
    if run.state in TRIED_AGAIN and not run.is_superseded:
        yield "next", f"tailor retry {run.id}"
    if run.newer:
        yield "newer data", run.newer
    if run.stall:
        label = "waits" if run.stall.level == "wait" else "stall"
        yield label, f"{in_a_line(run.stall.message)} ({said('since')} {local_time(run.stall.since)})"
    if run.job and run.job.arn:
        yield "job", run.job.arn
    for name, phase in run.job.phases.items() if run.job else ():
        yield f"  {name}", f"{phase.status} {said('since')} {local_time(phase.since)}"
    if facts.losses:
        yield "losses", facts.losses
    if run.deployment:
        yield "deployment", f"{run.deployment.status or ''} {run.deployment.arn}"
    if run.evaluation.verdict:
        verdict = in_words(State(run.evaluation.verdict))
        yield "verdict", said(f"{verdict}: {facts.scores}, {facts.difference}, on {facts.asked}")
        yield "evaluation", f"s3://{bucket}/{run.results}report.html"
