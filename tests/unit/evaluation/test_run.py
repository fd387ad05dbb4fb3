import io
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest
from PIL import Image

from tailor.errors import EvaluationError, InvalidInputError
from tailor.evaluation.gate.regression import check
from tailor.evaluation.questions.arms import Arm
from tailor.evaluation.questions.general import questions
from tailor.evaluation.questions.held_out import Answer, read_answers
from tailor.evaluation.run import EvaluationResult, Unfinished, ask_part, evaluate_run, prices_of
from tailor.recipe import Recipe
from tailor.run_records import EvaluationRecord
from tailor.runs import Change, Run, State
from tests.unit.evaluation.fakes import NOW, BucketFolder, FakeAsker, held_out, new_run, question, write_run
from tests.unit.evaluation.gate.test_regression import GOOD

COLOURS = ["đỏ", "xanh lá", "vàng", "tím"]
ARMS = [Arm("candidate", "custom"), Arm("base", "plain")]
ROWS = [held_out(place, COLOURS[place % 4], f"image-{place // 2}") for place in range(120)]
TRAIN = [
    {"messages": [{"role": "user", "content": [{"text": "?"}]}, {"role": "assistant", "content": [{"text": colour}]}]}
    for colour in COLOURS
]
_SCHEMA = json.loads((Path(__file__).parents[3] / "docs/evaluation-report.schema.json").read_text("utf-8"))
SCHEMA = jsonschema.validators.validator_for(_SCHEMA)(_SCHEMA)
TASK_ALONE = Recipe.parse(
    "evaluation: {regression: false}"
)  # without the general questions, which are most of the work


def suite_answers() -> dict[str, str]:
    answers = {}
    for row in questions("vi"):
        good: Any = GOOD.get(row.extra["check"], row.references[0] if row.references else "")
        answers[row.question] = good[row.references[0]] if isinstance(good, dict) else good
        assert check(row, Answer(row.id, answers[row.question])) == 1
    return answers


SUITE = suite_answers()


def model(shares: Mapping[str, int]) -> FakeAsker:
    """Each model answers so many of ten held-out rows rightly, and all of the regression suite."""
    right = {question(place): row["references"][0] for place, row in enumerate(ROWS)}

    def answer(name: str, asked: str) -> str:
        if asked in SUITE:
            return SUITE[asked]
        place = list(right).index(asked)
        return right[asked] if place * 7 % 10 < shares[name] else "không rõ"

    return FakeAsker(answer)


def evaluate(
    folder: Path,
    asker: FakeAsker,
    recipe: Recipe | None = None,
    rows: list[dict[str, Any]] | None = None,
    train: list[dict[str, Any]] | None = None,
    arms: list[Arm] | None = None,
) -> tuple[dict[str, Any], BucketFolder]:
    recipe = recipe or Recipe()
    run = new_run(recipe)
    files = write_run(folder, run, ROWS if rows is None else rows, TRAIN if train is None else train)
    result = evaluate_run(files, run, recipe, arms or ARMS, asker, deadline=lambda: 900.0, clock=lambda: NOW)
    assert isinstance(result, EvaluationResult)
    return result.report, files


def test_a_better_model_passes_and_everything_is_kept(tmp_path: Path) -> None:
    asker = model({"custom": 9, "plain": 5})
    report, files = evaluate(tmp_path, asker)
    SCHEMA.check_schema(SCHEMA.schema)
    SCHEMA.validate(report)
    assert report["verdict"] == "passed"
    assert report["headline"].startswith("The custom model is better: exact match 90.0 % against 50.0 %")
    assert (report["rows"], report["groups"]) == (120, 60)
    assert report["language"] == "vi"
    assert [item["baseline_arm"] for item in report["comparisons"]] == ["base", "base-few-shot"]
    assert {guard["state"] for guard in report["guards"]} == {"held"}
    for arm in ("candidate", "base", "base-few-shot"):
        answers = read_answers(files.read(f"runs/colours/colours-scenes-0f3a/evaluation/answers/{arm}.jsonl"), arm)
        assert list(answers) == [row["id"] for row in ROWS]
    assert orjson.loads(files.read(report["paths"]["json"])) == report
    assert b"<!doctype html>" in files.read(report["paths"]["report"])


