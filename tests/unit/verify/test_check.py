"""What is observed is compared with what is assumed."""

import re
from typing import Any

import pytest

from tailor.verify import CHECKS
from tailor.verify.answer import AwsAnswer, CannotCheckError
from tailor.verify.check import Check, differences
from tailor.verify.running import exit_code, run, skipped
from tests.unit.verify.fakes import FakeAws, world


@pytest.mark.parametrize(
    ("wanted", "met", "missed"),
    [
        (3, 3, 4),
        ({}, {}, {"rule": "refused"}),
        ({"at least": 10}, 10, 9),
        ({"at most": 10}, 10, 11),
        ({"at most": 10}, 0, "many"),
        ({"one of": ["ACTIVE", "LEGACY"]}, "LEGACY", "GONE"),
        ({"includes": ["a", "b"]}, ["b", "c", "a"], ["a", "c"]),
        ({"a": 1}, {"a": 1}, {"a": 2}),
        (True, True, False),
    ],
)
def test_a_value_or_a_bound_is_met_or_not(wanted: Any, met: Any, missed: Any) -> None:
    assert differences({"it": wanted}, {"it": met, "more": 1}) == []
    assert len(differences({"it": wanted}, {"it": missed})) == 1
    assert differences({"it": wanted}, {}) == ["it was not observed"]


def test_a_difference_says_what_was_assumed_and_what_was_observed() -> None:
    found = differences({"left": {"at least": 10}, "refused": {}}, {"left": 9, "refused": {"Rule": "too complex"}})
    assert found == [
        "left: assumed at least 10, observed 9",
        "refused: assumed none, observed Rule too complex",
    ]


def made(look: Any) -> Check:
    return Check("it", "It is so.", "a page", "before deploying", {"so": True}, look, ())


def failing(error: Exception) -> Any:
    def look(_: object) -> dict[str, Any]:
        raise error

    return look


def test_verdicts() -> None:
    place = world(FakeAws({}))
    assert run(made(lambda _: {"so": True}), place).verdict == "as assumed"
    different = run(made(lambda _: {"so": False}), place)
    assert (different.verdict, different.why) == ("different", "so: assumed yes, observed no")
    for error, why in (
        (CannotCheckError("no checkout"), "no checkout"),
        (KeyError("AccountLimit"), "the check itself failed: KeyError: 'AccountLimit'"),
    ):
        result = run(made(failing(error)), place)
        assert (result.verdict, result.why, result.observed) == ("could not be checked", why, {})


def test_exit_codes() -> None:
    place = world(FakeAws({}))
    good, bad = (run(made(lambda _, so=so: {"so": so}), place) for so in (True, False))
    unknown = skipped(made(lambda _: {}), "interrupted")
    assert exit_code([good, unknown]) == 0
    assert exit_code([good, bad, unknown]) == 1
    assert exit_code([unknown]) == exit_code([]) == 2


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_says_all_that_a_reader_needs(check: Check) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", check.id)
    assert check.assumption.endswith(".")
    assert check.source
    assert check.expected
    assert check.permissions
    assert check.when != "before deploying" or not check.cost


def test_ids_are_taken_once() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)


def test_what_was_not_let_through_says_nothing_of_what_was_asked() -> None:
    assert AwsAnswer(code="InvalidEventPatternException").asked().code == "InvalidEventPatternException"
    for answer in (AwsAnswer(code="AccessDeniedException"), AwsAnswer(code="ServiceDown", status=503)):
        with pytest.raises(CannotCheckError):
            answer.asked()
