"""The demo's questions: of different pictures, scored as the evaluation scores."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tailor.recipe import Reward
from tailor.runs import State
from tailor.storage import FolderStorage
from tailor_cli import language
from tailor_local.demo import calls, show
from tests.unit.cli.sentences import ROOT, key, of_rooms
from tests.unit.steps.fakes import a_run

REPORT = {"metric": "exact_match", "language": "vi"}


def row(number: int, picture: int, **fields: Any) -> dict[str, Any]:
    content = [{"image": {"format": "png"}}, {"text": f"Câu hỏi {number}?"}]
    messages = [{"role": "user", "content": content}]
    return {
        "id": f"r{number}",
        "group": f"images/{picture}.png",
        "messages": messages,
        "references": ["màu đỏ"],
    } | fields


def test_questions_are_about_different_pictures_of_the_whole_file(tmp_path: Path) -> None:
    run = a_run(State.LIVE)
    file = tmp_path / run.files / "prepared" / "test.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(row(number, number // 3)) + "\n" for number in range(60)))
    bucket: Any = FolderStorage(tmp_path)
    asked = [each["group"] for each in calls.held_out(run, bucket, 5)]
    assert asked == [f"images/{picture}.png" for picture in (0, 4, 8, 12, 16)]
    assert len(calls.held_out(run, bucket, 99)) == 20


def test_answers_are_scored_by_the_reports_metric_in_its_language() -> None:
    found = calls.scored(row(1, 17), "The object is red.", "Màu đỏ.", REPORT)
    assert (found.picture, found.question, found.wanted) == ("17.png", "Câu hỏi 1?", "màu đỏ")
    assert (found.base_right, found.custom_right) == (0, 1)


def test_rewards_score_answers_where_they_are_the_metric() -> None:
    rewards = [Reward(kind="numeric", weight=3), Reward(kind="format", pattern=r"\d+")]
    asked, report = row(1, 1, references=["11"]), {"metric": "reward", "language": "vi"}
    found = calls.scored(asked, "There are 11.", "11", report, rewards)
    assert (found.base_right, found.custom_right) == (0.75, 1)


def test_the_continuation_of_a_document_has_no_score() -> None:
    found = calls.scored(row(1, 1, messages=[], references=["một " * 90]), "a", "b", REPORT)
    assert (found.picture, found.base_right, found.custom_right) == ("", None, None)


def test_the_score_counts_both_and_the_table_fits_a_terminal(monkeypatch: Any) -> None:
    monkeypatch.setattr(show.console, "_width", 80)
    asked = [calls.scored(row(n, n), "xanh", answer, REPORT) for n, answer in enumerate(("màu đỏ", "Màu đỏ", "vàng"))]
    with show.console.capture() as captured:
        show.answers(asked)
        show.score(asked, a_run(State.LIVE))
    said = captured.get()
    assert "Score: custom 2 of 3, base 0 of 3" in said
    assert said.count("✓") == 2
    assert "0.png" in said
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_who_trains_is_said_as_the_run_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    run = a_run(State.PREPARED)
    show.change(run.moved(State.TRAINING, by="train").history[-1], 1)
    show.change(run.moved(State.TRAINING, by="train", reason="a training job of SageMaker trains it").history[-1], 1)
    first, second = [line for line in capsys.readouterr().out.splitlines() if "training" in line]
    assert "Bedrock works on the job" in first
    assert "a training job of SageMaker trains it" in second


NOT_SAID = {  # styles, the parser's help, names and reasons that are stored, commands
    *("bold cyan", "leave the local cloud up", "The main job, on the local cloud.", "python -m tailor_local.demo"),
    *("the demo says yes", "demo's console", "make down", "1 - mean reward"),
    *(".venv/bin/tailor --local chat {}", ".venv/bin/tailor --local show {}"),
    ".venv/bin/tailor check YOUR-DATA --model nova-lite",
}
MARKUP = re.compile(r"\[/?[a-z ]*\]")


def test_everything_that_the_demo_says_has_both_languages() -> None:
    known = "\n".join(key(MARKUP.sub("", english)) for part in show.texts().values() for english in part)
    demo = ROOT / "local/tailor_local/demo"
    said = dict(of_rooms(str(demo / name) for name in ("__main__.py", "methods.py", "show.py")))
    assert len(said) > 60

    def is_known(text: str) -> bool:
        return all(piece.strip(" .,:;()") in known for piece in re.split(r"\{\}|→", MARKUP.sub("", text)))

    assert {text: place for text, place in said.items() if text not in NOT_SAID and not is_known(text)} == {}


def test_the_demo_speaks_the_language_of_the_command_line() -> None:
    language.use("vi")
    try:
        assert show.said("Score: custom 3 of 5, base 1 of 5") == "Điểm: mô hình tùy chỉnh 3/5, mô hình gốc 1/5"
        assert show.said("[bold]0.125 → 0.500[/] on held-out prompts") == "[bold]0.125 → 0.500[/] trên các câu để dành"
    finally:
        language.use("en")
    assert show.said("stopped; nothing is left running") == "stopped; nothing is left running"
