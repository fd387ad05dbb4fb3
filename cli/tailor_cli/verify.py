"""`tailor verify`: check whether this account behaves as Tailor assumes, with a table and a file to share."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from tailor import __version__
from tailor.aws.calls import BOTOCORE
from tailor.errors import InvalidInputError
from tailor.verify import CHECKS, CLEANERS
from tailor.verify.check import Check, Verdict
from tailor.verify.cleaning import clean
from tailor.verify.record import VerifyRecord, write
from tailor.verify.running import CheckResult, begin, exit_code, run, skipped
from tailor.verify.world import World
from tailor_cli.context import AsJson, err, out, say_json, session, shown_errors
from tailor_cli.language import said
from tailor_cli.verify_world import asked, redactor, surroundings, working

FILE = Path("verify-aws.json")
STYLES: dict[Verdict, str] = {"as assumed": "green", "different": "bold red", "could not be checked": "yellow"}
COULD_NOT_RUN = 2
ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def verify(
    before: Annotated[bool, typer.Option("--before", help="only what is free and needs no stack")] = False,
    only: Annotated[list[str] | None, typer.Option(metavar="CHECK", help="run this check alone; repeatable")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="the file to write")] = FILE,
    train: Annotated[bool, typer.Option("--train", help="and train a model; says the price and asks first")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="say yes to all questions, also to a price")] = False,
    as_json: AsJson = False,
) -> None:
    """Observe whether AWS behaves here as Tailor assumes.

    Ends with 0: as assumed, 1: it differs, 2: could not run.
    """
    with shown_errors(ends_with=COULD_NOT_RUN):
        check_writable(output)
        wanted = chosen(only or [], train=train)
        needs_stack = any(check.when != "before deploying" for check in wanted)
        world = surroundings(with_stack=needs_stack and not before)
        checks = _chosen_here(wanted, world)
        if needs_stack and not before and world.stack is None:
            err.print(f"there is no stack {session.stack_name!r} here: only what needs none is checked", soft_wrap=True)
        if any(check.when != "before deploying" for check in checks) and not yes:
            ask_beside_work(world)
        world.agreed = lambda question: yes or (err.is_terminal and typer.confirm(said(question), err=True))
        results, left = observe(checks, world)
        record = VerifyRecord(
            recorded_against=asked(),
            tailor=__version__,
            botocore=BOTOCORE,
            region=world.region,
            day=datetime.now(UTC).date(),
            checks=[result.entry() for result in results],
            left_behind=left,
        )
        text = write(record, redactor(world))
        output.write_text(text, encoding="utf-8")
        for line in left:
            err.print(f"[yellow]left behind[/] {escape(said(line))}", soft_wrap=True)
        say_json(text.rstrip()) if as_json else out.print(_summary(results))
        err.print(f"{output} names no account: send it to Tailor's makers as it is (docs/verify.md)", soft_wrap=True)
        raise typer.Exit(exit_code(results))


def check_writable(file: Path) -> None:
    """Raise InvalidInputError if the file can't be written, before any check runs."""
    existed = file.exists()
    try:
        file.open("ab").close()
    except OSError as error:
        message = f"{file} can't be written: {error.strerror}"
        raise InvalidInputError(message, hint="name another file with --output") from error
    if not existed:
        file.unlink()


def chosen(only: list[str], *, train: bool) -> list[Check]:
    """Return the checks to run, in their order. Raises InvalidInputError for an unknown name."""
    known = {check.id: check for check in CHECKS if train or check.when != "only when asked"}
    if unknown := [name for name in only if name not in known]:
        raise InvalidInputError(f"there is no check {unknown[0]!r}", hint=f"checks: {', '.join(known)}")
    return [check for check in known.values() if check.id in only or not only]


def _chosen_here(wanted: list[Check], world: World) -> list[Check]:
    """Return the checks that can run without a stack if there is none. Raises InvalidInputError if that leaves none."""
    checks = [check for check in wanted if check.when == "before deploying" or world.stack is not None]
    if not checks:
        hint = "deploy first, leave out --before, or name the stack with --stack"
        raise InvalidInputError(f"{', '.join(check.id for check in wanted)}: a deployed stack is needed", hint=hint)
    return checks


def ask_beside_work(world: World) -> None:
    """Ask for confirmation if runs are in progress: probes count against the account's quotas of jobs and call rates.
    Raises InvalidInputError if nobody can be asked."""
    busy = working(world)
    if not busy:
        return
    err.print(f"{len(busy)} runs of this stack are at work: {', '.join(busy[:5])}", soft_wrap=True)
    err.print("the checks take up to 2 of the account's customization jobs, and some model calls", soft_wrap=True)
    if not err.is_terminal:
        raise InvalidInputError("runs are at work, and nobody can be asked", hint="wait, or give --yes or --before")
    typer.confirm(said("Check beside them?"), abort=True, err=True)


def observe(checks: list[Check], world: World) -> tuple[list[CheckResult], list[str]]:
    """Run checks, show each as it ends, and finally remove what they created, whatever happened."""
    cost = sum((check.cost for check in checks), Decimal(0))
    err.print(f"{len(checks)} checks against {asked()} in {world.region}, at most ${cost}", soft_wrap=True)
    left = clean(world, CLEANERS, time.time())  # of earlier calls that were killed
    results: list[CheckResult] = []
    width = max(len(check.id) for check in checks)
    with _interruptible():
        try:
            begin(checks, world)
            for check in checks:
                with err.status(f"{check.id}: {escape(said(check.assumption))}"):
                    results.append(run(check, world))
                _show(results[-1], width)
        except KeyboardInterrupt:
            err.print("interrupted: what was made is removed")
        finally:
            left += _cleaned(world)
    results += [skipped(check, "interrupted before it ended") for check in checks[len(results) :]]
    return results, left


def _cleaned(world: World) -> list[str]:
    """Remove what the checks created, and return what remains. A second Ctrl-C must not leave resources that bill."""
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *ENDINGS)}
    try:
        return clean(world, CLEANERS)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal like Ctrl-C, so that created resources are removed then too."""
    previous = {number: signal.signal(number, signal.default_int_handler) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _show(result: CheckResult, width: int) -> None:
    if session.as_json:
        return
    style = STYLES[result.verdict]
    line = f"{result.check.id:<{width}}  [{style}]{said(result.verdict):<20}[/]  {result.seconds:5.1f} s"
    out.print(line + (f"  {escape(said(result.why))}" if result.why else ""), soft_wrap=True)


def _summary(results: list[CheckResult]) -> str:
    counts = {verdict: sum(result.verdict == verdict for result in results) for verdict in STYLES}
    return ", ".join(f"{count} {said(verdict)}" for verdict, count in counts.items() if count)
