"""What preparing says before anything is written, the headroom check, and the prices of the operator."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tailor.errors import NotAllowedError
from tailor.llm import Reply
from tailor.runs import Run, State
from tailor.steps.prepare import prepare
from tailor.steps.preparing import PrepareServices
from tailor.training.approval import needs_approval
from tailor.training.prices import PriceBook
from tests.unit.steps.fakes import NOW, MemoryAliases, MemoryRuns, OneFunction, OpenRegion
from tests.unit.steps.uploads import opened
from tests.unit.training.test_preflight import AWS, Region
from tests.unit.versions import VersionedFolder

RECIPE = {"model": "nova-micro"}


class Base:
    """A base model that knows every answer, or may not be asked at all."""

    def __init__(self, *, allowed: bool = True) -> None:
        self.allowed, self.calls = allowed, 0

    def converse(self, model_id: str, request: dict[str, Any]) -> Reply:
        if not self.allowed:
            raise NotAllowedError("no access to the model")
        self.calls += 1
        number = request["messages"][-1]["content"][0]["text"].removeprefix("What comes after ")
        return Reply(f"number {int(number) + 1}", "end_turn", 1, 1, 1.0)


def prepared(
    folder: Path,
    recipe: dict[str, Any],
    *,
    offers: Any = None,
    asker: Any = None,
    prices: Mapping[str, Mapping[str, Decimal]] | None = None,
) -> tuple[Run, VersionedFolder]:
    bucket, runs = VersionedFolder(folder / "bucket"), MemoryRuns()
    rows = [{"prompt": f"What comes after {n}", "completion": f"number {n + 1}"} for n in range(500)]
    bucket.write("uploads/p/d/data.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    bucket.write("uploads/p/d/tailor.yaml", json.dumps(recipe).encode())
    started = opened("uploads/p/d/", bucket, runs, NOW)
    scratch = folder / "scratch"
    scratch.mkdir()
    services = PrepareServices(
        bucket=bucket,
        runs=runs,
        bucket_owner="123456789012",
        fan_out=OneFunction(State.PREPARING),  # type: ignore[arg-type]
        offers=offers or OpenRegion(),
        region="us-east-1",
        prices=PriceBook(prices or {}),
        asker=asker,
        aliases=MemoryAliases(),
    )
    run = prepare(started.id, services, scratch=scratch, lease_seconds=60, now=NOW)
    assert run is not None
    return run, bucket


@pytest.mark.parametrize(
    ("recipe", "offers", "says"),
    [
        (RECIPE, Region({"FINE_TUNING": []}), "does not offer"),
        ({"method": "continued-pre-training", "model": "titan-text-lite"}, Region(AWS), "continued pre-training today"),
        ({**RECIPE, "hyperparameters": {"epochs": 9}}, Region(AWS), "hyperparameters.epochs"),
        ({"method": "distillation", "teacher": "llama-3-3-70b"}, None, "teacher"),
    ],
)
def test_what_can_not_be_trained_is_rejected_before_anything_is_prepared(
    recipe: dict[str, Any], offers: Any, says: str, tmp_path: Path
) -> None:
    run, bucket = prepared(tmp_path, recipe, offers=offers)
    assert run.state == State.REJECTED
    assert says in bucket.read(f"{run.files}report/report.json").decode()
    assert not list(bucket.list(f"{run.files}prepared/"))


def test_where_the_region_can_not_be_asked_the_dataset_is_prepared(tmp_path: Path) -> None:
    run, _ = prepared(tmp_path, RECIPE, offers=Region(AWS, closed=True))
    assert run.state == State.PREPARED


def test_a_base_model_that_knows_it_all_makes_the_run_wait_for_a_person(tmp_path: Path) -> None:
    base = Base()
    run, _ = prepared(tmp_path, {**RECIPE, "headroom_rows": 20}, asker=base)
    assert base.calls == 20
    assert (run.report.headroom or {})["score"] == 1.0
    assert run.quote
    assert [item.code for item in run.quote.advice] == ["no-headroom"]
    assert "already scores 100%" in str(needs_approval(run.quote, run.recipe, Decimal(1000)))


def test_nobody_is_asked_where_the_recipe_does_not_say_so(tmp_path: Path) -> None:
    base = Base()
    run, _ = prepared(tmp_path, RECIPE, asker=base)
    assert base.calls == 0
    assert needs_approval(run.quote, run.recipe, Decimal(1000)) is None


def test_a_base_model_that_can_not_be_asked_stops_nothing(tmp_path: Path) -> None:
    run, _ = prepared(tmp_path, {**RECIPE, "headroom_rows": 20}, asker=Base(allowed=False))
    assert run.state == State.PREPARED
    assert run.quote
    assert [item.code for item in run.quote.advice] == ["headroom-unknown"]
    assert needs_approval(run.quote, run.recipe, Decimal(1000)) is None


def test_the_operators_prices_make_a_quote_whole(tmp_path: Path) -> None:
    items = {"training": "0.002", "custom-input": "0.0001", "custom-output": "0.0002"}
    prices = {"nova-lite": {name: Decimal(amount) for name, amount in items.items()}}
    run, _ = prepared(tmp_path, {"model": "nova-lite"}, prices=prices)
    assert run.quote
    assert run.quote.unknown == ()
    assert needs_approval(run.quote, run.recipe, Decimal(1000)) is None
