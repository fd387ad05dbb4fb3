"""What pages say of the checks is what the checks say."""

import pytest

from tailor.verify import CHECKS
from tailor_cli.verify_page import assumptions, parts, records, written
from tests.unit.contracts.template import ROOT


def test_the_pages_are_as_they_would_be_written_now() -> None:
    for (page, name), text in parts(records(ROOT)).items():
        found = (ROOT / page).read_text()
        assert found == written(found, name, text), f"run python -m tailor_cli.verify_page: {page}, {name}"


def test_a_check_is_never_observed_until_a_record_says_otherwise() -> None:
    from tests.unit.verify.test_replay import GOOD, entry

    first = CHECKS[:1]
    assert assumptions(first, {}).endswith("(`rules-accepted`) **Never observed.**")
    assert assumptions(first, {"rules-accepted": entry(GOOD)}).endswith("Observed on AWS: as assumed.")
    other = entry(GOOD).model_copy(update={"verdict": "different", "why": "refused: Rule"})
    assert assumptions(first, {"rules-accepted": other}).endswith("Observed on AWS: **refused: Rule**")


def test_a_page_without_the_part_is_told() -> None:
    with pytest.raises(LookupError, match="no part fields"):
        written("a page", "fields", "text")