def test_a_remark_of_the_operators_stands_above_the_verdict(tmp_path: Path) -> None:
    run = new_run(TASK_ALONE)
    files = write_run(tmp_path, run, ROWS, TRAIN)
    said = "Measured on <stage>: not what users get."
    asker = model({"custom": 9, "plain": 5})
    result = evaluate_run(files, run, TASK_ALONE, ARMS, asker, deadline=lambda: 900.0, clock=lambda: NOW, remark=said)
    assert isinstance(result, EvaluationResult)
    SCHEMA.validate(result.report)
    assert result.report["remark"] == said
    page = files.read(result.report["paths"]["report"]).decode()
    assert page.index("Measured on &lt;stage&gt;") < page.index('class="badge"')


def test_the_summary_is_small_and_holds_what_messages_need(tmp_path: Path) -> None:
    report, _ = evaluate(tmp_path, model({"custom": 9, "plain": 5}))
    summary = EvaluationResult(report).summary()
    assert {"verdict", "headline", "difference", "interval", "p_value", "rows", "normaliser", "samples"} <= set(summary)
    assert len(orjson.dumps(summary)) < 8_000


@pytest.mark.parametrize(("ours", "verdict"), [(5, "inconclusive"), (2, "failed")])
def test_no_better_does_not_pass_and_worse_fails(tmp_path: Path, ours: int, verdict: str) -> None:
    report, _ = evaluate(tmp_path, model({"custom": ours, "plain": 5}), TASK_ALONE)
    assert report["verdict"] == verdict
    SCHEMA.validate(report)


def test_a_model_that_forgot_fails_although_it_is_better_at_its_task(tmp_path: Path) -> None:
    knowing = model({"custom": 9, "plain": 5})

    def answer(name: str, asked: str) -> str:
        return "đỏ" if name == "custom" and asked in SUITE else knowing.answer(name, asked)

    report, files = evaluate(tmp_path, FakeAsker(answer))
    assert report["verdict"] == "failed"
    assert "lost something on the way" in report["headline"]
    assert len(report["regression"]["forgotten"]) > 70
    assert "questions that the base answers" in files.read(report["paths"]["report"]).decode()
    without, _ = evaluate(tmp_path / "off", FakeAsker(answer), Recipe.parse("evaluation: {regression: false}"))
    assert without["verdict"] == "passed"


def test_stopped_and_started_again_it_ends_the_same_and_pays_once(tmp_path: Path) -> None:
    whole, _ = evaluate(tmp_path / "whole", model({"custom": 9, "plain": 5}))
    recipe = Recipe()
    run, asker = new_run(recipe), model({"custom": 9, "plain": 5})
    files = write_run(tmp_path / "parts", run, ROWS, TRAIN)
    visits = 0
    while True:
        left = iter([100.0] * 600)
        visits += 1

        def deadline(left: Iterator[float] = left) -> float:
            return next(left, 0.0)

        result = evaluate_run(files, run, recipe, ARMS, asker, deadline=deadline, clock=lambda: NOW)
        if isinstance(result, EvaluationResult):
            break
        assert isinstance(result, Unfinished)
    assert visits > 2
    assert set(asker.charged.values()) == {1}
    assert result.report == whole


def test_a_promotion_in_between_does_not_change_what_must_be_beaten(tmp_path: Path) -> None:
    recipe = TASK_ALONE
    run, asker = new_run(recipe), model({"custom": 9, "plain": 5, "old": 6, "new": 10})
    files = write_run(tmp_path, run, ROWS, TRAIN)
    left = iter([100.0] * 120)
    arms = [*ARMS, Arm("live", "old")]
    first = evaluate_run(files, run, recipe, arms, asker, deadline=lambda: next(left, 0.0), clock=lambda: NOW)
    assert isinstance(first, Unfinished)
    arms = [*ARMS, Arm("live", "new")]
    result = evaluate_run(files, run, recipe, arms, asker, deadline=lambda: 900.0, clock=lambda: NOW)
    assert isinstance(result, EvaluationResult)
    assert result.report["reproduce"]["arms"]["live"] == "old"
    assert (result.report["verdict"], result.report["baseline_arm"]) == ("passed", "live")
    assert not any(name == "new" for name, _ in asker.requests)


