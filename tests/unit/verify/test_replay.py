"""A record is compared with what is observed elsewhere."""

from datetime import date
from typing import Any

from tailor.verify import CHECKS
from tailor.verify.record import CheckEntry, VerifyRecord, Where
from tailor.verify.replay import observed_on_aws, replay
from tailor.verify.running import CheckResult, skipped

CHECK = next(check for check in CHECKS if check.id == "rules-accepted")
GOOD: dict[str, Any] = {"refused": {}, "a wrong pattern": "InvalidEventPatternException", "rules": ["One"]}


def entry(observed: dict[str, Any], id: str = CHECK.id) -> CheckEntry:
    known = CheckResult(CHECK, "as assumed", observed, "", 1).entry()
    return known.model_copy(update={"id": id})


def record(*entries: CheckEntry, where: Where = "AWS", day: int = 1) -> VerifyRecord:
    return VerifyRecord(
        recorded_against=where,
        tailor="0.1.0",
        botocore="1",
        region="us-east-1",
        day=date(2026, 12, day),
        checks=list(entries),
        left_behind=[],
    )


def test_a_cloud_that_does_the_same_differs_nowhere() -> None:
    assert replay(record(entry(GOOD)), record(entry({**GOOD, "rules": ["Another"]})), CHECKS) == []


def test_what_differs_is_named_with_both_sides() -> None:
    assert replay(record(entry(GOOD)), record(entry({**GOOD, "a wrong pattern": "accepted"})), CHECKS) == [
        "rules-accepted: a wrong pattern: InvalidEventPatternException in the record, accepted here"
    ]


def test_what_could_not_be_checked_is_no_difference_and_a_lost_check_is_one() -> None:
    assert replay(record(entry(GOOD)), record(skipped(CHECK, "no checkout").entry()), CHECKS) == []
    assert replay(record(entry(GOOD, "older")), record(), CHECKS) == ["older: there is no such check any more"]


def test_only_aws_says_anything_of_aws_and_the_newest_counts() -> None:
    new = entry({**GOOD, "refused": {"One": "too complex"}})
    found = observed_on_aws(
        [record(new, day=2), record(entry(GOOD)), record(entry(GOOD), where="the local cloud", day=3)]
    )
    assert found == {CHECK.id: new}
    assert observed_on_aws([record(entry(GOOD), where="another endpoint")]) == {}
