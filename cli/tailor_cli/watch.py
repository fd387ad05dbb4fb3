"""`tailor watch`: follow a run: print each change and, in a terminal, its progress and the usual time left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.status import Status
from rich.text import Text

from tailor.errors import TailorError
from tailor.run_records import JobRecord
from tailor.runs import TERMINAL, Change, Run, State
from tailor.steps.pace import remaining
from tailor_cli.context import (
    AsJson,
    err,
    in_a_line,
    in_words,
    local_time,
    out,
    read_run,
    reason_in_words,
    say_line,
    session,
    shown_errors,
)
from tailor_cli.language import said
from tailor_cli.runs import RunId, find, now
from tailor_cli.show import TRIED_AGAIN, next_step

SETTLED = TERMINAL | {State.LIVE, State.STANDBY, State.PAUSED}
DAY = 86400.0  # seconds
LOOK = 15.0  # seconds between two looks at a job's losses
INTERRUPTED = "the run goes on by itself; follow it again with tailor watch {}"


def watch(
    run_id: RunId,
    timeout: Annotated[float, typer.Option(help="seconds to wait at most")] = DAY,
    as_json: AsJson = False,
) -> None:
    """Follow a run until it finishes or needs your input.

    With --json, a JSON object a line: each change, and at last where the run stands. Exit code: 0 if the run is live or
    needs your input, 1 if it ended otherwise, 3 after the timeout.
    """
    with shown_errors():
        run = find(run_id)
    follow(run, timeout, as_json=as_json)


def follow(run: Run, timeout: float, *, as_json: bool) -> None:
    """Print a run's changes until it settles. Raises typer.Exit with the command's exit code."""
    with shown_errors(interrupted=INTERRUPTED.format(run.id)), _status(shown=not as_json) as status:
        seen, deadline = 0, time.monotonic() + timeout
        sight = Sight(run) if status else None
        while True:
            for change in run.history[seen:]:
                _say(change, as_json=as_json)
            seen = run.sequence
            ends = _end(run, timed_out=time.monotonic() > deadline)
            if ends is not None:
                code, following = ends
                if as_json:
                    say_line({"run": run.id, "state": run.state, "next": session.addressed(following)})
                elif following:
                    err.print(f"next: {session.addressed(following)}", soft_wrap=True)
                elif code == 3:
                    err.print(f"still {in_words(run.state)} after {timeout:g} seconds")
                raise typer.Exit(code)
            if status and sight:
                status.update(sight.of(run, now()))
            time.sleep(1)
            run = read_run(run.id, run.project)


def _say(change: Change, *, as_json: bool) -> None:
    if as_json:
        say_line(change.model_dump(mode="json"))
    else:
        reason = escape(reason_in_words(change))
        at = local_time(change.at, "%H:%M:%S").removesuffix(" UTC")
        out.print(f"{at}  [bold]{in_words(change.state)}[/]  {reason}", soft_wrap=True)


def _end(run: Run, *, timed_out: bool) -> tuple[int, str] | None:
    """Return the exit code and the next command once there is nothing to wait for."""
    if step := next_step(run):
        return 0, in_a_line(f"tailor show {run.id}, then {step}")
    if run.state in SETTLED:
        again = run.state in TRIED_AGAIN and not run.is_superseded
        return int(run.state != State.LIVE), f"tailor retry {run.id}" if again else ""
    return (3, "") if timed_out else None


@contextmanager
def _status(*, shown: bool) -> Iterator[Status | None]:
    """Show a line that is updated in place, in a terminal only."""
    if not shown or not err.is_terminal:
        yield None
        return
    with err.status("") as status:
        yield status


class Sight:
    """Progress of a run in one line, compared with earlier runs."""

    def __init__(self, run: Run) -> None:
        self._before = list[Run]()
        with suppress(TailorError):  # a team may not list other projects' runs
            self._before += session.runs.project_runs(run.project)
            self._before += session.runs.open_runs()
        self._looked, self._loss = 0.0, ""

    def of(self, run: Run, at: datetime) -> Text:
        """Return the state, its phase, the loss so far, the time in the state and what usually remains."""
        parts = [in_words(run.state), _phase(run.job) if run.state == State.TRAINING else ""]
        if run.state == State.TRAINING:
            parts.append(self._loss_so_far(run))
        if run.stall:
            parts.append(in_a_line(run.stall.message))
        parts.append(said(f"for {duration(at - run.history[-1].at)}"))
        left = remaining(run, self._before, at)
        if left is not None:
            parts.append(said(f"usually {duration(left)} to the verdict" if left else "longer than usual"))
        return Text(" · ".join(filter(None, parts)), overflow="ellipsis", no_wrap=True)

    def _loss_so_far(self, run: Run) -> str:
        if time.monotonic() - self._looked > LOOK:
            from tailor.evaluation.curves import find_curves, merged
            from tailor.training.request import JOB_FOLDER

            self._looked = time.monotonic()
            with suppress(TailorError):
                points = merged(find_curves(session.bucket, f"{run.files}{JOB_FOLDER}"), "training")
                self._loss = said(f"loss {points[-1].loss:.3g} at step {points[-1].step}") if points else ""
        return self._loss


def _phase(job: JobRecord | None) -> str:
    """Return the phase that the job is in, as Bedrock names it."""
    going = [name for name, phase in (job.phases.items() if job else ()) if phase.status == "InProgress"]
    return going[-1] if going else ""


def duration(time: timedelta) -> str:
    """Return a duration in words: ``40 s``, ``12 min``, ``2 h 05 min``."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 90:
        return said(f"{seconds} s")
    if seconds < 5400:
        return said(f"{round(seconds / 60)} min")
    return said(f"{seconds // 3600} h {seconds % 3600 // 60:02} min")