def test_measured_again_only_the_new_live_version_is_asked(tmp_path: Path) -> None:
    recipe = TASK_ALONE
    run, asker = new_run(recipe), model({"custom": 9, "plain": 5, "old": 6, "new": 9})
    files = write_run(tmp_path, run, ROWS, TRAIN)

    def measured(run: Run, live: str) -> dict[str, Any]:
        arms = [*ARMS, Arm("live", live)]
        result = evaluate_run(files, run, recipe, arms, asker, deadline=lambda: 900.0, clock=lambda: NOW)
        assert isinstance(result, EvaluationResult)
        return result.report

    assert measured(run, "old")["verdict"] == "passed"
    asker.requests.clear()
    history = [*run.history, Change(sequence=2, state=State.EVALUATING, at=NOW, by="provision", reason="new is live")]
    again = run.model_copy(update={"history": history, "evaluation": EvaluationRecord(round=2)})
    report = measured(again, "new")
    assert {name for name, _ in asker.requests} == {"new"}
    assert len(asker.requests) == len(ROWS)
    assert set(asker.charged.values()) == {1}
    assert (report["verdict"], report["baseline_arm"]) == ("inconclusive", "live")
    assert report["reproduce"]["arms"]["live"] == "new"
    assert "new is live" in report["notes"]

    asker.requests.clear()
    back = again.model_copy(update={"evaluation": EvaluationRecord(round=3)})
    assert measured(back, "old")["verdict"] == "passed"
    assert not asker.requests


def test_separate_workers_ask_parts_and_one_scores(tmp_path: Path) -> None:
    recipe, asker = Recipe(), model({"custom": 9, "plain": 5})
    run = new_run(recipe)
    files = write_run(tmp_path, run, ROWS, TRAIN)
    for chunk in (*range(4, 40), 1, 0, 3, 2):
        ask_part(files, run, recipe, ARMS, asker, {chunk}, deadline=lambda: 900.0)
    asked = len(asker.requests)
    result = evaluate_run(files, run, recipe, ARMS, asker, deadline=lambda: 900.0, clock=lambda: NOW)
    assert isinstance(result, EvaluationResult)
    assert result.report["verdict"] == "passed"
    assert len(asker.requests) == asked == 120 * 3 + len(questions("vi")) * 2


def test_another_recipe_on_the_same_rows_is_a_second_look(tmp_path: Path) -> None:
    asker = model({"custom": 9, "plain": 5})
    run = new_run(TASK_ALONE)
    files = write_run(tmp_path, run, ROWS, TRAIN)
    other = run.model_copy(update={"id": "colours-scenes-1b2c", "files": "runs/colours/colours-scenes-1b2c/"})
    write_run(tmp_path, other, ROWS, TRAIN)
    reports = []
    for one in (run, other, run):
        result = evaluate_run(files, one, TASK_ALONE, ARMS, asker, deadline=lambda: 900.0, clock=lambda: NOW)
        assert isinstance(result, EvaluationResult)
        reports.append(result.report)
    assert [report["looks"] for report in reports] == [1, 2, 1]
    assert [report["confidence"] for report in reports] == pytest.approx([0.95, 0.9875, 0.95])
    assert any("look 2 of the project" in note for note in reports[1]["notes"])


def test_time_is_bounded_over_all_visits(tmp_path: Path) -> None:
    recipe = Recipe.parse("evaluation: {max_hours: 2}")
    run = new_run(recipe)
    files = write_run(tmp_path, run, ROWS, TRAIN)
    asker = model({"custom": 9, "plain": 5})
    assert isinstance(
        evaluate_run(files, run, recipe, ARMS, asker, deadline=lambda: 0.0, clock=lambda: NOW), Unfinished
    )
    with pytest.raises(EvaluationError, match="within 2 hours"):
        evaluate_run(files, run, recipe, ARMS, asker, deadline=lambda: 900.0, clock=lambda: NOW + timedelta(hours=3))


