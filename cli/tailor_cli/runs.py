"""Commands that follow and steer runs: `tailor runs`, `show`, `watch`, `approve`, `promote` and others."""

import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from tailor.errors import NotFoundError
from tailor.notices.facts import cost_in_short
from tailor.printable import printable
from tailor.runs import TERMINAL, Run, State
from tailor.steps import pausing, steer
from tailor.steps.filling import Folder, FolderStore
from tailor.steps.provision import SERVING
from tailor_cli.context import err, in_a_line, out, person, read_run, say_json, session, shown_errors
from tailor_cli.show import TRIED_AGAIN, next_step, show_price, show_run

RunId = Annotated[str, typer.Argument(help="run id, or a project's name for its newest run", metavar="RUN")]
Reason = Annotated[str, typer.Option(help="recorded in the run's history")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
SETTLED = TERMINAL | {State.LIVE, State.STANDBY, State.PAUSED}


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def find(name: str) -> Run:
    """Return a run by its id, or the newest run of a project that was not superseded.

    Raises:
        NotFoundError: there is neither a run nor a project of this name.
    """
    try:
        return read_run(name)
    except NotFoundError:
        runs = session.runs.project_runs(name)
        if not runs:
            raise NotFoundError(
                f"there is no run and no project {name!r}", hint=f"list them with {session.tailor} runs"
            ) from None
        return next((run for run in runs if not run.is_superseded), runs[0])


def runs(project: Annotated[str | None, typer.Argument(help="only this project's runs")] = None) -> None:
    """List a project's runs, or all unfinished runs."""
    with shown_errors():
        found = session.runs.project_runs(project) if project else session.runs.open_runs()
        table = Table(Column("run", no_wrap=True), "state", "since", "spent", "what", box=None, header_style="bold")
        for run in found:
            last = run.history[-1]
            cost = cost_in_short(run, now()) if run.quote else ""
            what = Text(in_a_line(run.stall.message if run.stall else last.reason))
            table.add_row(run.id, run.state, f"{last.at:%Y-%m-%d %H:%M}", cost, what)
        none = (
            f"{project} has no runs"
            if project
            else f"no unfinished runs; {session.tailor} runs PROJECT lists all runs of a project"
        )
        folders = [] if session.folders is None else known_folders(session.folders, project)
        if found or not folders:
            out.print(table if found else none)
        if folders:
            out.print(folders_table(folders, now()))


def known_folders(store: FolderStore, project: str | None) -> list[Folder]:
    """Return the folders that are being filled; of a project, those too whose upload started nothing."""
    if project is None:
        return store.filling()
    return [folder for folder in store.of_project(project) if folder.is_filling or folder.told]


def folders_table(folders: list[Folder], at: datetime) -> Table:
    """Return what is known of folders without a run yet."""
    table = Table(Column("folder", no_wrap=True), "state", "since", "what", box=None, header_style="bold")
    for folder in folders:
        state = "filling" if folder.is_filling else "nothing started"
        what = f"{folder.objects:,} objects so far" if folder.is_filling else folder.told
        if folder.quiet_at is not None:
            left = max(0, round((folder.quiet_at - at).total_seconds()))
            what += f", waiting for {left} s of quiet"
        table.add_row(Text(printable(folder.folder)), state, f"{folder.first_at:%Y-%m-%d %H:%M}", what)
    return table


def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show one run: its state, history, findings, cost and files."""
    with shown_errors():
        run = find(run_id)
        if as_json:
            say_json(run.model_dump_json(indent=2))
            return
        show_run(run, session.stack.bucket)


def watch(run_id: RunId, timeout: Annotated[float, typer.Option(help="seconds to wait at most")] = 86400) -> None:
    """Follow a run until it finishes or needs your input.

    Exit code: 0 if the run is live or needs your input, 1 if it ended otherwise, 3 after the timeout.
    """
    with shown_errors():
        run = find(run_id)
        seen, deadline = 0, time.monotonic() + timeout
        while True:
            for change in run.history[seen:]:
                reason = escape(in_a_line(change.reason))
                out.print(f"{change.at:%H:%M:%S}  [bold]{change.state}[/]  {reason}", soft_wrap=True)
            seen = run.sequence
            if step := next_step(run):
                err.print(f"next: {session.tailor} show {run.id}, then {step}", soft_wrap=True)
                raise typer.Exit
            if run.state in SETTLED:
                if run.state in TRIED_AGAIN and not run.is_superseded:
                    err.print(f"next: {session.tailor} retry {run.id}", soft_wrap=True)
                raise typer.Exit(0 if run.state == State.LIVE else 1)
            if time.monotonic() > deadline:
                err.print(f"still {run.state} after {timeout:g} seconds")
                raise typer.Exit(3)
            time.sleep(1)
            run = read_run(run.id, run.project)


def approve(
    run_id: RunId,
    reason: Reason = "",
    yes: Annotated[bool, typer.Option("--yes", help="approve without being asked")] = False,
) -> None:
    """Show what a run would cost and what for, and approve it; training then starts, or waits for room."""
    with shown_errors():
        run, waits = find(run_id), ""
        if run.state == State.AWAITING_APPROVAL:
            waits = show_price(run, session.serving.alias(run.project), session.spending, now())
            if not yes:
                typer.confirm("Approve", abort=True, err=True)
        run = steer.approve(run, session.runs, by=person(), reason=reason, now=now())
        begins = (
            f"it waits until this changes: {waits}"
            if waits
            else "training starts as soon as Bedrock has room for its job"
        )
        out.print(Text(in_a_line(f"{run.id} is approved: {begins}")), soft_wrap=True)


def decline(run_id: RunId, reason: Reason = "") -> None:
    """Decline a run's estimated cost; the run ends."""
    with shown_errors():
        run = steer.decline(find(run_id), session.runs, by=person(), reason=reason, now=now())
        out.print(f"{run.id} is declined: nothing was spent")


def stop(run_id: RunId, reason: Reason = "") -> None:
    """Stop a run before its verdict: stops its job and removes its deployment; keeps a model that exists."""
    with shown_errors():
        run = steer.stop(find(run_id), session.services, by=person(), reason=reason, now=now())
        out.print(f"{run.id} {_ended(run)}")


def promote(run_id: RunId, reason: Annotated[str, typer.Option(help="recorded in the run's history")]) -> None:
    """Make a version live regardless of its verdict. Deploys it again first if its deployment was removed.

    One that passed while a part of its held-out rows is sealed goes live only if it passes on that part too.
    """
    with shown_errors():
        run = steer.promote_by_hand(find(run_id), session.services, by=person(), reason=reason, now=now())
        if run.state == State.RESTORING:
            out.print(f"{run.id} is being deployed again, which takes some minutes, and then goes live")
            err.print(f"next: {session.tailor} watch {run.id}", soft_wrap=True)
        elif run.state == State.EVALUATING:
            out.print(f"{run.id} is measured on its sealed rows, and goes live if it passes there too", soft_wrap=True)
            err.print(f"next: {session.tailor} watch {run.id}", soft_wrap=True)
        else:
            out.print(f"{run.project} now serves {run.id}")


def retry(run_id: RunId, reason: Reason = "") -> None:
    """Try a run again that was stopped, declined or rejected, or whose training or deployment failed.

    Keeps what was done: prepared data, the quote, a trained model. Nothing is spent without the approval that it needs.
    """
    with shown_errors():
        run = steer.retry(find(run_id), session.runs, bucket=session.bucket, by=person(), reason=reason, now=now())
        what = {
            State.RECEIVED: "is checked again from the beginning",
            State.PREPARED: "keeps its prepared data: it trains within the budget, or asks for approval",
        }.get(run.state, "is being deployed again, which takes some minutes")
        out.print(f"{run.id} {what}", soft_wrap=True)
        err.print(f"next: {session.tailor} watch {run.id}", soft_wrap=True)


def rollback(
    project: str,
    to: Annotated[str | None, typer.Option(help="run to go back to; default: the previous version")] = None,
    reason: Reason = "",
) -> None:
    """Make a project's previous version live again."""
    with shown_errors():
        run = steer.roll_back(project, session.services, to=to, by=person(), reason=reason, now=now())
        out.print(f"{project} serves {run.id} again")


def retire(run_id: RunId, reason: Reason = "") -> None:
    """Remove a version's deployment; its model is kept. Replace the live version, or go offline, first."""
    with shown_errors():
        run = steer.retire(find(run_id), session.services, by=person(), reason=reason, now=now())
        out.print(f"{run.id} {_ended(run)}")


def offline(
    project: Annotated[str, typer.Argument(metavar="PROJECT")],
    reason: Annotated[str, typer.Option(help="recorded in the run's history")],
) -> None:
    """Take a project offline: its name answers no requests until a version is promoted. Models are kept."""
    with shown_errors():
        decision, ended = steer.take_offline(project, session.services, by=person(), reason=reason, now=now())
        out.print(f"{project} is offline since {decision.at:%Y-%m-%d %H:%M} UTC: apps get the error model_offline")
        for run in ended:
            out.print(f"{run.id} {_ended(run)}")
        for run in session.runs.project_runs(project):
            if run.is_open and run.state not in SERVING:
                out.print(f"{run.id} is {run.state} and continues, but won't go live by itself", soft_wrap=True)
        err.print(f"to bring it back: {session.tailor} promote {decision.run} --reason WHY", soft_wrap=True)


def restore(project: Annotated[str, typer.Argument(metavar="PROJECT")], reason: Reason = "") -> None:
    """Bring back the version that was live last: its deployment was removed because nobody called, or by its end."""
    with shown_errors():
        run = pausing.restore(project, session.services, by=person(), reason=reason, now=now())
        out.print(f"{run.id} is being deployed again, which takes some minutes, and then goes live", soft_wrap=True)
        err.print(f"next: {session.tailor} watch {run.id}", soft_wrap=True)


def _ended(run: Run) -> str:
    """Describe the state of a run that a person ended."""
    if run.state == State.TRAINING:
        return "is stopping: its job is being stopped"
    if run.state == State.STOPPED:
        return "is stopped"
    if run.state == State.RETIRED:
        return "is retired: its deployment is gone, its model is kept"
    return "is stopping: its deployment is removed once Bedrock has created it; its model is kept"
