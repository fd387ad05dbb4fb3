"""`tailor verify`: what is run, what is asked, and what an interruption leaves."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from tailor.errors import InvalidInputError
from tailor.runs import State
from tailor.verify import CHECKS
from tailor.verify.check import Check
from tailor.verify.record import VerifyRecord, read
from tailor.verify.world import World
from tailor_cli import verify
from tailor_cli.context import session
from tailor_cli.verify_world import api_of, asked, redactor, working
from tests.unit.steps.fakes import a_run
from tests.unit.verify.fakes import ACCOUNT, NAME, FakeAws
from tests.unit.verify.test_after import place, stored

Command = Callable[..., tuple[int, VerifyRecord]]


@pytest.fixture
def where(tmp_path: Path) -> World:
    found = place(tmp_path / "bucket", FakeAws({}))
    found.call = stored(found)
    return found


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: World) -> Command:
    """Runs the command on a stack in memory, with the checks that are given."""

    def surroundings(*, with_stack: bool) -> World:
        return where if with_stack else replace(where, stack=None)

    monkeypatch.setattr(verify, "surroundings", surroundings)

    def run(*checks: Check, **given: Any) -> tuple[int, VerifyRecord]:
        monkeypatch.setattr(verify, "CHECKS", checks)
        file = tmp_path / "verify-aws.json"
        default: dict[str, Any] = {"before": False, "only": None, "output": file, "train": False, "yes": False}
        with pytest.raises(typer.Exit) as ended:
            verify.verify(**{**default, **given})
        return ended.value.exit_code, read(file.read_bytes())

    return run


def made(id: str, look: Callable[[World], Any], when: Any = "before deploying") -> Check:
    return Check(id, "It is so.", "a page", when, {"so": True}, look, ("s3:GetObject",))


def good(_: World) -> dict[str, Any]:
    return {"so": True, "bucket": "acme-data of 210987654321"}


def test_what_was_observed_is_written_without_a_word_about_whose_it_is(command: Command) -> None:
    code, record = command(made("one", good), made("two", lambda _: {"so": False}, "after deploying"))
    assert code == 1
    assert [(entry.id, entry.verdict) for entry in record.checks] == [("one", "as assumed"), ("two", "different")]
    assert record.checks[0].observed == {"so": True, "bucket": "<bucket> of <account>"}


def test_before_deploying_only_what_needs_no_stack_is_looked_at(command: Command) -> None:
    two = made("two", lambda _: {"so": False}, "after deploying")
    code, record = command(made("one", good), two, before=True)
    assert (code, [entry.id for entry in record.checks]) == (0, ["one"])


def test_what_costs_more_runs_only_when_asked(command: Command) -> None:
    checks = (made("one", good), made("dear", good, "only when asked"))
    assert [entry.id for entry in command(*checks)[1].checks] == ["one"]
    assert [entry.id for entry in command(*checks, train=True)[1].checks] == ["one", "dear"]


@pytest.fixture
def as_in_a_terminal() -> Iterator[None]:
    """Ctrl-C interrupts, which processes in the background inherit as ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("as_in_a_terminal")
def test_an_interruption_ends_the_checks_and_what_they_made_goes(
    command: Command, where: World, sign: signal.Signals
) -> None:
    def interrupted(_: World) -> dict[str, Any]:
        where.deployed.bucket.write(f"uploads/{NAME}/probe/1.png", b"x")
        os.kill(os.getpid(), sign)
        raise AssertionError("the signal came too late")

    checks = [made("one", good), made("two", interrupted, "after deploying"), made("three", good)]
    code, record = command(*checks)
    assert code == 0
    assert [(entry.id, entry.verdict, entry.why) for entry in record.checks] == [
        ("one", "as assumed", ""),
        ("two", "could not be checked", "interrupted before it ended"),
        ("three", "could not be checked", "interrupted before it ended"),
    ]
    assert list(where.deployed.bucket.list("")) == []


def test_nothing_runs_beside_other_work_where_nobody_can_be_asked(
    command: Command, where: World, capsys: pytest.CaptureFixture[str]
) -> None:
    where.deployed.runs.create(a_run(State.TRAINING))
    looked = []

    def look(_: World) -> dict[str, Any]:
        looked.append(1)
        return {"so": True}

    check = made("one", look, "after deploying")
    with pytest.raises(SystemExit) as ended:
        command(check)
    assert (ended.value.code, looked) == (2, [])
    assert "runs are at work, and nobody can be asked" in capsys.readouterr().err
    assert command(check, yes=True)[0] == 0


@pytest.mark.parametrize(
    ("state", "project", "works"),
    [
        (State.TRAINING, "colours", True),
        (State.PREPARING, "colours", True),
        (State.LIVE, "colours", False),
        (State.AWAITING_APPROVAL, "colours", False),
        (State.PREPARING, NAME, False),
    ],
)
def test_what_counts_as_work(where: World, state: State, project: str, works: bool) -> None:
    run = a_run(state, project=project)
    where.deployed.runs.create(run)
    assert working(where) == ([run.id] if works else [])


def test_an_unknown_check_is_told_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInputError, match="no check 'rules'") as wrong:
        verify.chosen(["rules"], train=False)
    assert "rules-accepted" in wrong.value.hint
    assert "training" not in wrong.value.hint.removeprefix("checks: ").split(", ")
    assert {check.id for check in verify.chosen([], train=True)} == {check.id for check in CHECKS}


def test_whom_the_calls_reach_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        monkeypatch.delenv(name)
    assert asked() == "AWS"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    assert asked() == "another endpoint"
    monkeypatch.setattr(session, "local", True)
    assert asked() == "the local cloud"


def test_the_api_is_reached_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://abc.execute-api.us-east-1.amazonaws.com/prod/v1"
    assert api_of(url, "abc") == url
    monkeypatch.setattr(session, "local", True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert api_of(url, "abc") == "http://127.0.0.1:4566/restapis/abc/prod/_user_request_/v1"


def test_all_that_is_known_of_an_account_is_kept_out(where: World) -> None:
    stack = where.deployed
    said = (
        f"{ACCOUNT} {stack.bucket_name} {stack.name}-evaluate {stack.customization_role} {stack.by} {stack.runs_table}"
    )
    assert redactor(where).text(said) == "<account> <bucket> <stack>-evaluate <arn> <person> <table>"


def test_neither_is_what_errors_say_of_this_machine(where: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/linh")
    monkeypatch.setenv("AWS_PROFILE", "acme-prod")
    said = "The config profile (acme-prod) could not be found in /home/linh/.aws/config"
    assert redactor(where).text(said) == "The config profile (<profile>) could not be found in <home>/.aws/config"
    monkeypatch.setenv("AWS_PROFILE", "default")
    assert redactor(where).text("the default profile") == "the default profile"


def test_a_file_that_can_not_be_written_is_told_before_anything_is_checked(command: Command, tmp_path: Path) -> None:
    verified: list[str] = []

    def look(_: World) -> dict[str, Any]:
        verified.append("one")
        return {"so": True}

    check = made("one", look)
    with pytest.raises(SystemExit, match="2"):
        command(check, output=tmp_path / "no-such-folder" / "a.json")
    assert verified == []
    with pytest.raises(InvalidInputError, match=r"a\.json can't be written: No such file or directory"):
        verify.check_writable(tmp_path / "no-such-folder" / "a.json")
