"""The command line speaks Vietnamese where it is asked to, and everything that it says has both languages."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from tailor.errors import NotFoundError
from tailor_cli import language
from tailor_cli.context import local_time, shown_errors
from tailor_cli.main import COMMANDS, GROUPS, app, load
from tests.unit.cli.sentences import key, of_errors, of_rooms, of_the_command_line

CATALOGUE = {key(english) for english in language.english()}
NAMES = re.compile(r"\{(\w*)\}")
NOT_SAID = {  # parts of addresses, commands, stored texts, and what comes from elsewhere
    "Bearer {}",
    "chat of {}",
    "console of {}",
    "[bold {}]{}[/]",
    "[bold {}]{}[/]  {}",
    "{} to {}",
    "for {}",  # by its duration
    "{} of {}",  # by its method
    "by hand",
    "not names",
    "bold red",
    "{} UTC",
    "--stack {}",
    "--set {} {}",
    "tailor {}",
    "tailor --stack {}",
    "tailor keys revoke {}",
    "tailor watch {}",
    "tailor retry {}",
    "tailor promote {} --reason WHY",
    "aws cloudformation continue-update-rollback --stack-name {}",
    "Your answers to `make deploy`. Git ignores this file. Change a value here and run `make deploy` again.",
    "exit with {} unless the verdict is passed",  # an f-string of a constant: its help is compared below
    "one of {}",
    "{} names",  # with the sentence around them
    "{} files name",
    "{} {} media that do not lie beside it, for example {}",
    ", by",
}

ROOMS = (  # what commands show of the library's own sentences
    *("aws/credentials.py", "notices/app_check.py", "steps/inventory.py", "steps/outlook.py", "training/methods"),
    *("training/advice.py", "training/bench.py", "training/calls.py", "training/capacity.py", "training/preflight.py"),
    *("training/prices.py", "training/quote.py", "training/spending.py"),
)
ERRORS = (  # whose errors commands show
    *("aws", "datasets/prepare", "evaluation", "metrics", "normalisers", "steps", "training"),
    *("catalog.py", "catalog_facts.py", "language.py", "names.py", "rewards.py", "runs.py", "storage.py"),
    *("recipe_serving.py", "recipe_problems.py", "serving/aliases.py", "serving/budgets.py", "serving/keys.py"),
)
NOT_FOR_PEOPLE = {  # functions' own errors, clients of the API, and names at AWS
    "the last attempt returns or raises",
    "the event bus refused {} events: {}",
    "a damaged header",
    "a damaged prelude",
    "a header of an unknown type {}",
    "a message is cut short or damaged",
    "cut short within a prelude",
    "nobody answered a notice: {}",
    "remembering what was sent: {}",
    "another invocation is sending this notice",
    "this is not signed by Slack, for an app that this installation knows, within five minutes",
    "after: this list has no such entry; give the last_id of the page before, with the same filters",
    "after: this list has no such run; give the last_id of the page before, with the same filters",
    "{} the step{} {}",
    "tailor promote {} --reason WHY",
    "tailor retry {}",
    "Bearer {}",
    "Service Quotas",
    "concurrent executions",
    "for training job usage",
    "model units no-commitment provisioned throughputs across custom models",
    "{} (?:model inference|invokemodel) {} per minute for {}",
    ".*custom models per account",
    ".*scheduled customization jobs",
    ".*total.* custom model deployments",
    ".*in-progress custom model deployments",
    ".*custom model deployment {} per minute for {}",
    "{} of {}",
    "{} is {}",
    "{} on {}",
}


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    language.use("en")


def invoke(*words: str, **environment: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(app, list(words), env={"TERMINAL_WIDTH": "200", **environment})


def helps(command: click.Command) -> Iterator[str]:
    """Yield each text of a command's help, and of its subcommands'."""
    yield from language.paragraphs(command.help or "")
    yield command.epilog or ""
    for option in command.params:
        yield " ".join((getattr(option, "help", None) or "").split())
    for inner in getattr(command, "commands", {}).values():
        yield from helps(inner)


def test_each_text_of_the_help_has_both_languages() -> None:
    commands = [typer.main.get_command(app), *map(load, COMMANDS)]
    said = {text for command in commands for text in helps(command) if text}
    assert len(said) > 150
    assert {text for text in {*said, *GROUPS} if language.phrasebook().said(text) is None} == set()


def test_each_sentence_and_label_of_the_command_line_has_both_languages() -> None:
    said = dict(of_the_command_line())
    assert len(said) > 350
    assert {text: place for text, place in said.items() if text not in CATALOGUE | NOT_SAID} == {}


def test_each_error_and_each_check_of_the_library_has_both_languages() -> None:
    said = {**dict(of_errors(ERRORS)), **dict(of_rooms(ROOMS))}
    assert len(said) > 400
    assert {text: place for text, place in said.items() if text not in CATALOGUE | NOT_FOR_PEOPLE} == {}


def test_a_translation_has_the_values_of_its_sentence() -> None:
    for english, vietnamese in language.english().items():
        names = NAMES.findall(english)
        assert len(set(names)) == len(names) or not any(names), english
        assert set(NAMES.findall(vietnamese)) == set(names), english


@pytest.mark.parametrize(
    ("words", "environment", "wanted"),
    [
        (["show", "x"], {}, "en"),
        (["--lang", "vi", "show"], {"LANG": "en_US.UTF-8"}, "vi"),
        (["show", "x", "--lang=vi"], {}, "vi"),
        (["show", "--lang", "en"], {"TAILOR_LANG": "vi", "LANG": "vi_VN.UTF-8"}, "en"),
        (["show"], {"TAILOR_LANG": "vi", "LC_ALL": "C"}, "vi"),
        (["show"], {"LC_ALL": "en_US.UTF-8", "LANG": "vi_VN.UTF-8"}, "en"),
        (["show"], {"LC_ALL": "", "LANG": "vi_VN.UTF-8"}, "vi"),
        (["show"], {"LANG": "C.UTF-8"}, "en"),
        (["chat", "--", "--lang", "vi"], {}, "en"),
    ],
)
def test_the_line_is_asked_first_then_the_setting_then_the_locale(
    words: list[str], environment: dict[str, str], wanted: str
) -> None:
    assert language.chosen(words, environment) == wanted


@pytest.mark.parametrize("words", [["--help", "--lang", "vi"], ["--lang=vi", "check", "--help"], ["keys", "--help"]])
def test_help_is_vietnamese_where_it_is_asked_for(words: list[str]) -> None:
    said = invoke(*words, LANG="vi_VN.UTF-8").stdout
    assert "Cách dùng: " in said
    assert "Hiển thị trợ giúp này rồi thoát." in said
    assert not re.search(r"\b(the|and|of)\b", said.replace("Model Context Protocol", ""))
    assert "Usage: " in invoke("check", "--help", LANG="en_US.UTF-8").stdout


def test_what_is_wrong_with_a_line_is_said_in_vietnamese() -> None:
    result = invoke("shw", "--lang", "vi")
    assert result.exit_code == 2
    assert "Không có lệnh 'shw'. Có phải ý bạn là 'show'?" in result.stderr
    assert "Thiếu đối số" in invoke("approve", "--lang", "vi").stderr


def test_findings_are_vietnamese_and_json_stays_english(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "completion": ""}\n' * 3, "utf-8")
    result = invoke("check", str(tmp_path), "--lang", "vi")
    assert result.exit_code == 1
    assert result.stdout.startswith("Không dùng được bộ dữ liệu: ")
    assert "vấn đề, ví dụ → cách xử lý" in result.stdout
    assert re.search(r"lỗi answer-missing", result.stdout)
    report = json.loads(invoke("check", str(tmp_path), "--lang", "vi", "--json").stdout)
    assert report["headline"].startswith("The dataset can't be used")


def test_an_error_and_its_hint_are_vietnamese_and_commands_stay(capsys: pytest.CaptureFixture[str]) -> None:
    language.use("vi")
    with pytest.raises(SystemExit), shown_errors():
        raise NotFoundError("run a-1 has no report yet", hint="its state is live; follow it with tailor watch a-1")
    assert capsys.readouterr().err.splitlines() == [
        "lỗi lượt chạy a-1 chưa có báo cáo",
        "      trạng thái hiện tại: đang dùng; theo dõi bằng tailor watch a-1",
    ]


def test_names_in_a_sentence_are_never_translated() -> None:
    language.use("vi")
    assert language.said("folder has no live model") == "folder chưa có mô hình nào đang dùng"


def test_times_are_those_of_the_machine_with_utc_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 11, 29, 20, 30, tzinfo=UTC)
    with monkeypatch.context() as there:
        there.setenv("TZ", "Asia/Ho_Chi_Minh")
        time.tzset()
        assert local_time(moment) == "2026-11-30 03:30 (20:30 UTC)"
        there.setenv("TZ", "UTC")
        time.tzset()
        assert local_time(moment) == "2026-11-29 20:30 UTC"
    time.tzset()
