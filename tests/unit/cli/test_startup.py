"""What is imported before anything is done, by commands and functions. How long that takes, benchmarks.startup says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tailor.aws.signed import SPECIAL
from tailor.commands import NAMES
from tailor_cli.main import COMMANDS, documented, load
from tests.unit.contracts.template import ROOT

HEAVY = {"boto3", "botocore", "numpy", "pyarrow", "PIL", "hyperscan", "sacrebleu", "rapidfuzz"}
LAMBDA = {
    "SERVING_TABLE": "serving",
    "BUCKET": "tailor-data",
    "POWERTOOLS_TRACE_DISABLED": "1",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    **dict.fromkeys(SPECIAL, ""),
}
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
        "tailor_cli.language",
        "tailor_cli.line",
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
    """And makes its table: in Lambda's environment nothing is left to import at the first key."""
    code = (
        "import sys, functions.authorize.app, tailor.aws.table as table\n"
        "table.dynamodb()\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    modules = imported(code, **LAMBDA)
    assert {module for module in modules if module.startswith("tailor")} == {
        "tailor",
        "tailor.aws",
        "tailor.aws.dynamodb",
        "tailor.aws.keys",
        "tailor.aws.refusals",
        "tailor.aws.signed",
        "tailor.aws.table",
        "tailor.errors",
        "tailor.names",
        "tailor.serving",
        "tailor.serving.keys",
        "tailor.serving.origins",
    }
    # Powertools takes a look at botocore's own module, which is small.
    assert not packages(modules - {"botocore"}) & (HEAVY | {"pydantic", "yaml", "orjson", "urllib3"})


def test_the_chat_function_imports_neither_botocore_nor_what_few_requests_need() -> None:
    code = (
        "import sys, functions.inference.app, tailor.aws.table as table\n"
        "table.dynamodb()\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    modules = imported(code, **LAMBDA)
    assert not packages(modules - {"botocore"}) & (HEAVY | {"yaml", "urllib3"})
    assert "tailor.aws.signed_runtime" in modules
    for seldom in ("tailor.catalog", "tailor.serving.responses", "tailor.serving.own_usage", "tailor.runs"):
        assert seldom not in modules


@pytest.mark.parametrize("name", COMMANDS)
def test_what_help_shows_is_what_the_command_says(name: str) -> None:
    command = load(name)
    assert command.help
    assert " ".join(command.help.split()) == " ".join(documented(name).split())


def test_the_library_knows_the_commands() -> None:
    assert set(COMMANDS) == NAMES