def test_without_held_out_rows_there_is_no_verdict(tmp_path: Path) -> None:
    run = new_run(Recipe())
    with pytest.raises(EvaluationError, match="no held-out rows"):
        evaluate_run(BucketFolder(tmp_path), run, Recipe(), ARMS, model({}), deadline=lambda: 900.0)


def test_an_unknown_metric_is_said_before_money_is_spent(tmp_path: Path) -> None:
    recipe, asker = Recipe.parse("evaluation: {metric: accuracy}"), model({"custom": 9, "plain": 5})
    with pytest.raises(InvalidInputError, match="no metric 'accuracy'"):
        evaluate(tmp_path, asker, recipe)
    assert not asker.requests


def test_failed_calls_are_listed_and_wrong(tmp_path: Path) -> None:
    knowing = model({"custom": 9, "plain": 5})

    def answer(name: str, asked: str) -> str:
        if name == "custom" and asked == question(0):
            raise InvalidInputError("too large")
        return knowing.answer(name, asked)

    report, _ = evaluate(tmp_path, FakeAsker(answer), TASK_ALONE)
    assert report["failures"] == [{"arm": "candidate", "id": "r000000", "error": "invalid-input"}]
    assert report["failed_calls"] == {"candidate": 1, "base": 0, "base-few-shot": 0}


