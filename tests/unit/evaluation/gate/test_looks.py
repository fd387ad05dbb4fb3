"""Many recipes on the same held-out rows do not make one of them better."""

from pathlib import Path

import pytest

from tailor.evaluation.gate.decision import Policy
from tailor.evaluation.gate.looks import fingerprint, look, tightened
from tailor.evaluation.questions.held_out import Row
from tailor.storage import FolderStorage

ROWS = [Row(f"r{place}", (f"đáp án {place}",), f"g{place}") for place in range(5)]


def test_looks_are_counted_by_project_and_rows_and_a_run_looks_once(tmp_path: Path) -> None:
    files = FolderStorage(tmp_path)
    assert [look(files, "p", run, ROWS) for run in ("a", "b", "a", "c", "b")] == [1, 2, 1, 3, 2]
    assert look(files, "q", "a", ROWS) == 1
    assert look(files, "p", "d", ROWS[:4]) == 1


def test_rows_are_known_by_what_they_ask_and_expect() -> None:
    renamed = [Row(f"x{place}", row.references, "g") for place, row in enumerate(reversed(ROWS))]
    assert fingerprint(renamed) == fingerprint(ROWS)
    assert fingerprint(ROWS[1:]) != fingerprint(ROWS)


def test_each_look_is_decided_more_strictly() -> None:
    assert tightened(Policy(), 1) == Policy()
    assert tightened(Policy(), 2).confidence == pytest.approx(1 - 0.05 / 4)
    assert tightened(Policy(), 20).confidence == pytest.approx(1 - 0.05 / 400)
