import math
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.errors import InvalidInputError
from tailor.evaluation.curves import find_curves, merged, read_curve, read_in_words
from tailor.storage import FolderStorage


def csv(losses: list[float], kind: str = "training", per_epoch: int = 10) -> bytes:
    lines = [f"{step},{step // per_epoch},{loss},{math.e}" for step, loss in enumerate(losses)]
    return "\n".join([f"step_number,epoch_number,{kind}_loss,perplexity", *lines]).encode()


def state(training: list[float], validation: list[float] | None = None) -> str:
    curves = [read_curve(csv(training), "t.csv")]
    if validation is not None:
        curves.append(read_curve(csv(validation, "validation", 1), "v.csv"))
    return read_in_words(curves).state


def falling(steps: int, speed: float, floor: float = 0.3) -> list[float]:
    dice = random.Random(4)
    return [2 * math.exp(-step * speed) + floor + dice.gauss(0, 0.02) for step in range(steps)]


def test_what_a_curve_says() -> None:
    assert state(falling(100, 0.1)) == "converged"
    assert state(falling(100, 0.01)) == "still-falling"
    assert state([2 + 0.1 * step for step in range(50)]) == "diverged"
    assert state([2.0, 1.5, math.nan, math.nan, math.nan]) == "diverged"
    assert state([2.0, 1.0]) == "too-short"
    assert state([1.5] * 30) == "flat"


def test_overfitting_names_the_epoch_to_stop_at() -> None:
    curves = [read_curve(csv(falling(40, 0.2)), "t"), read_curve(csv([1.0, 0.6, 0.5, 0.7, 0.9], "validation", 1), "v")]
    reading = read_in_words(curves)
    assert reading.state == "overfitting"
    assert "epoch 2" in reading.sentence
    assert "epoch 2" in reading.advice


def test_the_validation_loss_says_whether_there_was_more_to_learn() -> None:
    assert state(falling(100, 0.01), [1.0, 0.7, 0.6, 0.6, 0.6]) == "converged"
    assert state(falling(100, 0.1), [1.0, 0.8, 0.7, 0.6]) == "still-falling"


def test_curves_are_found_by_the_ends_of_their_names(tmp_path: Path) -> None:
    files = FolderStorage(tmp_path)
    job = "runs/r/job/model-customization-job-abc/"
    files.write(f"{job}training_artifacts/step_wise_training_metrics.csv", csv([2, 1]))
    files.write(
        f"{job}validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv",
        csv([2, 1], "validation"),
    )
    files.write(f"{job}input_status/manifest.report.csv", b"fileName\n")
    curves = find_curves(files, "runs/r/job/")
    assert [curve.kind for curve in curves] == ["training", "validation"]
    assert [point.loss for point in merged(curves, "training")] == [2, 1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no column training_loss or validation_loss \\(columns: none\\)"),
        (b"step,loss\n1,2\n", "columns: step, loss"),
        (b"step_number,training_loss\n0,1\n1,abc\n", "c.csv, line 3: training_loss is 'abc'"),
        (b"step_number,training_loss\n0,\n", "line 2: training_loss is missing"),
        (b"step_number,training_loss\nnan,1\n", "step_number is nan"),
        (b"\xff\xfe", "not UTF-8"),
        (b"\r\x00", "no column training_loss"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_curve(data, "c.csv")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30), st.binary(max_size=60))
def test_any_losses_can_be_said_in_words(losses: list[float], data: bytes) -> None:
    assert read_in_words([read_curve(csv(losses), "t")]).sentence
    try:
        read_curve(data, "c.csv")
    except InvalidInputError as error:
        assert error.message.startswith("c.csv")


def test_what_is_near_zero_is_not_called_falling_for_halving_once_more() -> None:
    losses = [1.6, 0.4, 0.1, 0.03, 0.01, 0.008, 0.006, 0.004, 0.002, 0.001]
    reading = read_in_words([read_curve(csv(losses), "t")])
    assert reading.state == "converged"
    assert "from 1.6 to 0.0015" in reading.sentence
