"""Run checks one after another; whatever happens in one, the others run and what was created is removed."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tailor.errors import TailorError
from tailor.verify.answer import CannotCheckError
from tailor.verify.check import Check, Verdict, differences
from tailor.verify.record import CheckEntry
from tailor.verify.world import World


@dataclass(frozen=True, slots=True)
class CheckResult:
    check: Check
    verdict: Verdict
    observed: dict[str, Any]
    why: str
    seconds: float

    def entry(self) -> CheckEntry:
        check = self.check
        return CheckEntry(
            id=check.id,
            assumption=check.assumption,
            source=check.source,
            when=check.when,
            cost=str(check.cost),
            expected=dict(check.expected),
            observed=self.observed,
            verdict=self.verdict,
            why=self.why,
            seconds=round(self.seconds, 1),
        )


def begin(checks: Iterable[Check], world: World) -> None:
    """Begin what takes a while. What can't be begun is recorded, and its check reports it."""
    for check in checks:
        if check.begin is not None:
            try:
                check.begin(world)
            except TailorError as error:
                world.failed[check.id] = error
            except Exception as error:  # the other checks run all the same, and what was made is removed
                world.failed[check.id] = CannotCheckError(f"it could not begin: {type(error).__name__}: {error}")


def run(check: Check, world: World, clock: Callable[[], float] = time.monotonic) -> CheckResult:
    """Run one check, after :func:`begin`. Errors within it are "could not be checked": they say nothing about AWS."""
    begun = clock()

    def result(verdict: Verdict, why: str, observed: dict[str, Any]) -> CheckResult:
        return CheckResult(check, verdict, observed, why, clock() - begun)

    try:
        if check.id in world.failed:
            raise world.failed[check.id]
        observed = dict(check.look(world))
    except CannotCheckError as error:
        return result("could not be checked", error.message, {})
    except TailorError as error:
        return result("could not be checked", f"{type(error).__name__}: {error.message}", {})
    except Exception as error:  # an answer of a form that nobody foresaw must not hide the other checks
        return result("could not be checked", f"the check itself failed: {type(error).__name__}: {error}", {})
    found = differences(check.expected, observed)
    return result("different" if found else "as assumed", "; ".join(found), observed)


def skipped(check: Check, why: str) -> CheckResult:
    """Return a check that did not run."""
    return CheckResult(check, "could not be checked", {}, why, 0.0)


def exit_code(results: Iterable[CheckResult]) -> int:
    """Return 0 if everything that could be checked is as assumed; 1 if something differs; 2 if nothing could be
    checked."""
    verdicts = {result.verdict for result in results}
    if "different" in verdicts:
        return 1
    return 0 if "as assumed" in verdicts else 2
