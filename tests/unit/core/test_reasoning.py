"""Reasoning is no answer: not in references, not in what is scored, not in what apps get."""

import json
from pathlib import Path

import pytest

from tailor.evaluation.gate import Plan
from tailor.evaluation.offline import evaluate_files
from tailor.reasoning import answer_of, said
from tailor.recipe import Reward
from tailor.rewards import Specification, score
from tailor.serving.completion import to_completion


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>2 và 2</think>\n4", "4"),
        ("<thinking>hm</thinking><answer>đỏ</answer>", "đỏ"),
        ("hm, có lẽ đỏ\n</think>\nđỏ", "đỏ"),
        ("<think>\n\n</think>\n\nđỏ", "đỏ"),
        ("<think>chưa xong", ""),
        ("đỏ", "đỏ"),
        ("a < b", "a < b"),
        ("Use `<think>` tags", "Use `<think>` tags"),
        ("<b>đỏ</b>", "<b>đỏ</b>"),
        ("<item><reason>x</reason></item>", "<item><reason>x</reason></item>"),
    ],
)
def test_the_answer_is_what_follows_the_reasoning(text: str, answer: str) -> None:
    assert answer_of(text) == answer


def test_reasoning_that_was_cut_off_is_kept_apart() -> None:
    assert said("<think>chưa xong") == ("chưa xong", "")


def test_a_model_does_not_pass_because_thinking_can_not_be_guessed(tmp_path: Path) -> None:
    colours = ["đỏ", "xanh", "vàng", "tím"]

    def write(name: str, key: str, texts: list[str]) -> Path:
        path = tmp_path / name
        lines = [json.dumps({"id": str(n), key: [t] if key == "references" else t}) for n, t in enumerate(texts)]
        path.write_text("\n".join(lines))
        return path

    gold = [colours[place % 4] for place in range(200)]
    thought = [f"<think>Nhìn ảnh thấy {text}.</think>{text}" for text in gold]
    files = {"candidate": write("c", "answer", thought), "baseline": write("b", "answer", gold)}
    found = evaluate_files(write("r", "references", thought), files, Plan(language="vi"))
    assert (found["candidate"], found["baseline"], found["verdict"]) == (1, 1, "inconclusive")


def test_rewards_score_the_answer_and_a_pattern_sees_the_whole() -> None:
    pattern = Reward(kind="format", pattern=r"<think>.*</think>.*")
    scores = score("<think>2 + 2</think>4", "4", Specification(rewards=(Reward(kind="numeric"), pattern)))
    assert scores == {"numeric": 1, "format": 1}


def test_apps_get_the_answer_and_the_reasoning_apart() -> None:
    blocks = [{"text": "<think>hm</think>\nđỏ"}]
    reply = {
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1},
    }
    message = to_completion([reply], model="m", version="v", created=0)["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("đỏ", "hm")