def test_images_and_hostile_text_are_shown_and_harmless(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGBA", (640, 480), (200, 30, 30, 255)).save(picture, "PNG")
    location = {"uri": "s3://bucket/uploads/p/d/a.png", "bucketOwner": "123456789012"}
    rows = []
    for place, row in enumerate(ROWS):
        image = {"image": {"format": "png", "source": {"s3Location": location}}}
        text = {"text": f"{question(place)}<script>alert(1)</script>"}
        rows.append({**row, "messages": [{"role": "user", "content": [image, text]}]})

    def answer(name: str, asked: str) -> str:
        place = int(asked.split(":")[0].split()[1])
        return COLOURS[place % 4] if name == "custom" else '<img src="https://example.org/x.png" onerror=alert(1)>'

    recipe = TASK_ALONE
    run = new_run(recipe)
    files = write_run(tmp_path, run, rows, TRAIN)
    files.write("uploads/p/d/a.png", picture.getvalue())
    result = evaluate_run(files, run, recipe, ARMS, FakeAsker(answer), deadline=lambda: 900.0, clock=lambda: NOW)
    assert isinstance(result, EvaluationResult)
    page = files.read(result.report["paths"]["report"]).decode()
    assert "data:image/jpeg;base64," in page
    assert "<script" not in page
    assert '<img src="https' not in page
    assert "default-src 'none'" in page
    SCHEMA.validate(result.report)


def test_a_teacher_that_the_recipe_leaves_to_the_catalogue_has_its_price_too() -> None:
    named = prices_of(Recipe.parse("{method: distillation, teacher: nova-pro}"))
    assert prices_of(Recipe.parse("{method: distillation}")) == named
    assert named.teacher


def test_a_student_is_measured_against_gold_and_teacher(tmp_path: Path) -> None:
    recipe = Recipe.parse("{method: distillation, teacher: nova-pro, evaluation: {regression: false}}")
    arms = [*ARMS, Arm("teacher", "wise")]
    report, files = evaluate(tmp_path, model({"custom": 8, "plain": 4, "wise": 9}), recipe, arms=arms)
    SCHEMA.validate(report)
    found = report["by_method"]
    assert found["references"] == "gold"
    assert found["gap_closed"]["value"] == pytest.approx(0.8)
    assert found["agreement_where_teacher_right"] == pytest.approx(8 / 9)
    assert [item["baseline_arm"] for item in report["comparisons"]] == ["base", "base-few-shot"]
    assert "Share of the gap closed" in files.read(report["paths"]["report"]).decode()


def test_without_gold_a_student_is_measured_by_agreement_and_the_report_says_so(tmp_path: Path) -> None:
    rows = [{**row, "references": []} for row in ROWS]
    recipe = Recipe.parse("{method: distillation, teacher: nova-pro, evaluation: {regression: false}}")
    report, _ = evaluate(
        tmp_path, model({"custom": 9, "plain": 4, "wise": 9}), recipe, rows, arms=[*ARMS, Arm("teacher", "wise")]
    )
    assert report["verdict"] == "passed"
    assert "no gold" in report["by_method"]["references"]
    assert any("agreement, not correctness" in note for note in report["notes"])


def test_correctness_and_agreement_are_two_figures_with_two_names(tmp_path: Path) -> None:
    few = [row if place < 36 else {**row, "references": []} for place, row in enumerate(ROWS)]
    recipe = Recipe.parse(
        "{method: distillation, teacher: nova-pro, evaluation: {minimum_rows: 40, regression: false}}"
    )
    arms = [*ARMS, Arm("teacher", "wise")]
    report, files = evaluate(tmp_path / "few", model({"custom": 9, "plain": 4, "wise": 6}), recipe, few, arms=arms)
    SCHEMA.validate(report)
    found = report["by_method"]
    assert report["metric_title"] == "Agreement with the teacher (exact match)"
    assert "36 rows with gold" in found["references"]
    assert report["rows"] == 120
    assert found["correctness"]["rows"] == 36
    assert found["correctness"]["candidate"] > found["correctness"]["teacher"]
    assert "scores" not in found
    assert "Correctness, 36 rows with gold" in files.read(report["paths"]["report"]).decode()

    many = [row if place < 60 else {**row, "references": []} for place, row in enumerate(ROWS)]
    report, _ = evaluate(tmp_path / "many", model({"custom": 9, "plain": 4, "wise": 6}), recipe, many, arms=arms)
    assert (report["rows"], report["metric_title"]) == (60, "Exact match")
    assert report["by_method"]["references"] == "gold"
    assert any("60 rows without a right answer" in note for note in report["notes"])


@pytest.mark.parametrize(
    ("logs", "verdict", "says"),
    [
        ({"requests": 90, "unread": 0, "left_out": 3, "problem": ""}, "passed", "3 held-out rows were left out"),
        ({"requests": 0, "unread": 0, "left_out": 0, "problem": "no access"}, "inconclusive", "is unknown: no access"),
        (None, "inconclusive", "is unknown: "),
    ],
)
def test_a_student_of_logs_passes_only_where_they_were_compared_with_the_held_out_rows(
    logs: dict[str, Any] | None, verdict: str, says: str, tmp_path: Path
) -> None:
    recipe = Recipe.parse(
        "{method: distillation, teacher: nova-pro, distillation: {logs: {uri: 's3://l/a/'}},"
        " evaluation: {regression: false}}"
    )
    run = new_run(recipe)
    files = write_run(tmp_path, run, ROWS, [])
    files.write(f"{run.files}prepared/manifest.json", orjson.dumps({"logs": logs} if logs else {}))
    job = "step_number,epoch_number,training_loss,perplexity\n" + "".join(f"{n},0,{9 + n},1\n" for n in range(20))
    files.write(f"{run.files}job/x/training_artifacts/step_wise_training_metrics.csv", job.encode())
    asker = model({"custom": 9, "plain": 4, "wise": 9})
    arms = [*ARMS, Arm("teacher", "wise")]
    result = evaluate_run(files, run, recipe, arms, asker, deadline=lambda: 900.0, clock=lambda: NOW)
    assert isinstance(result, EvaluationResult)
    report = result.report
    assert report["verdict"] == verdict
    assert any(says in sentence for sentence in [*report["notes"], *report["reasons"]])
    assert (report["training"]["state"], report["training"]["advice"]) == ("diverged", "")


def test_sealed_rows_are_asked_only_once_a_promotion_opened_them(tmp_path: Path) -> None:
    recipe = Recipe.parse("evaluation: {sealed: 0.3}")
    run = new_run(recipe)
    files = write_run(tmp_path, run, ROWS, TRAIN)

    def measured(run: Run) -> tuple[dict[str, Any], set[str]]:
        asker = model({"custom": 9, "plain": 4})
        result = evaluate_run(files, run, recipe, ARMS, asker, deadline=lambda: 900.0, clock=lambda: NOW)
        assert isinstance(result, EvaluationResult)
        SCHEMA.validate(result.report)
        return result.report, {request["messages"][-1]["content"][-1]["text"] for _, request in asker.requests}

    first, asked = measured(run)
    opened, asked_then = measured(run.updated(evaluation=EvaluationRecord().opened("provision")))
    questions = {question(place) for place in range(120)}
    assert (asked & questions).isdisjoint(asked_then & questions)
    assert (asked | asked_then) >= questions
    assert not asked_then - questions  # the general questions are answered already
    assert first["rows"] + opened["rows"] == 120
    assert 20 < opened["rows"] < 55
    assert (first["looks"], opened["looks"]) == (1, 1)
    assert first["sealed"] == {"share": 0.3, "opened_by": None}
    assert opened["paths"]["report"] == f"{run.files}evaluation/sealed/report.html"
    assert files.read(f"{run.files}evaluation/report.json") != files.read(opened["paths"]["json"])
    assert any("sealed: only a promotion opens them" in note for note in first["notes"])
    assert any("opened by provision" in note for note in opened["notes"])


SENTENCE = "Van điều áp số hiệu kiểm định phải được tháo rửa bằng dung dịch trung tính trước mỗi ca vận hành thứ "


def test_documents_become_questions_and_recitation_is_probed(tmp_path: Path) -> None:
    documents = [" ".join(f"{SENTENCE}{place}{part}." for part in "abcd") for place in range(60)]
    rows = [
        {"id": f"r{place}", "group": f"d{place}", "messages": [], "references": [text], "source": {}}
        for place, text in enumerate(documents)
    ]
    train = [{"input": text} for text in documents[:30]]
    whole = "\n".join(documents)

    def answer(name: str, asked: str) -> str:
        rest = whole.split(asked, 1)[-1].split() if name == "custom" and asked in whole else ["gì"]
        return " ".join(rest[:12])

    recipe = Recipe.parse("{method: continued-pre-training, model: nova-lite, evaluation: {regression: false}}")
    run = new_run(recipe)
    files = write_run(tmp_path, run, rows, train)
    csv = "step_number,epoch_number,validation_loss,perplexity\n0,0,3.0,20\n1,0,2.0,7.4\n2,1,1.0,2.7\n3,1,1.0,2.7\n"
    files.write(f"{run.files}job/x/validation_artifacts/validation_metrics.csv", csv.encode())
    files.write(
        f"{run.files}prepared/manifest.json",
        orjson.dumps(
            {"tokens": {"expected": 250}, "files": [{"key": f"{run.files}prepared/train.jsonl", "bytes": 1000}]}
        ),
    )
    result = evaluate_run(files, run, recipe, ARMS, FakeAsker(answer), deadline=lambda: 900.0, clock=lambda: NOW)
    assert isinstance(result, EvaluationResult)
    report = result.report
    SCHEMA.validate(report)
    assert (report["verdict"], report["metric"]) == ("passed", "next_word")
    assert report["groups"] == 60
    assert report["by_method"]["memorisation"]["candidate"] == report["by_method"]["memorisation"]["probes"] > 0
    assert report["by_method"]["memorisation"]["base"] == 0
    assert report["by_method"]["losses"]["last"]["perplexity_a_byte"] == pytest.approx(2.718281828**0.25)


@pytest.mark.parametrize("held_out_documents", [True, False])
def test_a_teams_own_questions_decide_about_a_domain(tmp_path: Path, held_out_documents: bool) -> None:
    documents = [
        {"id": f"r{place}", "group": f"d{place}", "messages": [], "references": [f"{SENTENCE}{place}abcd."]}
        for place in range(40)
    ]
    asker = model({"custom": 9, "plain": 5})
    knowing = asker.answer

    def answer(name: str, asked: str) -> str:
        if asked.startswith("Câu "):
            return knowing(name, asked)
        return SENTENCE.split(asked, 1)[-1].split()[0] if name == "custom" and SENTENCE.startswith(asked) else "gì"

    asker.answer = answer
    recipe = Recipe.parse(
        "{method: continued-pre-training, model: nova-lite, data: {questions: exam.csv},"
        " evaluation: {regression: false}}"
    )
    run = new_run(recipe)
    files = write_run(tmp_path, run, documents)
    if not held_out_documents:
        (tmp_path / f"{run.files}prepared/test.jsonl").unlink()
    files.write(f"{run.files}prepared/questions.jsonl", b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    result = evaluate_run(files, run, recipe, ARMS, asker, deadline=lambda: 900.0, clock=lambda: NOW)
    assert isinstance(result, EvaluationResult)
    report = result.report
    SCHEMA.validate(report)
    assert (report["verdict"], report["metric"], report["rows"]) == ("passed", "exact_match", len(ROWS))
    assert any("the team's own questions (questions.csv) decide" in note for note in report["notes"])
    found = report["by_method"]["next_word"]
    if held_out_documents:
        assert found["questions"] > 100
        assert found["candidate"] > found["base"] == 0
        assert "Next words of held-out documents known" in files.read(report["paths"]["report"]).decode()
    else:
        assert found is None


def test_a_reward_that_rises_alone_does_not_pass(tmp_path: Path) -> None:
    recipe = Recipe.parse(
        "{method: reinforcement, reinforcement: {rewards: [{kind: format, pattern: 'là .*'}]},"
        " evaluation: {regression: false}}"
    )

    def playing(name: str, asked: str) -> str:
        place = int(asked.split(":")[0].split()[1])
        return "là gì đó" if name == "custom" else COLOURS[place % 4]

    report, _ = evaluate(tmp_path / "played", FakeAsker(playing), recipe)
    assert report["metric"] == "reward"
    assert report["by_method"]["reward"] == {"candidate": 1.0, "base": 0.0}
    assert report["verdict"] == "failed"
    SCHEMA.validate(report)

    def learning(name: str, asked: str) -> str:
        said = playing("plain", asked)
        return f"là {said}" if name == "custom" else said

    recipe = Recipe.parse(
        "{method: reinforcement, reinforcement: {rewards: [{kind: format, pattern: 'là .*'}, {kind: exact-match},"
        " {kind: token-f1}]}, evaluation: {regression: false}}"
    )
    assert (
        evaluate(tmp_path / "learned", FakeAsker(learning), recipe)[0]["by_method"]["independent_metric"]
        == "containment"
    )


def test_a_judge_is_asked_both_ways_round_and_never_decides(tmp_path: Path) -> None:
    knowing = model({"custom": 9, "plain": 5})

    def answer(name: str, asked: str) -> str:
        if not asked.startswith("Compare two answers"):
            return knowing.answer(name, asked)
        first, second, right = (
            asked.split(f"<{tag}>")[1].split("</")[0] for tag in ("answer_a", "answer_b", "reference")
        )
        return json.dumps({"better": "A" if first == right else "B" if second == right else "A"})

    recipe = Recipe.parse("evaluation: {judge: nova-pro, judge_rows: 40, regression: false}")
    report, files = evaluate(tmp_path, FakeAsker(answer), recipe)
    SCHEMA.validate(report)
    assert report["judge"]["rows"] == 40
    assert report["judge"]["wins"] == 40
    assert report["judge"]["agreement_with_metric"] == 1.0
    assert report["judge"]["preference"] == 1.0
    assert any("judges favour their kind" in note for note in report["notes"])
    assert "it does not decide" in files.read(report["paths"]["report"]).decode()
