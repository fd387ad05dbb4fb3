"""Where another cloud differs from a record: it shows where the local cloud is wrong, once a record comes from AWS."""

from collections.abc import Iterable, Mapping
from typing import Any

from tailor.verify.check import Check, said
from tailor.verify.record import Entry, Record
from tailor.verify.running import Result


def replay(record: Record, results: Iterable[Result]) -> list[str]:
    """What the record observed otherwise, a sentence for each field. What depends on the account or the checkout (see
    ``Check.varies``) and what either could not check is passed over."""
    seen = {result.check.id: result for result in results}
    found = []
    for entry in record.checks:
        result = seen.get(entry.id)
        if result is None:
            found.append(f"{entry.id}: there is no such check any more")
        elif "could not be checked" not in (entry.verdict, result.verdict):
            found += _compared(result.check, entry, result.observed)
    return found


def _compared(check: Check, entry: Entry, here: Mapping[str, Any]) -> list[str]:
    fields = sorted((set(entry.observed) | set(here)) - check.varies)
    return [
        f"{check.id}: {field}: {said(entry.observed.get(field))} in the record, {said(here.get(field))} here"
        for field in fields
        if entry.observed.get(field) != here.get(field)
    ]


def observed_on_aws(records: Iterable[Record]) -> dict[str, Entry]:
    """The newest entry of each check that was observed on AWS itself."""
    found: dict[str, Entry] = {}
    for record in sorted(records, key=lambda record: record.day):
        if record.recorded_against == "AWS":
            found |= {entry.id: entry for entry in record.checks if entry.verdict != "could not be checked"}
    return found
