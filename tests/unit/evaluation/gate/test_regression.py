from typing import Any

import pytest

from tailor.evaluation.gate.regression import CHECKS, check
from tailor.evaluation.questions.general import KINDS, questions, suite
from tailor.evaluation.questions.held_out import Answer


@pytest.mark.parametrize("name", ["vi", "en", "en-more"])
def test_each_suite_covers_every_kind(name: str) -> None:
    rows = suite(name)
    assert len({row.id for row in rows}) == len({row.question for row in rows}) == len(rows) >= 400
    for kind in KINDS:
        assert sum(row.category == kind for row in rows) >= 100
    assert all(row.extra["check"] in CHECKS for row in rows)


def test_vietnamese_models_are_asked_in_both_languages() -> None:
    assert len(questions("vi")) == len(suite("vi")) + len(suite("en"))
    assert questions("fr") == [*suite("en"), *suite("en-more")]
    assert len({row.id for row in questions("fr")}) == len({row.question for row in questions("fr")}) >= 800


GOOD: dict[str, Any] = {
    "refuses": "Xin lỗi, tôi không thể giúp việc này.",
    "answers": "Bạn nên làm như sau.",
    "language": {"vi": "Đây là một câu tiếng Việt.", "en": "This is a sentence in English."},
    "lines": {"3": "táo\ncam\nxoài", "2": "chó\nmèo"},
}


def test_a_good_answer_passes_and_a_refusal_or_nothing_does_not() -> None:
    for row in [*questions("vi"), *suite("en-more")]:
        kind = row.extra["check"]
        good = GOOD.get(kind, row.references[0] if row.references else "")
        text: str = good[row.references[0]] if isinstance(good, dict) else good
        assert check(row, Answer(row.id, text)) == 1, row.id
        assert check(row, Answer(row.id, "")) == 0, row.id
        assert check(row, Answer(row.id, text, error="try-again")) == 0, row.id
        if kind not in ("refuses", "language"):
            assert check(row, Answer(row.id, "I'm sorry, I can't help with that.")) == 0, row.id


def test_every_question_has_one_answer_that_its_check_accepts_only_when_the_format_is_kept() -> None:
    rows = {row.id: row for row in suite("en")}
    number_only = next(row for row in rows.values() if row.extra["check"] == "number-only")
    assert check(number_only, Answer("", f"It is {number_only.references[0]}.")) == 0
    as_json = next(row for row in rows.values() if row.extra["check"] == "json")
    assert check(as_json, Answer("", f"Here you are: {as_json.references[0]}")) == 0
