"""The readers' findings and their table say the same."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import tailor
from tailor.datasets.media.index import _HOW

FOLDER = Path(tailor.__file__).parent
MODULES = ("datasets/sources/*.py", "datasets/media/index.py", "datasets/formats/*.py")
MAKERS = {"Trouble", "add", "report"}


def codes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in MAKERS and isinstance(node.args[0].value, str):
                yield node.args[0].value


def test_table_and_code_name_the_same_findings() -> None:
    paths = [path for pattern in MODULES for path in FOLDER.glob(pattern)]
    used = {code for path in paths for code in codes_in(path)} | {f"media-by-{how}" for how in _HOW}

    table = tomllib.loads((FOLDER / "findings" / "reading.toml").read_text())

    assert used == set(table)
    assert all(
        entry["severity"] and entry["cause"].endswith(".") and entry["fix"].endswith(".") for entry in table.values()
    )
