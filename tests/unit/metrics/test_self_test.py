"""A metric that would be fooled on a dataset says so before it is used there."""

import json
import random
from pathlib import Path

import pytest

from tailor.metrics.base import Rules
from tailor.metrics.self_test import FEWEST_ROWS, GOLD, Asked, SelfTest, self_test
from tailor.normalisers import for_language

DICE = random.Random(3)
VI = Rules(for_language("vi"), "vi")
ROWS = {
    "date_time": [f"{DICE.randint(1, 28)}/{DICE.randint(1, 12)}/{DICE.randint(1990, 2020)}" for _ in range(60)],
    "numeric": [f"{DICE.randint(1, 99)} {DICE.choice(['nghìn đồng', 'km', 'kg', '%'])}" for _ in range(60)],
    "yes_no": [DICE.choice(["có", "không"]) for _ in range(60)],
    "choice": [DICE.choice("ABCD") for _ in range(60)],
    "exact_match": [DICE.choice(["một con mèo", "hai con chó", "màu đỏ", "xanh lá"]) for _ in range(60)],
    "token_f1": [DICE.choice(["một con mèo đen đang ngủ", "hai con chó chạy trên cỏ non"]) for _ in range(60)],
}
VIVQA = Path(__file__).parents[3].parent / "shared/data/vivqa-x"


def trial(references: list[str], metric: str = "auto") -> SelfTest:
    rows = [Asked(f"Câu hỏi số {place} là gì?", (text,)) for place, text in enumerate(references)]
    found = self_test(rows, VI, metric)
    assert found is not None
    return found


@pytest.mark.parametrize("metric", ROWS)
def test_the_metric_that_auto_chooses_is_not_fooled(metric: str) -> None:
    found = trial(ROWS[metric])
    assert found.metric == metric
    assert not found.doubts
    assert {probe.name: probe.score for probe in found.probes}[GOLD] == 1
    assert len(found.probes) >= 6


def test_a_metric_that_takes_wrong_answers_for_right_ones_says_so_with_an_example() -> None:
    found = trial(ROWS["exact_match"], "not_empty")
    assert found.reason == "named in the recipe"
    assert any("other rows' answers 100%" in doubt and "counts as" in doubt for doubt in found.doubts)


def test_a_metric_that_takes_right_answers_for_wrong_ones_says_so() -> None:
    found = trial(ROWS["exact_match"], "json_fields")
    assert any("does not equal itself" in doubt for doubt in found.doubts)


def test_long_references_are_tried_on_fewer_rows_and_not_listed_as_options() -> None:
    words = ["con", "mèo", "đen", "đang", "ngủ", "trên", "một", "chiếc", "ghế", "gỗ", "cũ", "bên", "cửa", "sổ"]
    found = trial([" ".join(DICE.choices(words, k=300)) for _ in range(200)])
    rows = {probe.name: probe.rows for probe in found.probes}
    assert rows[GOLD] == FEWEST_ROWS
    assert "all options in a list" not in rows
    short = {probe.name: probe.rows for probe in trial(ROWS["token_f1"]).probes}
    assert short[GOLD] == 60
    assert "all options in a list" in short
    assert found.reason == "answers are long: 300 words is typical"


def test_nothing_is_tested_without_references() -> None:
    assert self_test([Asked("?", ())], VI) is None


@pytest.mark.skipif(not VIVQA.exists(), reason="the shared dataset is not here")
def test_questions_about_images_get_a_sound_metric() -> None:
    lines = json.loads((VIVQA / "ViVQA-X_val.json").read_text("utf-8"))
    found = self_test([Asked(line["question"], (line["answer"],)) for line in lines], VI)
    assert found is not None
    assert (found.metric, found.doubts) == ("exact_match", [])
