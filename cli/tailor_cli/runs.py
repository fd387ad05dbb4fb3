"""Commands that list and steer runs: `tailor runs`, `show`, `approve`, `promote` and others."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from tailor.errors import NotFoundError
from tailor.management import summary
from tailor.notices.facts import cost_in_short
from tailor.printable import printable
from tailor.recipe_serving import Commitment
from tailor.runs import Run, State
from tailor.steps import pausing, steer
from tailor.steps.filling import Folder, FolderStore
from tailor.steps.provision import SERVING
from tailor_cli import known
from tailor_cli.completing import project_names, run_names
from tailor_cli.context import (
    AsJson,
    confirm,
    err,
    in_a_line,
    in_words,
    local_time,
    out,
    person,
    read_run,
    reason_in_words,
    say_json,
    session,
    shown_errors,
)
from tailor_cli.language import said
from tailor_cli.show import show_price, show_run

RunId = Annotated[
    str,
    typer.Argument(
        help="run id; or PROJECT or PROJECT/DATASET for the newest run", metavar="RUN", autocompletion=run_names
    ),
]
Project = Annotated[str, typer.Argument(metavar="PROJECT", autocompletion=project_names)]
Reason = Annotated[str, typer.Option(help="recorded in the run's history")]
_ROOM = 24  # columns that the last column of a table needs to be read


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def find(name: str) -> Run:
    """Return a run by its id, or the newest run of a project or a dataset that was not superseded.

    Asks a person about a name with a typo.

    Raises:
        NotFoundError: there is neither a run nor a project of this name.
    """
    try:
        return read_run(name)
    except NotFoundError:
        project, slash, dataset = name.partition("/")
        runs = [run for run in session.runs.project_runs(project) if not slash or run.dataset == dataset]
        if not runs:
            otherwise = f"there is no run of {name}" if slash else f"there is no run and no project {name!r}"
            return find(known.meant(name, known.runs_and_projects(name), otherwise))
        return next((run for run in runs if not run.is_superseded), runs[0])


def runs(
    project: Annotated[
        str | None, typer.Argument(help="only this project's runs", autocompletion=project_names)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List a project's runs, or all unfinished runs."""
    with shown_errors():
        found = session.runs.project_runs(project) if project else session.runs.open_runs()
        folders = [] if session.folders is None else known_folders(session.folders, project)
        if project and not found and not folders:
            close = known.project_or_close(project)
            if close != project:
                runs(close, as_json)
                return
        if as_json:
            listed = [summary(run).model_dump(mode="json") for run in found]
            filling = [folder.model_dump(mode="json", include=set(_TOLD)) for folder in folders]
            say_json({"runs": listed, "folders": filling})
            return
        none = (
            f"{project} has no runs"
            if project
            else f"no unfinished runs; {session.tailor} runs PROJECT lists all runs of a project"
        )
        if found or not folders:
            show_list(found) if found else out.print(none)
        if folders:
            out.print(folders_table(folders, now()))


_TOLD = ("folder", "first_at", "last_at", "quiet_at", "objects", "bytes", "told")


