from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tailor.costs import Quote
from tailor.errors import NotFoundError
from tailor.recipe import Recipe
from tailor.run_records import StallRecord
from tailor.runs import Run, State
from tailor.steps.filling import Folder
from tailor.steps.services import RunServices
from tailor.training.spending import Booking, MonthLimits, Spending
from tailor_cli import runs, watch
from tailor_cli.context import Session, out, session
from tailor_cli.main import app
from tests.unit.steps.fakes import NOW, MemoryFolders, a_run
from tests.unit.steps.setting import Setting

QUOTE: dict[str, Any] = {
    "model": "nova-micro",
    "method": "fine-tuning",
    "lines": [
        {"item": "training", "title": "T", "every": "once", "low": "1.5", "expected": "2", "high": "3", "how": ""},
        {"item": "storage", "title": "S", "every": "month", "low": "0", "expected": "0", "high": "0", "how": ""},
    ],
}


def test_the_list_says_what_each_run_has_cost_and_what_a_waiting_one_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    delay = {"level": "wait", "phase": "turn", "since": NOW, "at": NOW}
    stalled = {"stall": StallRecord.model_validate(delay | {"message": "The job has shown no progress for 6.0 hours"})}
    waiting = {"stall": StallRecord.model_validate(delay | {"message": "other runs come first"})}
    found = [
        a_run(State.TRAINING, id="colours-a-0123456789ab", quote=QUOTE).model_copy(update=stalled),
        a_run(State.PREPARED, id="colours-b-0123456789ab", quote=QUOTE).model_copy(update=waiting),
        a_run(State.PASSED, id="colours-c-0123456789ab", quote=QUOTE, job={"arn": "arn:job"}),
        a_run(State.RECEIVED, id="colours-d-0123456789ab"),
    ]
    monkeypatch.setattr(Session, "runs", SimpleNamespace(open_runs=lambda: found))
    monkeypatch.setattr(Session, "folders", None)
    with out.capture() as captured:
        runs.runs()
    rows = [" ".join(line.split()) for line in captured.get().splitlines()[1:]]
    assert "no progress for 6.0 hours" in rows[0]
    assert rows[1].endswith("$0.00 other runs come first")
    assert "$1.50 to $3.00" in rows[2]
    assert "$" not in rows[3]


def test_a_price_that_is_not_known_takes_no_room_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    unpriced = {**QUOTE["lines"][0], "low": None, "expected": None, "high": None}
    lines = ([unpriced], [*QUOTE["lines"], {**unpriced, "item": "storage", "every": "once"}])
    found = [a_run(State.PASSED, quote=QUOTE | {"lines": given}, job={"arn": "arn:job"}) for given in lines]
    monkeypatch.setattr(Session, "runs", SimpleNamespace(open_runs=lambda: found))
    monkeypatch.setattr(Session, "folders", None)
    with out.capture() as captured:
        runs.runs()
    rows = captured.get().splitlines()[1:]
    assert rows[0].split()[-1] == "unknown"
    assert rows[1].split()[-3:] == ["at", "least", "$1.50"]


def test_folders_that_fill_are_listed_and_those_of_a_project_that_started_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folders, quiet_at = MemoryFolders(), runs.now() + timedelta(seconds=30)
    filling: dict[str, Any] = {"first_at": NOW, "last_at": NOW, "objects": 3120, "quiet_at": quiet_at}
    folders.save(Folder(folder="uploads/colours/scenes/", **filling))
    folders.save(Folder(folder="uploads/colours/sheets/", first_at=NOW, last_at=NOW, told="nothing-to-start"))
    monkeypatch.setattr(Session, "runs", SimpleNamespace(open_runs=lambda: [], project_runs=lambda project: []))
    monkeypatch.setattr(Session, "folders", folders)
    for project, sheets in ((None, False), ("colours", True)):
        with out.capture() as captured:
            runs.runs(project)
        said = captured.get()
        assert "3,120 objects so far, waiting for 30 s of quiet" in said
        assert ("uploads/colours/sheets/" in said) == ("nothing started" in said) == sheets


BY_HAND = Recipe.model_validate({"deployment": {"promote": False}})


