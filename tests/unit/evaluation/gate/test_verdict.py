import random
from dataclasses import replace

import pytest

from tailor.errors import InvalidInputError
from tailor.evaluation.gate.decision import Decision, GuardResult, Policy, decide
from tailor.evaluation.gate.verdict import Outcome, Plan, judge
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.scoring.compare import Comparison
from tailor.recipe import Guard

COLOURS = ["đỏ", "xanh", "vàng", "tím", "nâu", "đen"]


def rows_of(count: int, group_rows: int = 1) -> list[Row]:
    return [Row(f"r{place}", (COLOURS[place % 6],), f"g{place // group_rows}") for place in range(count)]


def answers_of(rows: list[Row], right: list[bool]) -> dict[str, Answer]:
    return {row.id: Answer(row.id, row.references[0] if ok else "sai") for row, ok in zip(rows, right, strict=True)}


def outcome(rows: list[Row], candidate: list[bool], base: list[bool], plan: Plan | None = None) -> Outcome:
    answers = {"candidate": answers_of(rows, candidate), "base": answers_of(rows, base)}
    return judge(rows, answers, plan or Plan())


def test_base_against_itself_does_not_pass() -> None:
    dice = random.Random(1)
    rows = rows_of(400)
    right = [dice.random() < 0.6 for _ in rows]
    assert outcome(rows, right, right).decision.verdict == "inconclusive"


def test_shuffled_answers_fail() -> None:
    rows = rows_of(400)
    base = {row.id: Answer(row.id, row.references[0]) for row in rows}
    texts = [answer.answer for answer in base.values()]
    random.Random(1).shuffle(texts)
    shuffled = {row.id: Answer(row.id, text) for row, text in zip(rows, texts, strict=True)}
    found = judge(rows, {"candidate": shuffled, "base": base}, Plan())
    assert found.decision.verdict == "failed"
    assert "not better than the base model" in found.decision.reasons[0]


@pytest.mark.parametrize("group_rows", [1, 2])
def test_ten_planted_points_on_400_rows_pass(group_rows: int) -> None:
    rows = rows_of(400, group_rows)
    base = [place % 10 < 5 for place in range(400)]
    candidate = [ok or place % 10 == 7 for place, ok in enumerate(base)]
    found = outcome(rows, candidate, base).decision
    assert found.verdict == "passed"
    assert found.primary.difference == pytest.approx(0.1)


def test_eleven_rows_with_nine_points_are_inconclusive_and_say_how_many_would_decide() -> None:
    rows = rows_of(11)
    base = [place < 6 for place in range(11)]
    candidate = [place < 7 for place in range(11)]
    found = outcome(rows, candidate, base).decision
    assert found.verdict == "inconclusive"
    assert found.decisive_rows is not None
    assert 50 < found.decisive_rows < 200
    assert any(f"{found.decisive_rows:,} held-out rows would decide" in reason for reason in found.reasons)


def test_a_margin_must_be_cleared_by_the_whole_interval() -> None:
    rows = rows_of(400)
    base = [place % 10 < 5 for place in range(400)]
    candidate = [ok or place % 10 == 7 for place, ok in enumerate(base)]
    verdicts = [
        outcome(rows, candidate, base, Plan(policy=Policy(margin=margin))).decision.verdict
        for margin in (0.05, 0.09, 0.2)
    ]
    assert verdicts == ["passed", "inconclusive", "failed"]


