import pytest

from tailor.run_records import StallRecord
from tailor.runs import State
from tailor_cli.context import out
from tailor_cli.show import show_run
from tests.unit.steps.fakes import a_run

QUOTE = {
    "model": "nova-micro",
    "method": "fine-tuning",
    "lines": [
        {
            "item": "training",
            "title": "Training",
            "every": "once",
            "low": "1.5",
            "expected": "2",
            "high": "3",
            "how": "",
        },
        {"item": "storage", "title": "Storage", "every": "month", "how": "no price is known"},
    ],
}


def test_a_run_is_shown_with_its_price_its_history_and_where_its_reports_lie(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = a_run(
        State.LIVE,
        report={"headline": "The dataset is usable: 10 rows to train on."},
        quote=QUOTE,
        job={
            "arn": "arn:job",
            "training_loss": 0.5,
            "phases": {"training": {"status": "Completed", "since": "2026-11-22T12:00:00Z"}},
        },
        deployment={"arn": "arn:deployment", "status": "Active"},
        evaluation={
            "verdict": "passed",
            "metric": "exact_match",
            "candidate": 0.8,
            "baseline": 0.2,
            "baseline_arm": "base",
            "difference": 0.6,
            "interval": [0.5, 0.7],
            "rows": 120,
        },
    )
    with out.capture() as captured:
        show_run(run, "tailor-bucket")
    text = " ".join(captured.get().split())
    for words in (
        "live",
        "The dataset is usable",
        "$1.50 to $3.00",
        "unknown a month",
        "spent so far",
        "s3://tailor-bucket/runs/colours/colours-scenes-0123456789ab/report/report.html",
        "passed: exact match 80.0 % against 20.0 %",
    ):
        assert words.replace(" ", "") in text.replace(" ", ""), words


def test_a_run_in_trouble_says_what_hangs_since_when_and_what_was_advised() -> None:
    advice = {"code": "few-held-out-rows", "message": "9 held-out rows can't carry a verdict", "fix": "add examples"}
    for level, label in (("warn", "stall"), ("wait", "waits")):
        stall = StallRecord.model_validate(
            {
                "level": level,
                "phase": "waiting",
                "message": "no progress",
                "since": "2026-11-22T16:00:00",
                "at": "2026-11-22T17:00:00",
            }
        )
        run = a_run(State.TRAINING, quote=QUOTE | {"advice": [advice]}).updated(stall=stall)
        with out.capture() as captured:
            show_run(run, "tailor-bucket")
        text = " ".join(captured.get().split())
        assert "advice: few-held-out-rows 9 held-out rows" in text
        assert f"{label} no progress (since 2026-11-22 16:00 UTC)" in text


def test_a_run_that_waits_for_a_yes_says_how_and_until_when() -> None:
    until = {"reason": "", "until": "2026-12-01T09:30:00+00:00"}
    with out.capture() as captured:
        show_run(a_run(State.AWAITING_APPROVAL, quote=QUOTE | {"approval": until}), "tailor-bucket")
    text = " ".join(captured.get().split())
    assert "tailor approve colours-scenes-0123456789ab or tailor decline" in text
    assert "09:30 UTC" in text


def test_a_run_that_has_just_begun_is_shown_too() -> None:
    with out.capture() as captured:
        show_run(a_run(State.RECEIVED), "tailor-bucket")
    assert "received" in captured.get()


def test_a_price_without_a_range_is_one_amount() -> None:
    line = {
        "item": "training",
        "title": "Training",
        "every": "once",
        "low": "2",
        "expected": "2",
        "high": "2",
        "how": "",
    }
    with out.capture() as captured:
        show_run(a_run(State.PREPARED, quote=QUOTE | {"lines": [line]}), "tailor-bucket")
    assert "$2.00" in captured.get()
    assert "$2.00 to $2.00" not in captured.get()