@pytest.mark.parametrize(
    ("run", "commands"),
    [
        (a_run(State.AWAITING_APPROVAL), ("approve", "decline")),
        (a_run(State.PASSED, recipe=BY_HAND), ("promote", "retire")),
    ],
    ids=lambda value: value.state if isinstance(value, Run) else "",
)
def test_who_watches_a_run_that_waits_is_told_what_to_do_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], run: Run, commands: tuple[str, ...]
) -> None:
    monkeypatch.setattr(watch, "find", lambda name: run)
    monkeypatch.setattr(session, "local", True)
    with out.capture(), pytest.raises(typer.Exit) as ended:
        watch.watch(run.id)
    assert ended.value.exit_code == 0
    said = capsys.readouterr().err
    for command in ("show", *commands):
        assert f"tailor --local {command} {run.id}" in said


@pytest.mark.parametrize(
    "run",
    [
        a_run(State.PASSED),
        a_run(State.FAILED, recipe=BY_HAND),
        a_run(State.PASSED, recipe=BY_HAND, deployment={"arn": "arn:d", "status": "Deleting"}),
        a_run(State.TRAINING),
    ],
    ids=["goes live by itself", "is taken down by itself", "is being retired", "is trained"],
)
def test_a_run_that_goes_on_by_itself_is_watched_on(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(watch, "find", lambda name: run)
    with out.capture(), pytest.raises(typer.Exit) as ended:
        watch.watch(run.id, timeout=-1)
    assert ended.value.exit_code == 3


@pytest.mark.parametrize(
    ("stack", "local", "environment", "begins"),
    [
        ("tailor", False, None, "tailor"),
        ("tailor", True, None, "tailor --local"),
        ("other", False, None, "tailor --stack other"),
        ("other", False, "other", "tailor"),
    ],
)
def test_a_next_step_reaches_the_same_stack(
    monkeypatch: pytest.MonkeyPatch, stack: str, local: bool, environment: str | None, begins: str
) -> None:
    monkeypatch.delenv("TAILOR_STACK", raising=False)
    if environment:
        monkeypatch.setenv("TAILOR_STACK", environment)
    assert Session(stack, local).tailor == begins


def test_who_takes_a_project_offline_hears_what_ended_what_goes_on_and_how_it_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting()
    live = setting.provision(setting.deployed(State.PASSED))
    assert live is not None
    training = setting.add(State.TRAINING, "colours-more-0123456789ab")
    over = setting.add(State.RETIRED, "colours-over-0123456789ab")
    monkeypatch.setattr(Session, "runs", setting.runs)
    monkeypatch.setattr(Session, "serving", setting.aliases)
    monkeypatch.setattr(Session, "services", RunServices(setting.runs, setting.control, setting.aliases))
    for ended in (f"{live.id} is retired", ""):
        result = CliRunner(mix_stderr=False).invoke(app, ["offline", "colours", "--reason", "it invents prices"])
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("colours is offline since 20")
        assert ended in result.stdout
        assert bool(ended) == ("is retired" in result.stdout)
        assert f"{training.id} is training and continues, but won't go live by itself" in result.stdout
        assert over.id not in result.stdout
        assert f"to bring it back: tailor promote {live.id} --reason WHY" in result.stderr


def test_a_failed_deployment_is_tried_again_by_one_command_that_watch_and_show_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting = Setting()
    run = setting.add(State.TRAINED)
    run = setting.runs.save(run.moved(State.DEPLOY_FAILED, by="provision", reason="no such key"))
    monkeypatch.setattr(Session, "runs", setting.runs)
    monkeypatch.setattr(Session, "stack", SimpleNamespace(bucket="data"))
    watched = CliRunner(mix_stderr=False).invoke(app, ["watch", run.id])
    assert (watched.exit_code, f"tailor retry {run.id}" in watched.stderr) == (1, True)
    assert f"tailor retry {run.id}" in CliRunner().invoke(app, ["show", run.id]).stdout
    retried = CliRunner(mix_stderr=False).invoke(app, ["retry", run.id, "--reason", "the key is back"])
    assert retried.exit_code == 0, retried.stderr
    assert [change.state for change in setting.runs.get(run.id).history][-2:] == [State.DEPLOY_FAILED, State.TRAINED]
    refused = CliRunner(mix_stderr=False).invoke(app, ["retry", run.id])
    assert "only a run that has ended" in refused.stderr


def test_a_projects_newest_run_is_not_one_that_a_recipe_took_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise NotFoundError(name)

    over = a_run(State.PREPARING).moved(State.STOPPED, by="prepare", reason="a recipe followed")
    by_hand = a_run(State.PREPARED).moved(State.STOPPED, by="person:ana")
    going = a_run(State.PREPARED)
    for found, expected in (([over, going], going), ([by_hand, going], by_hand), ([over], over)):
        monkeypatch.setattr(Session, "runs", SimpleNamespace(get=missing, project_runs=lambda project, f=found: f))
        assert runs.find("colours") is expected


class TestApproving:
    def waiting(self, setting: Setting, monkeypatch: pytest.MonkeyPatch, booked: str = "450", **fields: Any) -> Run:
        known = {"every": "once", "low": "40", "expected": "60", "high": "80", "how": "", "title": "Training"}
        quote = Quote.model_validate(QUOTE | {"lines": [{"item": "training", **known}]})
        run = setting.add(State.PREPARED, quote=quote, **fields)
        run = setting.runs.save(run.moved(State.AWAITING_APPROVAL, by="train", reason="It may cost up to $80.00"))
        monkeypatch.setattr(Session, "runs", setting.runs)
        monkeypatch.setattr(Session, "serving", setting.aliases)
        ledger: Any = SimpleNamespace(bookings=lambda month: [Booking("another", "colours", Decimal(booked))])
        monkeypatch.setattr(Session, "spending", Spending(ledger, MonthLimits(project=Decimal(500)), setting.runs))
        return run

    def test_the_price_and_what_it_is_for_are_shown_and_asked_about(self, monkeypatch: pytest.MonkeyPatch) -> None:
        setting = Setting()
        run = self.waiting(setting, monkeypatch)
        for answer, state in (("n\n", State.AWAITING_APPROVAL), ("", State.AWAITING_APPROVAL), ("y\n", State.APPROVED)):
            said = CliRunner(mix_stderr=False).invoke(app, ["approve", run.id], input=answer)
            assert "fine-tuning of nova-lite on colours/scenes" in said.stdout
            assert "$40.00 to $80.00" in said.stdout
            assert "It may cost up to $80.00" in said.stdout
            assert "$450.00 of $500.00" in said.stdout
            assert "It will wait although it is approved: $530.00 would be booked for project colours" in said.stdout
            assert "Approve" in said.stderr
            assert (setting.runs.get(run.id).state, said.exit_code) == (state, int(state != State.APPROVED))
        assert "is approved: it waits until this changes: $530.00 would be booked" in said.stdout
        assert "training starts" not in said.stdout

    def test_yes_asks_nothing_and_tells_what_keeps_the_model_from_going_live(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        setting = Setting()
        live = setting.provision(setting.deployed(State.PASSED, "colours-live-0123456789ab"))
        assert live is not None
        setting.take_offline()
        run = self.waiting(setting, monkeypatch, "0", recipe=Recipe.parse("deployment: {promote: false}"))
        said = CliRunner(mix_stderr=False).invoke(app, ["approve", run.id, "--yes"])
        assert said.exit_code == 0, said.stderr
        assert "colours is offline since 2026-11-22" in said.stdout
        assert "deployment.promote: false" in said.stdout
        assert "Approve" not in said.stderr
        assert "training starts as soon as Bedrock has room for its job" in said.stdout

    def test_data_that_were_replaced_are_not_paid_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        setting = Setting()
        run = self.waiting(setting, monkeypatch)
        newer = a_run(State.PREPARED, "colours-scenes-ffffffffffff", at=NOW + timedelta(hours=1))
        setting.runs.create(newer)
        said = CliRunner(mix_stderr=False).invoke(app, ["approve", run.id, "--yes"])
        assert said.exit_code == 1
        assert f"run {newer.id} has the new content, and is prepared" in said.stderr
        setting.runs.items[newer.id] = newer.moved(State.STOPPED, by="prepare", now=NOW)
        assert CliRunner().invoke(app, ["approve", run.id, "--yes"]).exit_code == 0
