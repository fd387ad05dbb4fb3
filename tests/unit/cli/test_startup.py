"""What is imported before anything is done, by commands and functions. How long that takes, benchmarks.startup says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailor.commands import NAMES
from tailor_cli.main import COMMANDS, documented, load
from tests.unit.contracts.template import ROOT

HEAVY = {"boto3", "botocore", "numpy", "pyarrow", "PIL", "hyperscan", "sacrebleu", "rapidfuzz"}
COMMAND = """
import sys
from tailor_cli.main import app
sys.argv = ["tailor", *{words!r}]
try:
    app()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def imported(code: str, **environment: str) -> set[str]:
    paths = os.pathsep.join(str(ROOT / folder) for folder in (".", "layers/tailor", "cli"))
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths, "AWS_DEFAULT_REGION": "us-east-1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return set(run.stderr.splitlines()[-1].split())


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_the_version_needs_nothing_but_the_command_line() -> None:
    modules = imported(COMMAND.format(words=["--version"]))
    assert not packages(modules) & (HEAVY | {"pydantic", "rich", "yaml", "orjson"})
    assert {module for module in modules if module.startswith("tailor")} == {
        "tailor",
        "tailor.commands",
        "tailor_cli",
        "tailor_cli.main",
    }


def test_help_lists_commands_without_importing_them() -> None:
    modules = imported(COMMAND.format(words=["--help"]))
    assert not packages(modules) & (HEAVY | {"pydantic", "yaml", "orjson"})


def test_a_table_is_checked_without_aws_or_what_other_formats_need(tmp_path: Path) -> None:
    rows = "".join(f"question {number},answer {number}\n" for number in range(40))
    (tmp_path / "rows.csv").write_text(f"question,answer\n{rows}")
    modules = imported(COMMAND.format(words=["check", str(tmp_path), "--model", "nova-lite"]))
    assert not packages(modules) & {"boto3", "botocore", "numpy", "pyarrow", "PIL", "sacrebleu", "rapidfuzz"}


def test_the_authorizer_imports_only_what_it_uses() -> None:
    code = "import functions.authorize.app, sys\nprint(*sys.modules, file=sys.stderr)"
    modules = imported(code, SERVING_TABLE="serving", POWERTOOLS_TRACE_DISABLED="1")
    assert {module for module in modules if module.startswith("tailor")} == {
        "tailor",
        "tailor.aws",
        "tailor.aws.clients",
        "tailor.aws.failures",
        "tailor.aws.items",
        "tailor.aws.keys",
        "tailor.aws.tracing",
        "tailor.errors",
        "tailor.names",
        "tailor.records",
        "tailor.serving",
        "tailor.serving.keys",
        "tailor.settings",
    }
    assert not packages(modules) & ((HEAVY - {"boto3", "botocore"}) | {"yaml", "orjson"})


@pytest.mark.parametrize("name", COMMANDS)
def test_what_help_shows_is_what_the_command_says(name: str) -> None:
    command = load(name)
    assert command.help
    assert " ".join(command.help.split()) == " ".join(documented(name).split())


def test_the_library_knows_the_commands() -> None:
    assert set(COMMANDS) == NAMES
