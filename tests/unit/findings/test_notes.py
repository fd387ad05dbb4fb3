"""What readers notice is told the same however rows are dealt out, in bounded memory."""

import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor.findings import Finding, FindingTally, finding
from tailor.findings import notes as noting
from tailor.findings.notes import KNOWN, SHOWN

ROWS = st.lists(st.sets(st.sampled_from("abcdefghij"), max_size=6), max_size=30)


def _notes_of(rows: Iterable[tuple[int, Iterable[str]]]) -> FindingTally:
    notes = FindingTally()
    for line, keys in rows:
        for key in keys:
            notes.add(finding("not-used", "a.jsonl", line, path=f"$.{key}", key=key))
    return notes


def _keys(count: int) -> FindingTally:
    return _notes_of((line, [f"k{line:06d}"]) for line in range(1, count + 1))


@given(ROWS, st.integers(2, 4), st.integers(1, 6), st.integers(1, 6))
def test_the_findings_are_the_same_for_any_number_of_workers(
    rows: list[set[str]], workers: int, shown: int, more: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(noting, "SHOWN", shown)
        patch.setattr(noting, "KNOWN", shown + more)
        numbered = list(enumerate(rows, start=1))
        alone = _notes_of(numbered)
        together = FindingTally()
        for worker in range(workers):
            together.merge(_notes_of(numbered[worker::workers]).document())
        assert sorted(together.findings(), key=_place) == sorted(alone.findings(), key=_place)
        distinct = len(set().union(*rows))
        assert len(alone.findings()) == min(distinct, shown + 1)


def _place(found: Finding) -> tuple[int, str]:
    return found.line or 0, found.path or ""


def test_the_first_are_told_by_themselves_and_then_how_many_more() -> None:
    assert len(_keys(SHOWN + 1).findings()) == SHOWN + 1
    *first, rest = _keys(SHOWN + 5).findings()
    assert [found.line for found in first] == list(range(1, SHOWN + 1))
    assert rest.message == ("the same of 5 others, such as $.k000021, $.k000022, $.k000023 (in all 25 rows)")
    assert rest.line == SHOWN + 1


def test_beyond_what_is_counted_rows_are_still_counted() -> None:
    *_, rest = _keys(5000).findings()
    assert f"more than {KNOWN - SHOWN} others" in rest.message
    assert "(in all 5,000 rows)" in rest.message


def test_a_row_with_a_thousand_keys_is_one_row() -> None:
    *_, rest = _notes_of([(7, [f"k{n:03d}" for n in reversed(range(1000))])]).findings()
    assert "$.k020, $.k021, $.k022 (in all 1 rows)" in rest.message


def test_a_habit_is_counted_in_rows() -> None:
    (found,) = _notes_of([(1, "aaa"), (2, "a")]).findings()
    assert found.message == "the key 'a' is not used (2 rows; this is the first)"


def test_a_key_for_each_row_takes_no_memory() -> None:
    _keys(1)  # so that the catalogue is read before
    tracemalloc.start()
    try:
        notes = _keys(50_000)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert notes.findings()
    assert peak < 1 << 20, (held, peak)


def test_a_path_as_long_as_a_row_is_cut() -> None:
    notes = _notes_of([(1, ["k" * 1_000_000])])
    assert all(len(found.path or "") < 300 for found in notes.findings())
