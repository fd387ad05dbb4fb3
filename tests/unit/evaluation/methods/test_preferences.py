"""Compare a preference optimization with its base: which of two answers the model's own are nearer to."""

from tailor.evaluation.methods import preferences
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.scoring.score import ScoreTable
from tailor.metrics.base import Rules
from tailor.normalisers import for_language

RULES = Rules(for_language("vi", {}), "vi")
KIND, CURT = "Dạ, shop kiểm tra ngay ạ.", "Không biết."


def table(rows: list[Row], **said: list[str]) -> ScoreTable:
    answers = {
        arm: {row.id: Answer(row.id, text) for row, text in zip(rows, texts, strict=False)}
        for arm, texts in said.items()
    }
    return ScoreTable(rows, answers, {}, RULES)


def test_it_is_told_how_many_answers_are_nearer_to_the_better_one() -> None:
    rows = [Row(f"r{n}", (KIND,), f"g{n}", extra={"worse": CURT}) for n in range(4)]
    found = preferences.measure(
        table(rows, candidate=["Dạ, shop kiểm tra ạ.", KIND, "không biết", "zzz"], base=[CURT, CURT, KIND])
    )
    assert found["pairs"] == 4
    assert found["nearer_to_better"] == {"candidate": 0.625, "base": 0.25}  # one is like neither, one never answered


def test_without_pairs_nothing_is_told() -> None:
    assert preferences.measure(table([Row("r", (KIND,), "g")], candidate=[KIND], base=[KIND])) == {}
