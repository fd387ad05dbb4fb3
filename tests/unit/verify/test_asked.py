"""A real training is begun only where its price is known, small, and agreed to."""

from pathlib import Path
from typing import Any

import pytest

from tailor.runs import State
from tailor.verify.running import CheckResult
from tailor.verify.world import World
from tests.unit.steps.fakes import a_run
from tests.unit.verify.fakes import NAME, FakeAws
from tests.unit.verify.test_after import observed, place


def quote(high: str | None) -> dict[str, Any]:
    amounts = {"low": high, "expected": high, "high": high} if high else {}
    line = {"item": "training", "title": "Training", "every": "once", "how": "tokens", **amounts}
    return {"method": "fine-tuning", "model": "nova-micro", "lines": [line]}


def asked(folder: Path, high: str | None, *, agrees: bool) -> tuple[CheckResult, World, list[str]]:
    where, questions = place(folder, FakeAws({})), []

    def agreed(question: str) -> bool:
        questions.append(question)
        return agrees

    where.agreed = agreed
    where.deployed.runs.create(
        a_run(State.AWAITING_APPROVAL, f"{NAME}-training-01234567", project=NAME, dataset="training", quote=quote(high))
    )
    return observed("training", where), where, questions


@pytest.mark.parametrize(
    ("high", "why"),
    [
        (None, "what it would cost is not known"),
        ("3.01", "it would cost up to $3.01, more than $3"),
        ("0.40", "nobody agreed to its price"),
    ],
)
def test_what_nobody_agreed_to_is_declined_and_trains_nothing(tmp_path: Path, high: str | None, why: str) -> None:
    result, where, questions = asked(tmp_path, high, agrees=False)
    assert result.verdict == "could not be checked"
    assert result.why.startswith(why)
    [run] = where.deployed.runs.project_runs(NAME)
    assert run.state == State.DECLINED
    assert questions == (
        ["Training Nova Micro costs up to $0.40, a month of storage included. Go on?"] if high == "0.40" else []
    )


def test_nobody_agrees_where_nobody_is_asked(tmp_path: Path) -> None:
    assert not place(tmp_path, FakeAws({})).agreed("May it?")
