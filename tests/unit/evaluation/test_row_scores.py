"""Scores of two runs on the questions that both were asked."""

import pytest

from tailor.evaluation.row_scores import LONGEST, RowScore, compare_scores, read_scores, row_scores, write_scores


def scores(*values: float, group: str = "", question: str = "màu gì?") -> list[RowScore]:
    rows = ((group or f"{place}.png", question, ["đỏ"], "xanh", value, 0.0) for place, value in enumerate(values))
    return row_scores(rows)


def test_a_file_holds_what_was_written_with_long_texts_cut() -> None:
    written = row_scores([("a.png", "x" * 5000, ["y" * 5000] * 9, "z" * 5000, 0.5, 1)])
    [read] = read_scores(write_scores(written))
    assert [read] == written
    assert max(len(text) for text in (read.question, read.answer, *read.references)) == LONGEST
    assert len(read.references) == 5


def test_runs_are_compared_on_the_questions_that_both_were_asked() -> None:
    first, second = scores(1, 0, 0, 1, 0.5), scores(1, 1, 1, 0)
    found = compare_scores(first, [*reversed(second), *scores(1, question="bao nhiêu?")])
    assert found is not None
    assert (found.shared, found.first, found.second) == (4, 0.5, 0.75)
    assert (found.first_better, found.second_better) == (1, 2)
    assert {one.group for one, _ in found.pairs} == {"1.png", "2.png", "3.png"}
    assert found.interval is not None
    assert found.interval[0] < 0 < found.interval[1]
    assert compare_scores(first, scores(1, question="bao nhiêu?")) is None


def test_rows_of_one_group_are_one_piece_of_evidence() -> None:
    first, second = [0.0] * 40, [1.0] * 20 + [0.0] * 20
    apart = compare_scores(scores(*first), scores(*second))
    assert apart is not None
    assert apart.interval == pytest.approx((0.5 - 0.157, 0.5 + 0.157), abs=0.003)
    same = compare_scores(scores(*first, group="a.png"), scores(*second, group="a.png"))
    assert same is not None
    assert same.interval is None
    assert same.shared == 40  # the same question twice is two rows
