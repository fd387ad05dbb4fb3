"""What this part adds to the steps: preflight, one more attempt, jobs that hang, prices of the operator."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tailor.errors import InvalidInputError, NotFoundError
from tailor.recipe import Patience, Recipe
from tailor.runs import Change, Run, State
from tailor.steps.track import track, watch
from tailor.steps.train import TrainServices, train
from tailor.steps.trainers import BedrockTrainer
from tailor.storage import FolderStorage
from tailor.training.line import WAITING, has_its_turn
from tailor.training.prices import PriceBook, read_prices
from tailor.training.request import run_id_of
from tests.unit.steps.fakes import NOW, MemoryControl, MemoryRuns, OpenRegion, trainers, unlimited
from tests.unit.training.test_preflight import AWS, Region

Build = Callable[..., Any]
INTERNAL = "Encountered an internal error when processing the request."
MICRO = Recipe(model="nova-micro", patience=Patience(waiting_hours=12))


class Pipeline:
    def __init__(self, folder: Path, manifest: dict[str, Any], started: Run) -> None:
        self.runs, self.control, self.files = MemoryRuns(), MemoryControl(), FolderStorage(folder)
        for state in (State.PREPARING, State.PREPARED, State.AWAITING_APPROVAL, State.APPROVED):
            started = started.moved(state, by="test", now=NOW)
        self.runs.create(started)
        self.id = started.id
        self.files.write(f"{started.files}prepared/manifest.json", json.dumps(manifest).encode())

    @property
    def run(self) -> Run:
        return self.runs.get(self.id)

    @property
    def job(self) -> dict[str, Any]:
        return self.control.jobs[self.run.job_arn]

    def train(self, offers: Any = None) -> None:
        services = TrainServices(
            bucket=self.files,
            bucket_name="tailor-data",
            runs=self.runs,
            control=self.control,
            role_arn="arn:aws:iam::123456789012:role/tailor",
            budget_limit=Decimal(50),
            tags={},
            offers=offers or OpenRegion(),
            region="us-east-1",
            spending=unlimited(self.runs),
        )
        train(self.id, services, now=NOW)

    def end(self, **job: Any) -> None:
        arn = self.run.job_arn
        self.control.jobs[arn] |= job
        track(arn, runs=self.runs, trainers=trainers(self.control), now=NOW)


@pytest.fixture
def pipeline(tmp_path: Path, manifest: Build, run: Build) -> Pipeline:
    return Pipeline(tmp_path, manifest(), run(MICRO))


def test_an_internal_error_before_training_gets_one_more_attempt_with_a_name_of_its_own(pipeline: Pipeline) -> None:
    pipeline.train()
    pipeline.end(status="Failed", failureMessage=INTERNAL)
    assert pipeline.run.history[-1].state == State.APPROVED
    assert "once more" in pipeline.run.history[-1].reason
    pipeline.train()
    names = [request["jobName"] for request in pipeline.control.requests]
    assert names == [pipeline.id, f"{pipeline.id}-2"]
    assert [run_id_of(name) for name in names] == [pipeline.id, pipeline.id]
    tokens = {request["clientRequestToken"] for request in pipeline.control.requests}
    assert len(tokens) == 2
    pipeline.end(status="Failed", failureMessage=INTERNAL)
    last = pipeline.run.history[-1]
    assert last.state == State.TRAINING_FAILED
    assert "ask AWS Support" in last.reason


def test_the_second_attempt_is_followed_to_its_end(pipeline: Pipeline) -> None:
    pipeline.train()
    pipeline.end(status="Failed", failureMessage=INTERNAL)
    pipeline.train()
    pipeline.end(status="Completed", outputModelArn="arn:model")
    assert pipeline.run.state == State.TRAINED
    assert pipeline.run.model_arn == "arn:model"


@pytest.mark.parametrize(
    "job",
    [
        {"failureMessage": "Unable to parse Amazon S3 file: train.jsonl."},
        {
            "failureMessage": INTERNAL,
            "statusDetails": {"trainingDetails": {"status": "InProgress", "lastModifiedTime": NOW}},
        },
    ],
)
def test_no_second_attempt_for_other_reasons_or_once_training_was_billed(job: Any, pipeline: Pipeline) -> None:
    pipeline.train()
    pipeline.end(status="Failed", **job)
    assert pipeline.run.state == State.TRAINING_FAILED


class TestStalls:
    @pytest.fixture
    def hung(self, pipeline: Pipeline) -> Pipeline:
        pipeline.train()
        done = {"status": "Completed", "creationTime": NOW, "lastModifiedTime": NOW}
        pipeline.job.update(creationTime=NOW, statusDetails={"validationDetails": done})
        return pipeline

    def look(self, pipeline: Pipeline, hours: float) -> Run | None:
        now = NOW + timedelta(hours=hours)
        return watch(pipeline.run, pipeline.job, runs=pipeline.runs, trainer=BedrockTrainer(pipeline.control), now=now)

    def test_half_the_patience_is_noted_once_and_stops_nothing(self, hung: Pipeline) -> None:
        assert self.look(hung, 5) is None
        noted = self.look(hung, 7)
        assert noted is not None
        assert noted.stall and noted.stall.level == "warn"
        assert self.look(hung, 8) is None
        assert hung.job["status"] == "InProgress"

    def test_all_of_it_stops_the_job_and_the_run_says_why(self, hung: Pipeline) -> None:
        assert self.look(hung, 13) is not None
        hung.end(status="Stopped")
        assert hung.run.state == State.STOPPED
        assert "waiting for training to start" in hung.run.history[-1].reason

    def test_a_recipe_may_ask_only_for_a_note(self, hung: Pipeline) -> None:
        recipe = MICRO.model_copy(update={"patience": Patience(stop=False)})
        hung.runs.save(hung.run.model_copy(update={"recipe": recipe}))
        assert self.look(hung, 13) is not None
        assert hung.job["status"] == "InProgress"


def test_a_job_that_would_not_start_is_never_submitted(pipeline: Pipeline) -> None:
    pipeline.train(Region({"FINE_TUNING": []}))
    assert pipeline.run.state == State.TRAINING_FAILED
    assert "does not offer Amazon Nova Micro" in pipeline.run.history[-1].reason
    assert pipeline.control.requests == []


def test_a_job_that_would_start_is_submitted(pipeline: Pipeline) -> None:
    pipeline.train(Region(AWS))
    assert pipeline.run.state == State.TRAINING


class TestPrices:
    def test_they_come_before_the_catalogues(self) -> None:
        from tailor import catalog

        prices = PriceBook(read_prices('{"nova-micro": {"training": 0.005}}'))
        model = prices.priced(catalog.model("nova-micro"), NOW.date())
        price = model.price("training")
        assert price is not None
        assert price.amount == Decimal("0.005")
        assert price.as_of == NOW.date()
        other = prices.priced(catalog.model("nova-pro"), NOW.date())
        assert other.price("training") is None

    @pytest.mark.parametrize("text", ["", "{}"])
    def test_none_is_fine(self, text: str) -> None:
        assert read_prices(text) == {}

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "[]",
            '{"nova-lite": 1}',
            '{"nova-lite": {"training": 0}}',
            '{"nova-lite": {"training": "cheap"}}',
            '{"nova-lite": {"tuition": 1}}',
        ],
    )
    def test_what_is_wrong_is_named_with_an_example(self, text: str) -> None:
        with pytest.raises(InvalidInputError) as error:
            read_prices(text)
        assert "for example" in error.value.hint

    def test_an_unknown_model_is_named(self) -> None:
        with pytest.raises(NotFoundError, match="nova-9"):
            read_prices('{"nova-9": {"training": 1}}')


class TestTheLine:
    def waiting(self, project: str, minute: int, state: State = State.APPROVED) -> Run:
        change = Change(sequence=1, state=state, at=NOW + timedelta(minutes=minute), by="test")
        name = f"{project}-{minute}"
        return Run(id=name, project=project, dataset="d", prefix="", fingerprint="", created_at=NOW, history=[change])

    def next_ones(self, runs: list[Run], room: int) -> set[str]:
        return {run.id for run in runs if run.state in WAITING and has_its_turn(run, runs, room)}

    def test_the_oldest_goes_first(self) -> None:
        runs = [self.waiting("a", minute) for minute in (3, 1, 2)]
        assert self.next_ones(runs, 1) == {"a-1"}
        assert self.next_ones(runs, 2) == {"a-1", "a-2"}

    def test_a_project_with_many_runs_does_not_push_the_others_back(self) -> None:
        runs = [self.waiting("many", minute) for minute in range(10)] + [self.waiting("late", 60)]
        assert self.next_ones(runs, 2) == {"many-0", "late-60"}

    def test_a_project_that_trains_already_comes_after_one_that_does_not(self) -> None:
        runs = [self.waiting("a", 0, State.TRAINING), self.waiting("a", 1), self.waiting("b", 2)]
        assert self.next_ones(runs, 1) == {"b-2"}

    @pytest.mark.parametrize("room", [0, -1])
    def test_without_room_nobody_goes(self, room: int) -> None:
        assert self.next_ones([self.waiting("a", 1)], room) == set()

    def test_fifty_runs_of_ten_projects_all_end_and_no_project_starves(self) -> None:
        runs = {run.id: run for run in (self.waiting(f"p{n % 10}", n) for n in range(50))}
        rounds = 0
        while any(run.state in WAITING for run in runs.values()):
            chosen = self.next_ones(list(runs.values()), 10)
            assert len({runs[name].project for name in chosen}) == 10
            for name in chosen:
                runs[name] = runs[name].model_copy(
                    update={"history": [Change(sequence=2, state=State.TRAINED, at=NOW, by="test")]}
                )
            rounds += 1
        assert rounds == 5

    def test_a_run_that_is_not_next_waits_without_a_job_and_without_an_error(self, pipeline: Pipeline) -> None:
        full = Region(AWS, jobs=[f"job-{n}" for n in range(10)])
        pipeline.train(full)
        assert pipeline.run.history[-1].state == State.APPROVED
        assert pipeline.run.stall and pipeline.run.stall.message == "other runs come first"
        revision = pipeline.run.revision
        pipeline.train(full)
        assert pipeline.run.revision == revision
        pipeline.train(Region(AWS))
        run = pipeline.run
        assert run.stall is None
        assert run.job_arn

    def test_a_job_that_is_there_is_found_even_when_the_account_is_full(self, pipeline: Pipeline) -> None:
        pipeline.train(Region(AWS, jobs=[pipeline.id, *(f"job-{n}" for n in range(9))]))
        assert pipeline.run.state == State.TRAINING
