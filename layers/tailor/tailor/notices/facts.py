"""Describe a run's figures in words. A figure that no step recorded is omitted, never guessed.

Read from the run's records (:mod:`tailor.run_records`).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tailor.runs import Change, Run, State
from tailor.training.spent import spent
from tailor.vietnamese import FUNCTIONS


@dataclass(frozen=True, slots=True)
class Facts:
    """A run at one of its changes. ``previous`` is None for the first one."""

    run: Run
    change: Change

    @property
    def previous(self) -> State | None:
        return self.earlier[-1] if self.earlier else None

    @property
    def earlier(self) -> list[State]:
        return [change.state for change in self.run.history if change.sequence < self.change.sequence]

    @property
    def rows(self) -> str:
        """Return for example ``960 rows to learn from, 120 held out``."""
        train, test = self._rows("train"), self._rows("test")
        parts = []
        if train:
            parts.append(f"{counted(train, 'row')} to learn from")
        if test:
            parts.append(f"{test:,.0f} held out")
        return ", ".join(parts)

    @property
    def unusable(self) -> str:
        """Return for example ``40 of 1,200``; empty if all rows are usable."""
        unusable, rows = self._rows("rejected"), self._rows("rows")
        return f"{unusable:,.0f} of {rows:,.0f}" if unusable else ""

    def _rows(self, kind: str) -> int:
        return self.run.report.counts.get(kind, 0)

    def findings(self, severity: str) -> list[tuple[str, int]]:
        """Return codes and counts of a severity, in the report's order."""
        return [(entry.code, entry.count) for entry in self.run.report.findings if entry.severity == severity]

    @property
    def quote(self) -> str:
        """Return for example ``$3.20 to $4.80``; empty without a quote, ``unknown`` if a price is unknown."""
        if self.run.quote is None:
            return ""
        total = self.run.quote.total()
        if total is None:
            return "unknown"
        return dollar_range(total.low, total.high)

    @property
    def has_price(self) -> bool:
        """Return whether there is a quote with a known price."""
        return self.run.quote is not None and self.run.quote.total() is not None

    @property
    def hosting(self) -> str:
        """Return for example ``2 model units, for at most 8 hours: $40.00 an hour, $320.00 in all``, or empty."""
        lines = self.run.quote.lines if self.run.quote else ()
        for line in lines:
            if line.item == "hosting" and line.every == "hour":
                whole, title = line.whole, line.title.removeprefix("Hosting on ")
                if whole is None or line.high is None:
                    return f"{title}: unknown an hour"
                return f"{title}: {dollars(line.high)} an hour, {dollars(whole.high)} in all"
        return ""

    @property
    def spent(self) -> str:
        """Return the estimated cost up to the change; empty without a quote."""
        if self.run.quote is None:
            return ""
        until = self.run.model_copy(update={"history": self.run.history[: self.change.sequence]})
        return cost_so_far(until, self.change.at)

    @property
    def advice(self) -> list[str]:
        """Return advice before paying, for example ``11 held-out rows can't carry a verdict: …``."""
        given = self.run.quote.advice if self.run.quote else ()
        return [f"{item.message}; {item.fix}" for item in given]

    @property
    def deadline(self) -> str:
        """Return the time until which the run waits for approval."""
        return in_words(self.run.answer_by)

    @property
    def losses(self) -> str:
        """Return for example ``training 0.412, validation 0.530``."""
        job = self.run.job
        if job is None:
            return ""
        kinds = {"training": job.training_loss, "validation": job.validation_loss}
        return ", ".join(f"{kind} {loss:.3f}" for kind, loss in kinds.items() if loss is not None)

    @property
    def origin(self) -> str:
        """Describe where a model that was made elsewhere comes from; empty if the run trains one."""
        adopted = self.run.adopted
        return adopted.origin if adopted else ""

    @property
    def scores(self) -> str:
        """Return for example ``exact match 78.3 % against 12.5 % for its base``."""
        found = self.run.evaluation
        candidate, baseline = found.candidate, found.baseline
        if candidate is None or baseline is None:
            return ""
        metric = (found.metric or "score").replace("_", " ").replace("-", " ")
        rival = ARMS.get(found.baseline_arm or "", "its base")
        return f"{metric} {percent(candidate)} against {percent(baseline)} for {rival}"

    @property
    def difference(self) -> str:
        """Return for example ``+65.8 points (95 % interval +52.1 to +78.0)``."""
        difference, interval = self.run.evaluation.difference, self.run.evaluation.interval
        if difference is None:
            return ""
        if interval is None:
            return f"{points(difference)} points"
        confidence = percent(self.run.recipe.evaluation.confidence, digits=0)
        ends = " to ".join(points(end) for end in interval)
        return f"{points(difference)} points ({confidence} interval {ends})"

    @property
    def asked(self) -> str:
        """Return for example ``120 held-out rows``."""
        rows = self.run.evaluation.rows
        return "" if rows is None else counted(rows, "held-out row")

    @property
    def decisive_rows(self) -> str:
        """Return the number of held-out rows that would decide the verdict."""
        needed = self.run.evaluation.decisive_rows
        return "" if needed is None else counted(needed, "held-out row")

    @property
    def verdict(self) -> State | None:
        """Return the last verdict before the change, or None."""
        found = [state for state in self.earlier if state in _VERDICTS]
        return found[-1] if found else None

    @property
    def is_by_person(self) -> bool:
        """Return whether a person made the change: functions have plain names, people an identity."""
        return self.change.by not in FUNCTIONS


# What the candidate was compared with.
ARMS = {
    "base": "its base",
    "base-few-shot": "its base with worked examples",
    "live": "the version that is live",
    "teacher": "its teacher",
}
_VERDICTS = frozenset({State.PASSED, State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED})


def counted(number: float, thing: str) -> str:
    return f"{number:,.0f} {thing}" + ("" if number == 1 else "s")


def dollars(amount: float | Decimal) -> str:
    return f"${amount:,.2f}"


def dollar_range(low: Decimal, high: Decimal) -> str:
    """Return ``$3.20 to $4.80``, or one amount if both ends are the same."""
    least, most = dollars(low), dollars(high)
    return least if least == most else f"{least} to {most}"


def cost_so_far(run: Run, now: datetime) -> str:
    """Return ``$3.20 to $4.80``, or the lowest amount with the unknown items."""
    so_far = spent(run, now)
    if so_far.most is None:
        return f"at least {dollars(so_far.least)}; unknown: {', '.join(so_far.unknown)}"
    return dollar_range(so_far.least, so_far.most)


def cost_in_short(run: Run, now: datetime) -> str:
    """Return :func:`cost_so_far` without the unknown items."""
    so_far = spent(run, now)
    if so_far.most is not None:
        return dollar_range(so_far.least, so_far.most)
    return f"at least {dollars(so_far.least)}" if so_far.least else "unknown"


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def points(share: float) -> str:
    return f"{100 * share:+.1f}"


def in_words(moment: datetime) -> str:
    """Return for example ``25 November 2026, 10:00 UTC``."""
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or 'UTC'}"


def capital(text: str) -> str:
    """Return ``text`` with a capital letter; a name at its start is kept as it is."""
    text = text.strip()
    return text[0].upper() + text[1:] if text.partition(" ")[0].isalpha() else text


def sentence(text: str) -> str:
    """Return ``text`` on one line with a full stop at its end; empty stays empty."""
    line = " ".join(text.split())
    return line if not line or line[-1] in ".!?…" else f"{line}."
