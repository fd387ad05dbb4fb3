"""The command line as a whole: options anywhere, JSON everywhere, and what is said without credentials."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import click
import pytest
from botocore.exceptions import NoCredentialsError, NoRegionError, SSOTokenLoadError
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tailor.errors import ConflictError, InvalidInputError, RetryableError, TailorError
from tailor_cli.context import Session, err, session, shown_errors
from tailor_cli.line import arranged
from tailor_cli.main import COMMANDS, GROUPS, app, load

WITHOUT_JSON = {"deploy", "destroy", "mcp"}  # they ask, and hand on what SAM says; mcp speaks a protocol
WORDS = st.lists(st.sampled_from(["show", "x", "--reason", "because", "-v", "--json", "--local", "--stack=b"]))


def leaves() -> Iterator[tuple[list[str], click.Command]]:
    for name in COMMANDS:
        command = load(name)
        if isinstance(command, click.Group):
            yield from (([name, inner], command.commands[inner]) for inner in command.commands)
        else:
            yield [name], command


LEAVES = [leaf for leaf in leaves() if leaf[0][0] not in WITHOUT_JSON]


def invoke(*words: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(app, list(words))


@given(WORDS, WORDS)
def test_no_word_is_lost_and_the_programs_options_come_first(words: list[str], literal: list[str]) -> None:
    found = arranged([*words, "--", *literal])
    first = [word for word in words if word in ("--local", "--stack=b")]
    rest = [word for word in words if word not in ("--local", "--stack=b", "--json")]
    assert found == [*first, *rest, *(["--json"] if "--json" in words else []), "--", *literal]


def test_a_value_goes_with_its_option() -> None:
    assert arranged(["show", "x", "--stack", "other"]) == ["--stack", "other", "show", "x"]


@pytest.mark.parametrize("place", range(3))
def test_the_stack_may_be_named_anywhere(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(this: Session) -> None:
        raise InvalidInputError(f"asked for {this.stack_name}")

    monkeypatch.setattr(Session, "stack", property(missing))
    words = ["show", "x"]
    words[place:place] = ["--stack", "other"]
    assert "asked for other" in invoke(*words).stderr


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[" ".join(words) for words, _ in LEAVES])
def test_every_command_has_json_and_its_errors_are_json(
    words: list[str], command: click.Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: Session) -> None:
        raise ConflictError("not now", hint="wait")

    def nobody() -> None:
        raise InvalidInputError("nobody")

    monkeypatch.setattr(Session, "stack", property(missing))
    monkeypatch.setattr("tailor.aws.stacks.caller", nobody)
    monkeypatch.setattr("tailor_cli.verify.surroundings", lambda **_: nobody())
    monkeypatch.setattr("tailor_cli.local.installed", nobody)  # `up` would start a cloud, and `down` stop one
    assert any("--json" in param.opts for param in command.params)
    needed = [param for param in command.params if param.required]
    for param in needed:
        words = [*words, *([param.opts[0]] if isinstance(param, click.Option) else []), "x"]
    result = invoke("--json", *words)
    if result.exit_code:
        assert result.stdout == ""
        error = json.loads(result.stderr)["error"]
        assert error["code"]
        assert error["message"]
        assert "hint" in error
    else:
        assert json.loads(result.stdout) is not None
        assert result.stderr == ""


def test_a_wrong_command_is_an_error_in_json_too() -> None:
    result = invoke("shwo", "x", "--json")
    assert result.exit_code == 2
    assert "Did you mean 'show'?" in json.loads(result.stderr)["error"]["message"]
    assert "Did you mean 'show'?" in " ".join(invoke("shwo").stderr.split())


def test_help_has_groups_and_each_line_is_one_short_sentence() -> None:
    shown = invoke("--help").stdout
    assert [shown.index(f" {group} ") for group in GROUPS] == sorted(shown.index(f" {group} ") for group in GROUPS)
    for words, command in leaves():
        line = (command.help or "").partition("\n\n")[0]
        assert line.endswith("."), words
        assert line.count(". ") == 0, words
        assert len(line) <= 110, words


def refusal(cause: Exception) -> TailorError:
    try:
        try:
            raise cause
        except Exception as error:
            raise RetryableError("looking for the stack tailor: " + str(error)) from error
    except RetryableError as error:
        return error


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (NoCredentialsError(), ("error no AWS credentials", "aws configure", "tailor --local")),
        (NoRegionError(), ("error no AWS credentials and no Region", "aws configure", "tailor --local")),
        (SSOTokenLoadError(profile_name="x", error_msg="gone"), ("the AWS login has expired", "aws sso login")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_without_credentials_it_says_so_and_what_to_do(
    cause: Exception, says: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Nobody:
        def get_credentials(self) -> None:
            return None

    monkeypatch.setattr(boto3, "Session", Nobody)
    with pytest.raises(SystemExit) as ended, shown_errors():
        raise refusal(cause)
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert all(words in said for words in says)
    assert "no stack" not in said


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_is_no_traceback_and_says_how_to_go_on(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "as_json", as_json)
    monkeypatch.setattr(err, "quiet", as_json)
    with pytest.raises(SystemExit) as ended, shown_errors(interrupted="the run goes on by itself"):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    said: Any = capsys.readouterr().err
    assert "the run goes on by itself" in (json.loads(said)["error"]["hint"] if as_json else said)


def test_ctrl_c_elsewhere_is_no_traceback_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tailor_cli.recipe.starter", interrupted)
    result = invoke("recipe")
    assert (result.exit_code, result.stderr) == (130, "\ninterrupted\n")
