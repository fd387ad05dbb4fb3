"""Names of files, members of archives and keys of recipes reach terminals, pages and notices as text, and only so."""

import ast
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from tailor.notices.channels import plain_text
from tailor.notices.messages import message_for
from tailor.printable import printable
from tailor.run_records import ReportRecord
from tailor.runs import Run, State
from tailor.serving.usage import Usage
from tailor.steps.filling import Folder
from tailor_cli.context import Session
from tailor_cli.main import app
from tests.unit.contracts.template import ROOT
from tests.unit.steps.fakes import NOW, a_run

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\u2066\x9b31m\nerror forged"


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code in (0, 1), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return str(result.output)


def check_harmless(text: str) -> None:
    assert text == printable(text), "a control reached the reader"
    assert "\nerror forged" not in text, "a name forged a line"


def in_archive(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "question,answer\nx,y\n")
        archive.writestr(f"{name}.png", b"no picture")
    return buffer.getvalue()


DATASETS: dict[str, dict[str, bytes]] = {
    "file": {f"{EVIL}.csv": b"question,answer\nx,y\n,\n", f"{EVIL}.png": b"x"},
    "member": {"a.zip": in_archive(f"{EVIL}.csv")},
    "column": {"a.csv": f'"{EVIL}","{EVIL}2"\nx,y\n'.encode()},
    "value": {"a.jsonl": b'{"image": "\\u001b[2J\\u202e.png", "question": "\\u001b[2J", "answer": "\\u202e"}\n'},
    "recipe key": {"a.csv": b"question,answer\nx,y\n", "tailor.yaml": b'"\\e[2J\\u202E\\nerror forged": 1\n'},
    "recipe value": {"a.csv": b"question,answer\nx,y\n", "tailor.yaml": b'model: "\\e[2J\\u202E\\nerror forged"\n'},
    "recipe error": {"a.csv": b"question,answer\nx,y\n", "tailor.yaml": b'a: 1\n"\\e[2J": 1\n"\\e[2J": 1\n'},
}


@pytest.fixture(params=DATASETS)
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    for name, content in DATASETS[request.param].items():
        (folder / name).write_bytes(content)
    return folder  # type: ignore[return-value]


def test_check_and_its_reports(dataset: Path, tmp_path: Path) -> None:
    check_harmless(said("check", str(dataset)))
    check_harmless(said("check", str(dataset), "--json"))
    check_harmless(said("check", str(dataset), "--write", str(tmp_path / "out")))
    page = (tmp_path / "out/report/report.html").read_text()
    assert page == printable(page), "a control reached the reader"


def test_push(dataset: Path) -> None:
    check_harmless(said("push", str(dataset), f"colours/{EVIL}"))
    check_harmless(said("quote", str(dataset)))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    found = a_run(State.PREPARING).moved(
        State.REJECTED, by=EVIL, reason=EVIL, now=NOW, report=ReportRecord(headline=EVIL)
    )
    listed: Any = SimpleNamespace(get=lambda name: found, project_runs=lambda name: [found], open_runs=lambda: [found])
    monkeypatch.setattr(Session, "runs", listed)
    monkeypatch.setattr(Session, "stack", SimpleNamespace(bucket="data"))
    folder = Folder(folder=f"uploads/{EVIL}/d/", first_at=NOW, last_at=NOW, quiet_at=NOW)
    monkeypatch.setattr(Session, "folders", SimpleNamespace(filling=lambda: [folder]))
    return found


@pytest.mark.parametrize("command", [["runs"], ["show", "x"], ["show", "x", "--json"], ["watch", "x"]], ids=" ".join)
def test_what_a_run_says(run: Run, command: list[str]) -> None:
    check_harmless(said(*command))


def test_notices(run: Run) -> None:
    message = message_for(run, run.history[-1])
    assert message is not None
    check_harmless(plain_text(message))


HARMLESS = {  # what is printed past the console, and why that steers no terminal
    "main.py": "version",
    "line.py": "errors as JSON, with its own escapes, and texts of Tailor's own",
    "recipe.py": "the starter, which is Tailor's own text",
    "keys.py": "a secret, of letters and digits",
    "context.py": "JSON, with its own escapes",
    "usage.py": "CSV, made printable",
}


def test_nothing_is_printed_past_the_console_that_makes_text_printable() -> None:
    found = set()
    for path in sorted((ROOT / "cli" / "tailor_cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("print", "typer.echo", "click.echo", "typer.secho", "Console") or name.startswith(
                    ("sys.stdout", "sys.stderr")
                ):
                    found.add(path.name)
    assert found == HARMLESS.keys()


def test_tags_of_callers_reach_no_terminal_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Usage("colours", NOW.date(), "key", "run", 1, 2, 3, tags=f"team={EVIL}")
    monkeypatch.setattr(Session, "serving", SimpleNamespace(usage=lambda *_: [row], all_keys=list))
    monkeypatch.setattr(Session, "stack", SimpleNamespace(prices="{}"))
    for form in ([], ["--csv"], ["--json"]):
        check_harmless(said("usage", "colours", *form))
