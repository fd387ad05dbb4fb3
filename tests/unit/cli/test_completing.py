"""The shell's completion: names of commands, projects and runs; nothing and no traceback without a stack."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailor.errors import InvalidInputError
from tailor_cli import completing, main
from tailor_cli.main import app

NAMES = {"projects": ["colours", "manuals"], "runs": ["colours-scenes-0123456789ab"]}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tailor"


def complete(*words: str) -> list[str]:
    """Return what Bash offers for the last word."""
    asked = {"_TAILOR_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(("tailor", *words))}
    result = CliRunner(mix_stderr=False).invoke(
        app, [], prog_name="tailor", env=asked | {"COMP_CWORD": str(len(words))}
    )
    assert result.exit_code == 0
    assert result.stderr == ""
    return result.stdout.split()


def test_commands_are_completed_without_importing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "load", None)
    assert complete("re") == [name for name in main.COMMANDS if name.startswith("re")]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("show", "col"), ["colours", "colours-scenes-0123456789ab"]),
        (("--local", "show", "man"), ["manuals"]),
        (("show", "--local", "man"), ["manuals"]),
        (("usage", ""), ["colours", "manuals"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_names_are_asked_for_once_a_minute(
    words: tuple[str, ...], offered: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def names(stack: str, *, local: bool) -> dict[str, list[str]]:
        asked.append((stack, local))
        return NAMES

    monkeypatch.setattr(completing, "_asked", names)
    assert complete(*words) == offered
    assert complete(*words) == offered
    assert asked == [("tailor", "--local" in words)]
    [file] = cache.iterdir()
    os.utime(file, (0, 0))
    assert complete(*words) == offered
    assert len(asked) == 2


def test_without_a_stack_there_are_no_names_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(stack: str, *, local: bool) -> dict[str, list[str]]:
        raise InvalidInputError("no AWS credentials")

    monkeypatch.setattr(completing, "_asked", nowhere)
    assert complete("show", "") == []