def comparison(difference: float, low: float, high: float, p: float = 0.001, **fields: object) -> Comparison:
    base = Comparison(
        "m", "base", 0.6 + difference, 0.6, difference, (low, high), p, "t", 9, 1, 400, 400, 0.05, 0.2, 0.95
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def test_every_baseline_must_be_beaten() -> None:
    won = comparison(0.2, 0.1, 0.3)
    close = comparison(0.02, -0.02, 0.06, 0.4, baseline_arm="base-few-shot", baseline=0.78)
    lost = comparison(-0.1, -0.15, -0.05, baseline_arm="live", baseline=0.9)
    assert decide([won], Policy()).verdict == "passed"
    assert decide([won, close], Policy()).verdict == "inconclusive"
    assert decide([won, close, lost], Policy()).verdict == "failed"


def test_an_interval_above_0_is_not_enough_without_the_p_value() -> None:
    assert decide([comparison(0.1, 0.01, 0.2, 0.06)], Policy()).verdict == "inconclusive"


def test_guards_hold_break_or_stay_unclear() -> None:
    won = [comparison(0.2, 0.1, 0.3)]

    def verdict(found: Comparison | None) -> str:
        return decide(won, Policy(), [GuardResult("g", "Guard", 0.05, found)]).verdict

    assert verdict(comparison(-0.04, -0.1, 0.02, 0.2)) == "passed"
    assert verdict(comparison(-0.1, -0.15, -0.05)) == "failed"
    assert verdict(comparison(-0.1, -0.25, 0.05, 0.2)) == "inconclusive"
    assert verdict(None) == "inconclusive"


def test_many_guards_are_corrected_for_being_many() -> None:
    won = [comparison(0.2, 0.1, 0.3)]
    slight = comparison(-0.1, -0.19, -0.01, 0.04)
    one = [GuardResult("g", "Guard", 0.05, slight)]
    many = [*one, *(GuardResult(f"h{place}", "Other", 0.05, comparison(0.0, -0.1, 0.1, 1.0)) for place in range(4))]
    assert decide(won, Policy(), one).verdict == "failed"
    assert decide(won, Policy(), many).verdict == "inconclusive"


def test_a_doubt_closes_the_gate() -> None:
    found = decide([comparison(0.2, 0.1, 0.3)], Policy(), doubts=["something is missing"])
    assert (found.verdict, found.reasons) == ("inconclusive", ["something is missing"])


def test_missing_answers_are_wrong_answers() -> None:
    rows = rows_of(100)
    everything = answers_of(rows, [True] * 100)
    half = {row.id: everything[row.id] for row in rows[:50]}
    found = judge(rows, {"candidate": half, "base": everything}, Plan())
    assert found.decision.primary.candidate == 0.5
    assert found.decision.verdict == "failed"


def test_failed_calls_of_a_baseline_do_not_make_a_candidate_look_good() -> None:
    rows = rows_of(100)
    good = answers_of(rows, [place % 10 < 6 for place in range(100)])
    broken = {
        row.id: good[row.id] if place % 2 else Answer(row.id, "", error="try-again") for place, row in enumerate(rows)
    }
    found = judge(rows, {"candidate": good, "base": broken}, Plan()).decision
    assert found.verdict == "inconclusive"
    assert "50 calls to the base model failed" in found.reasons[0]


def test_guards_named_in_the_recipe_are_measured_on_the_same_rows() -> None:
    rows = rows_of(100)
    base = answers_of(rows, [place % 10 < 3 for place in range(100)])
    candidate = {row.id: Answer(row.id, row.references[0], stop_reason="max_tokens") for row in rows}
    found = judge(
        rows, {"candidate": candidate, "base": base}, Plan(guards=[Guard(metric="not_truncated", margin=0.02)])
    ).decision
    assert found.verdict == "failed"
    assert "Not cut off" in found.reasons[0]


def test_the_metric_follows_from_the_references_alone() -> None:
    def chosen(*references: str) -> str:
        rows = [Row(f"r{place}", (text,), f"g{place}") for place, text in enumerate(references)]
        answers = {row.id: Answer(row.id, "x") for row in rows}
        return judge(rows, {"candidate": answers, "base": answers}, Plan()).metric

    assert chosen("đỏ", "xe đạp", "2") == "exact_match"
    assert chosen("2", "ba", "17") == "numeric"
    assert chosen("có", "không", "có") == "yes_no"
    assert chosen('{"a": 1}', '{"b": 2}') == "json_fields"
    assert chosen("một con mèo đen đang ngủ trên ghế dài", "hai người đàn ông đi bộ dọc bờ biển") == "token_f1"
    assert chosen("một câu chuyện rất dài " * 12, "một bản tóm tắt khác cũng dài " * 9) == "rouge_l"


@pytest.mark.parametrize("written", ["exact_match", "exact-match"])
def test_a_metric_may_be_written_with_hyphens(written: str) -> None:
    rows = rows_of(40)
    plan = Plan(metric=written, guards=[Guard(metric=written, margin=0.02)])
    found = outcome(rows, [True] * 40, [False] * 40, plan)
    assert (found.metric, found.decision.verdict) == ("exact_match", "passed")


def test_a_baseline_is_needed() -> None:
    rows = rows_of(3)
    with pytest.raises(InvalidInputError, match="at least one baseline"):
        judge(rows, {"candidate": answers_of(rows, [True] * 3)}, Plan())


def sentences_of(rows: list[Row], right: list[bool]) -> dict[str, Answer]:
    """Answers that say it in a sentence."""
    return {
        row.id: Answer(row.id, f"Chiếc xe có màu {row.references[0] if ok else 'trắng'}.")
        for row, ok in zip(rows, right, strict=True)
    }


@pytest.mark.parametrize(("share", "verdict"), [(0.58, "failed"), (1.0, "inconclusive")])
def test_a_gain_in_form_alone_does_not_pass(share: float, verdict: str) -> None:
    rows = rows_of(200)
    short = answers_of(rows, [place < 200 * share for place in range(200)])
    found = judge(rows, {"candidate": short, "base": sentences_of(rows, [True] * 200)}, Plan())
    assert found.comparisons["exact_match"][0].difference == pytest.approx(share)
    assert found.decision.verdict == verdict
    assert "the right answer" in found.decision.reasons[0]
    gain = found.headline()["gain"]
    assert gain["content"] == pytest.approx(share - 1)
    assert gain["content"] + gain["form"] + gain["language"] == pytest.approx(share)


def test_a_gain_in_content_passes_also_where_the_form_changes() -> None:
    rows = rows_of(200)
    base = sentences_of(rows, [place < 100 for place in range(200)])
    found = judge(rows, {"candidate": answers_of(rows, [place < 170 for place in range(200)]), "base": base}, Plan())
    assert found.decision.verdict == "passed"


def test_shorter_answers_that_say_less_do_not_pass_by_overlap() -> None:
    rows = [Row(f"r{place}", (f"một con mèo đen ngủ trên ghế số {place}",), f"g{place}") for place in range(200)]
    base = {row.id: Answer(row.id, f"{row.references[0]} {'và thêm rất nhiều chuyện khác ' * 3}") for row in rows}
    short = {row.id: Answer(row.id, " ".join(row.references[0].split()[:7])) for row in rows}
    found = judge(rows, {"candidate": short, "base": base}, Plan(metric="token_f1"))
    assert found.decision.primary.difference > 0.2
    assert found.decision.verdict == "inconclusive"


def test_one_wrong_answer_near_the_ceiling_does_not_fail() -> None:
    rows = rows_of(400)
    found = outcome(rows, [place != 7 for place in range(400)], [True] * 400)
    assert found.decision.primary.p_value == 1
    assert found.decision.verdict == "inconclusive"


def test_few_groups_never_fail() -> None:
    rows = rows_of(40, 10)
    found = outcome(rows, [place % 10 < 4 for place in range(40)], [True] * 40)
    assert found.decision.verdict == "inconclusive"


def test_several_baselines_share_the_risk_of_failing() -> None:
    lost = comparison(-0.05, -0.1, -0.01, 0.02, squares=0.02)
    other = comparison(0.0, -0.1, 0.1, 0.9, baseline_arm="live")
    assert decide([lost], Policy()).verdict == "failed"
    assert decide([lost, other, other], Policy()).verdict == "inconclusive"


def test_a_graded_gain_that_rare_lost_answers_could_undo_needs_more_rows() -> None:
    def verdict(count: int) -> Decision:
        rows = [Row(f"r{place}", (f"a b c d e f g h i {place}",), f"g{place}") for place in range(count)]
        base = {row.id: Answer(row.id, " ".join(row.references[0].split()[:8])) for row in rows}
        better = {row.id: Answer(row.id, " ".join(row.references[0].split()[:8]) + " i") for row in rows[:-1]}
        return judge(
            rows, {"candidate": better | {rows[-1].id: base[rows[-1].id]}, "base": base}, Plan("rouge_l")
        ).decision

    few = verdict(40)
    assert few.verdict == "inconclusive"
    assert "wholly lost" in few.reasons[0]
    assert few.decisive_rows is not None
    assert 40 < few.decisive_rows < 200
    assert verdict(2 * few.decisive_rows).verdict == "passed"


def test_a_kind_of_general_questions_is_held_only_where_a_fall_beyond_the_margin_is_ruled_out() -> None:
    def state(difference: float, low: float, high: float) -> str:
        found = comparison(difference, low, high, squares=difference**2 + 0.05)
        return GuardResult("g", "Guard", 0.15, found, tested=True, looks=4).state

    assert state(-0.05, -0.1, 0.0) == "held"
    assert state(-0.05, -0.2, 0.1) == "unclear"
    assert state(-0.2, -0.24, -0.16) == "broken"
    assert state(-0.3, -0.36, -0.24) == "broken"
    unsure = GuardResult("g", "Guard", 0.15, comparison(-0.05, -0.2, 0.1, squares=0.05), tested=True)
    found = decide([comparison(0.2, 0.1, 0.3)], Policy(), [unsure])
    assert found.verdict == "inconclusive"
    assert "not shown to have lost less than 15 points" in found.reasons[0]