def show_list(found: list[Run]) -> None:
    """Print runs: one line each if the terminal is wide enough, otherwise the id with details below it."""
    rows = [[run.id, in_words(run.state), local_time(run.history[-1].at), _cost(run), _what(run)] for run in found]
    table = Table(Column("run", no_wrap=True), "state", "since", "spent", "what", box=None, header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    without_what = sum(max(map(len, column)) + 1 for column in list(zip(*rows, strict=True))[:-1])
    if without_what + _ROOM <= out.width:
        out.print(table)
        return
    for name, *facts in rows:
        out.print(Text(name, style="bold"), soft_wrap=True)
        out.print(Padding(Text(" · ".join(filter(None, facts))), (0, 0, 0, 2)))


def _cost(run: Run) -> str:
    return said(cost_in_short(run, now())) if run.quote else ""


def _what(run: Run) -> str:
    return in_a_line(run.stall.message) if run.stall else reason_in_words(run.history[-1])


def known_folders(store: FolderStore, project: str | None) -> list[Folder]:
    """Return the folders that are being filled and, with a project, its folders whose upload started no run."""
    if project is None:
        return store.filling()
    return [folder for folder in store.of_project(project) if folder.is_filling or folder.told]


def folders_table(folders: list[Folder], at: datetime) -> Table:
    """Return a table of folders that have no run yet."""
    table = Table(Column("folder", overflow="fold"), "state", "since", "what", box=None, header_style="bold")
    for folder in folders:
        state = "filling" if folder.is_filling else "nothing started"
        what = f"{folder.objects:,} objects so far" if folder.is_filling else folder.told
        if folder.quiet_at is not None:
            left = max(0, round((folder.quiet_at - at).total_seconds()))
            what += f", waiting for {left} s of quiet"
        table.add_row(Text(printable(folder.folder)), said(state), local_time(folder.first_at), in_a_line(what))
    return table


def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show one run: its state, history, findings, cost and files."""
    with shown_errors():
        run = find(run_id)
        if as_json:
            say_json(run.model_dump_json(indent=2))
            return
        show_run(run, session.stack.bucket)


def approve(
    run_id: RunId,
    reason: Reason = "",
    yes: Annotated[bool, typer.Option("--yes", help="approve without being asked")] = False,
    commitment: Annotated[
        Commitment | None, typer.Option(help="buy model units with the recipe's commitment, which nobody can undo")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Approve a run's cost; shows the price, what it is for and the budget left, and asks.

    Training then starts, or waits for room.
    """
    with shown_errors():
        run, waits = find(run_id), ""
        if run.state == State.AWAITING_APPROVAL:
            waits = show_price(run, session.serving.alias(run.project), session.spending, now(), quiet=as_json)
            if not yes:
                confirm("Approve")
        run = steer.approve(run, session.runs, by=person(), reason=reason, now=now(), commitment=commitment)
        begins = (
            f"it waits until this changes: {waits}"
            if waits
            else "training starts as soon as Bedrock has room for its job"
        )
        tell(run, f"{run.id} is approved: {begins}", as_json=as_json)


def tell(run: Run, message: str, following: str = "", *, as_json: bool, **more: Any) -> None:
    """Print the run's new state and the next command; or the run and that command as JSON."""
    following = session.addressed(following)
    if as_json:
        say_json({**summary(run).model_dump(mode="json"), "message": in_a_line(message), "next": following, **more})
        return
    out.print(Text(in_a_line(message)), soft_wrap=True)
    if following:
        err.print(in_a_line(f"next: {following}"), markup=False, soft_wrap=True)


def decline(run_id: RunId, reason: Reason = "", as_json: AsJson = False) -> None:
    """Decline a run's estimated cost; the run ends."""
    with shown_errors():
        run = steer.decline(find(run_id), session.runs, by=person(), reason=reason, now=now())
        tell(run, f"{run.id} is declined: nothing was spent", as_json=as_json)


def stop(run_id: RunId, reason: Reason = "", as_json: AsJson = False) -> None:
    """Stop a run before its verdict: stop its job, remove its deployment, keep a model that exists."""
    with shown_errors():
        run = steer.stop(find(run_id), session.services, by=person(), reason=reason, now=now())
        tell(run, _ended(run), as_json=as_json)


def promote(
    run_id: RunId,
    reason: Annotated[str, typer.Option(help="recorded in the run's history")],
    as_json: AsJson = False,
) -> None:
    """Make a version live regardless of its verdict.

    Deploys it again first if its deployment was removed. One that passed while a part of its held-out rows is sealed
    goes live only if it passes on that part too.
    """
    with shown_errors():
        run = steer.promote_by_hand(find(run_id), session.services, by=person(), reason=reason, now=now())
        message, following = f"{run.project} now serves {run.id}", ""
        if run.state == State.RESTORING:
            message = f"{run.id} is being deployed again, which takes some minutes, and then goes live"
        elif run.state == State.EVALUATING:
            message = f"{run.id} is measured on its sealed rows, and goes live if it passes there too"
        if run.state in (State.RESTORING, State.EVALUATING):
            following = f"tailor watch {run.id}"
        tell(run, message, following, as_json=as_json)


def retry(run_id: RunId, reason: Reason = "", as_json: AsJson = False) -> None:
    """Try a run again that was stopped, declined or rejected, or whose training or deployment failed.

    Keeps what was done: prepared data, the quote, a trained model. Nothing is spent without the approval that it needs.
    """
    with shown_errors():
        run = steer.retry(find(run_id), session.runs, bucket=session.bucket, by=person(), reason=reason, now=now())
        what = {
            State.RECEIVED: "is checked again from the beginning",
            State.PREPARED: "keeps its prepared data: it trains within the budget, or asks for approval",
        }.get(run.state, "is being deployed again, which takes some minutes")
        tell(run, f"{run.id} {what}", f"tailor watch {run.id}", as_json=as_json)


def rollback(
    project: Project,
    to: Annotated[str | None, typer.Option(help="run to go back to; default: the previous version")] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Make a project's previous version live again."""
    with shown_errors():
        project = known.project_or_close(project)
        run = steer.roll_back(project, session.services, to=to, by=person(), reason=reason, now=now())
        serves = f"{project} serves {run.id} again"
        if run.state == State.RESTORING:
            serves = f"{run.id} takes its model units back, which takes some minutes: then {project} serves it again"
        tell(run, serves, as_json=as_json)


def retire(run_id: RunId, reason: Reason = "", as_json: AsJson = False) -> None:
    """Remove a version's deployment; its model is kept.

    Replace the live version, or go offline, first.
    """
    with shown_errors():
        run = steer.retire(find(run_id), session.services, by=person(), reason=reason, now=now())
        tell(run, _ended(run), as_json=as_json)


def offline(
    project: Project,
    reason: Annotated[str, typer.Option(help="recorded in the run's history")],
    as_json: AsJson = False,
) -> None:
    """Take a project offline: its name answers no requests until a version is promoted.

    Models are kept.
    """
    with shown_errors():
        project = known.project_or_close(project)
        decision, ended = steer.take_offline(project, session.services, by=person(), reason=reason, now=now())
        going = [run for run in session.runs.project_runs(project) if run.is_open and run.state not in SERVING]
        back = session.addressed(f"tailor promote {decision.run} --reason WHY")
        if as_json:
            found = {"project": project, "offline_since": decision.at.isoformat(), "run": decision.run, "next": back}
            say_json({**found, "ended": [run.id for run in ended], "continuing": [run.id for run in going]})
            return
        since = local_time(decision.at)
        out.print(f"{project} is offline since {since}: apps get the error model_offline", soft_wrap=True)
        for run in ended:
            out.print(_ended(run), soft_wrap=True)
        for run in going:
            out.print(f"{run.id} is {in_words(run.state)} and continues, but won't go live by itself", soft_wrap=True)
        err.print(f"to bring it back: {back}", soft_wrap=True)


def restore(project: Project, reason: Reason = "", as_json: AsJson = False) -> None:
    """Bring back the version that was live last: its deployment was removed because nobody called, or by its end."""
    with shown_errors():
        project = known.project_or_close(project)
        run = pausing.restore(project, session.services, by=person(), reason=reason, now=now())
        message = f"{run.id} is being deployed again, which takes some minutes, and then goes live"
        tell(run, message, f"tailor watch {run.id}", as_json=as_json)


def _ended(run: Run) -> str:
    """Say in what state a run is that a person ended."""
    if run.state == State.TRAINING:
        return f"{run.id} is stopping: its job is being stopped"
    if run.state == State.STOPPED:
        return f"{run.id} is stopped"
    if run.state == State.RETIRED:
        return f"{run.id} is retired: its deployment is gone, its model is kept"
    return f"{run.id} is stopping: its deployment is removed once Bedrock has created it; its model is kept"
