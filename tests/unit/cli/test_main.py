"""What all commands share."""

import getpass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailor import __version__
from tailor.errors import NotFoundError
from tailor_cli import judge
from tailor_cli.context import person, session, shown_errors
from tailor_cli.main import app


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"tailor {__version__}\n")


def test_who_acts_is_known_without_a_login_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert person() == f"person:{getpass.getuser()}"

    def nameless() -> str:
        raise OSError("no such user")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert person().removeprefix("person:").isdigit()


def test_what_to_type_next_reaches_the_stack_that_was_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "local", True)
    with pytest.raises(SystemExit), shown_errors():
        raise NotFoundError(
            "no such key", hint="see the ids with: tailor keys list (tailor models, tailor-x, tailor is)"
        )
    said = capsys.readouterr().err
    assert "see the ids with: tailor --local keys list (tailor --local models, tailor-x, tailor is)" in said


@pytest.mark.parametrize(
    ("local", "role", "words"),
    [
        (True, "arn:aws:iam::123456789012:role/judge", "the local cloud has no judge jobs"),
        (False, "judge", "--role 'judge' is not the ARN of a role"),
    ],
)
def test_a_judge_job_that_can_not_begin_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], local: bool, role: str, words: str
) -> None:
    monkeypatch.setattr(session, "local", local)
    with pytest.raises(SystemExit) as ended:
        judge.judge("colours", role=role)
    assert ended.value.code == 1
    assert capsys.readouterr().err.splitlines()[0] == f"error {words}"


def test_a_pipe_gets_whole_lines_and_no_bar(tmp_path: Path) -> None:
    rows = "".join(f'{{"prompt": "question {n}", "completion": ""}}\n' for n in range(50))
    (tmp_path / "questions-of-the-second-round-of-the-survey.jsonl").write_text(rows)
    result = CliRunner(mix_stderr=False).invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr == ""
    assert result.stdout.startswith("The dataset can't be used")
    assert any(len(line) > 100 for line in result.stdout.splitlines())
