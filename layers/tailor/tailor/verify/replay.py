"""Compare a record with another cloud: a record from AWS shows where the local cloud is wrong."""

from collections.abc import Iterable

from tailor.verify.check import Check, said
from tailor.verify.record import CheckEntry, VerifyRecord


def replay(record: VerifyRecord, here: VerifyRecord, checks: Iterable[Check]) -> list[str]:
    """Return a sentence for each field that differs between the record and what was observed here.

    Left out: what depends on the account or the checkout (see ``Check.varies``), and what either could not check.
    """
    varies = {check.id: check.varies for check in checks}
    seen = {entry.id: entry for entry in here.checks}
    found = []
    for entry in record.checks:
        if entry.id not in seen:
            found.append(f"{entry.id}: there is no such check any more")
        elif "could not be checked" not in (entry.verdict, seen[entry.id].verdict):
            found += _compared(entry, seen[entry.id], varies.get(entry.id, frozenset()))
    return found


def _compared(there: CheckEntry, here: CheckEntry, varies: frozenset[str]) -> list[str]:
    fields = sorted((set(there.observed) | set(here.observed)) - varies)
    return [
        f"{there.id}: {field}: {said(there.observed.get(field))} in the record, {said(here.observed.get(field))} here"
        for field in fields
        if there.observed.get(field) != here.observed.get(field)
    ]


def observed_on_aws(records: Iterable[VerifyRecord]) -> dict[str, CheckEntry]:
    """Return the newest entry of each check that was observed on AWS itself."""
    found: dict[str, CheckEntry] = {}
    for record in sorted(records, key=lambda record: record.day):
        if record.recorded_against == "AWS":
            found |= {entry.id: entry for entry in record.checks if entry.verdict != "could not be checked"}
    return found
