import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tailor.errors import EvaluationError, InvalidInputError, NotAllowedError, RetryableError, ThrottledError
from tailor.evaluation.asking.runner import AnswerStore, CallProgress, Interview
from tailor.evaluation.questions.arms import Arm, build_request
from tailor.evaluation.questions.held_out import Row
from tailor.evaluation.questions.section import CHUNK_ROWS, QuestionSet
from tailor.storage import FolderStorage
from tests.unit.evaluation.fakes import FakeAsker

ARMS = [Arm("candidate", "custom"), Arm("base", "plain")]


def section(count: int) -> QuestionSet:
    rows = [
        Row(f"r{place}", ("đỏ",), f"g{place}", messages=({"role": "user", "content": [{"text": f"q{place}"}]},))
        for place in range(count)
    ]
    return QuestionSet("test", rows, ARMS, lambda row, arm: build_request(row, 16))


def interview(
    files: FolderStorage, asker: FakeAsker, deadline: Callable[[], float] = lambda: 900.0, workers: int = 4, **more: Any
) -> Interview:
    store = AnswerStore(files, "evaluation/chunks/")
    return Interview(store, asker, deadline=deadline, reserve=10, workers=workers, sleep=lambda _: None, **more)


def test_every_row_is_asked_once_of_every_arm(tmp_path: Path) -> None:
    asker = FakeAsker(lambda model, question: f"{model}:{question}")
    asked = section(60)
    visit = interview(FolderStorage(tmp_path), asker)
    assert visit.ask([asked]) == CallProgress(120, 120, 120)
    assert set(asker.charged.values()) == {1}
    for arm in ARMS:
        assert {row: answer.answer for row, answer in visit.answers(asked, arm.name).items()} == {
            f"r{place}": f"{arm.model_id}:q{place}" for place in range(60)
        }


def test_arms_are_asked_side_by_side(tmp_path: Path) -> None:
    asker = FakeAsker(lambda model, question: "x")
    interview(FolderStorage(tmp_path), asker, workers=1).ask([section(50)])
    models = [model for model, _ in asker.requests]
    assert all(abs(Counter(models[:place])["custom"] - Counter(models[:place])["plain"]) <= 1 for place in range(100))


def test_a_rate_limit_is_waited_out_and_never_counts(tmp_path: Path) -> None:
    refusals = Counter[str]()

    def answer(model: str, question: str) -> str:
        refusals[question] += 1
        if refusals[question] <= 30:
            raise ThrottledError("slow down")
        return "đỏ"

    asked = section(4)
    visit = interview(FolderStorage(tmp_path), FakeAsker(answer))
    assert visit.ask([asked]).complete
    assert all(answer.error is None for answer in visit.answers(asked, "base").values())


def test_what_fails_again_and_again_is_a_wrong_answer_with_its_code(tmp_path: Path) -> None:
    def answer(model: str, question: str) -> str:
        if question == "q1":
            raise RetryableError("no answer in time")
        if question == "q2":
            raise InvalidInputError("the image is too large")
        return "đỏ"

    asked, asker = section(20), FakeAsker(answer)
    visit = interview(FolderStorage(tmp_path), asker)
    assert visit.ask([asked]).complete
    answers = visit.answers(asked, "candidate")
    assert (answers["r1"].error, answers["r2"].error, answers["r3"].error) == ("try-again", "invalid-input", None)
    tried = [request["messages"][0]["content"][0]["text"] for model, request in asker.requests if model == "custom"]
    assert (tried.count("q1"), tried.count("q2")) == (5, 1)


def test_an_arm_that_refuses_everything_ends_the_evaluation(tmp_path: Path) -> None:
    def answer(model: str, question: str) -> str:
        if model == "plain":
            raise NotAllowedError("no access")
        return "đỏ"

    asker = FakeAsker(answer)
    with pytest.raises(EvaluationError, match="'base' \\(plain\\) refused the first 10 calls: not-allowed"):
        interview(FolderStorage(tmp_path), asker).ask([section(200)])
    assert len(asker.requests) < 60


def test_time_running_out_keeps_what_was_answered(tmp_path: Path) -> None:
    files, asked = FolderStorage(tmp_path), section(60)
    left = iter([900.0] * 90)
    asker = FakeAsker(lambda model, question: "đỏ")
    first = interview(files, asker, lambda: next(left, 0.0), workers=1).ask([asked])
    assert 0 < first.done < first.total == 120
    second = interview(files, asker).ask([asked])
    assert second.complete
    assert second.asked == 120 - first.done
    assert set(asker.charged.values()) == {1}


@pytest.mark.parametrize("seed", range(8))
def test_killed_at_any_moment_nothing_is_paid_twice(tmp_path: Path, seed: int) -> None:
    """A crash out of the blue, again and again: in a call, or while an answer is written."""
    dice = random.Random(seed)

    class Killed(BaseException):
        pass

    class Shaky(FolderStorage):
        def write(self, key: str, data: bytes, content_type: str = "") -> None:
            super().write(key, data, content_type)
            if dice.random() < 0.05:
                raise Killed

    def answer(model: str, question: str) -> str:
        if dice.random() < 0.03:
            raise Killed
        return f"{model}:{question}"

    files, asker, asked = Shaky(tmp_path), FakeAsker(answer), section(CHUNK_ROWS * 3 + 7)
    for _ in range(100):
        visit = interview(files, asker)
        try:
            if visit.ask([asked]).complete:
                break
        except Killed:
            continue
    assert visit.answers(asked, "base")["r5"].answer == "plain:q5"
    assert len(visit.answers(asked, "candidate")) == CHUNK_ROWS * 3 + 7
    assert set(asker.charged.values()) == {1}


def test_chunks_can_be_asked_by_separate_workers(tmp_path: Path) -> None:
    files, asked, asker = (
        FolderStorage(tmp_path),
        section(CHUNK_ROWS * 2 + 5),
        FakeAsker(lambda model, question: question),
    )
    assert asked.chunks == 3
    for chunk in (2, 0, 1):
        interview(files, asker).ask([asked], chunks={chunk})
    final = interview(files, asker)
    assert final.ask([asked]) == CallProgress(110, 110, 0)
    assert all(answer.answer == f"q{row[1:]}" for row, answer in final.answers(asked, "base").items())


def test_refusals_that_are_no_rows_fault_are_asked_again_later(tmp_path: Path) -> None:
    files, asked = FolderStorage(tmp_path), section(6)
    allowed = False

    def answer(model: str, question: str) -> str:
        if question == "q3" and not allowed:
            raise NotAllowedError("not yet")
        return "đỏ"

    interview(files, FakeAsker(answer)).ask([asked])
    allowed = True
    visit = interview(files, FakeAsker(answer))
    assert visit.ask([asked]).asked == 2
    assert visit.answers(asked, "base")["r3"].answer == "đỏ"
