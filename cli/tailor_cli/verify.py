"""`tailor verify`: does this account behave as Tailor assumes? A table while it runs, and a file to share."""

import os
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
from tailor.aws.access import region
from tailor.aws.calls import BOTOCORE, Calls
from tailor.errors import InvalidInputError
from tailor.verify import CHECKS, CLEANERS
from tailor.verify.check import Check, Verdict
from tailor.verify.checkout import find_checkout
from tailor.verify.cleaning import clean
from tailor.verify.record import Record, Where, write
from tailor.verify.redact import Redactor
from tailor.verify.running import Result, exit_code, run, skipped
from tailor.verify.world import World, session_name
from tailor_cli.context import err, out, session, shown_errors

FILE = Path("verify-aws.json")
STYLES: dict[Verdict, str] = {"as assumed": "green", "different": "bold red", "could not be checked": "yellow"}
COULD_NOT_RUN = 2


def verify(
    only: Annotated[list[str] | None, typer.Option(metavar="CHECK", help="run this check alone; repeatable")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="the file to write")] = FILE,
) -> None:
    """Observe whether AWS behaves here as Tailor assumes. Ends with 0: as assumed, 1: it differs, 2: could not run."""
    with shown_errors(ends_with=COULD_NOT_RUN):
        checks = chosen(only or [])
        world, redactor = surroundings()
        results, left = observe(checks, world)
        record = Record(
            recorded_against=asked(),
            tailor=__version__,
            botocore=BOTOCORE,
            region=world.region,
            day=datetime.now(UTC).date(),
            checks=[result.entry() for result in results],
            left_behind=left,
        )
        output.write_text(write(record, redactor), encoding="utf-8")
        for line in left:
            err.print(f"[yellow]left behind[/] {escape(line)}", soft_wrap=True)
        out.print(_summary(results))
        err.print(f"{output} names no account: send it to Tailor's makers as it is (docs/verify.md)", soft_wrap=True)
        raise typer.Exit(exit_code(results))


def chosen(only: list[str]) -> list[Check]:
    """The checks to run, in their order. Raises InvalidInputError for an unknown name."""
    known = {check.id: check for check in CHECKS}
    if unknown := [name for name in only if name not in known]:
        raise InvalidInputError(f"there is no check {unknown[0]!r}", hint=f"checks: {', '.join(known)}")
    return [check for check in CHECKS if check.id in only or not only]


def surroundings() -> tuple[World, Redactor]:
    """Raises TailorError where AWS can't be asked at all."""
    calls = Calls()
    answer = calls("sts", "get_caller_identity")
    if not answer.ok:
        raise InvalidInputError(f"AWS does not know these credentials: {answer.said}", hint="log in, then try again")
    account, name = str(answer.document["Account"]), session_name(time.time())
    world = World(calls, region(), account, name, find_checkout(Path.cwd()))
    return world, Redactor({account: "account"})


def observe(checks: list[Check], world: World) -> tuple[list[Result], list[str]]:
    """Runs checks and shows each as it ends, then removes what they made. Ctrl-C ends the checks, not the cleaning."""
    cost = sum((check.cost for check in checks), Decimal(0))
    err.print(f"{len(checks)} checks against {asked()} in {world.region}, at most ${cost}", soft_wrap=True)
    left = clean(world, CLEANERS, time.time())  # of earlier calls that were killed
    results: list[Result] = []
    width = max(len(check.id) for check in checks)
    with _interruptible():
        try:
            for check in checks:
                with err.status(f"{check.id}: {escape(check.assumption)}"):
                    results.append(run(check, world))
                _show(results[-1], width)
        except KeyboardInterrupt:
            err.print("interrupted: what was made is removed")
    results += [skipped(check, "interrupted before it ended") for check in checks[len(results) :]]
    with err.status("removing what the checks made"):
        left += clean(world, CLEANERS)
    return results, left


def asked() -> Where:
    if session.local:
        return "the local cloud"
    elsewhere = any(name.startswith("AWS_ENDPOINT_URL") and value for name, value in os.environ.items())
    return "another endpoint" if elsewhere else "AWS"


@contextmanager
def _interruptible() -> Iterator[None]:
    """A polite kill is taken for Ctrl-C, so that what was made is removed then too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _show(result: Result, width: int) -> None:
    style = STYLES[result.verdict]
    line = f"{result.check.id:<{width}}  [{style}]{result.verdict:<20}[/]  {result.seconds:5.1f} s"
    out.print(line + (f"  {escape(result.why)}" if result.why else ""), soft_wrap=True)


def _summary(results: list[Result]) -> str:
    counts = {verdict: sum(result.verdict == verdict for result in results) for verdict in STYLES}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
