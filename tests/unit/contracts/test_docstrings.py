"""Docstrings of all that is not a test begin with a verb or a noun, as CONTRIBUTING.md asks."""

import ast
import re
from pathlib import Path

from tests.unit.sources import statements

ROOT = Path(__file__).parents[3]
FOLDERS = ("layers", "functions", "cli", "local", "benchmarks", "samples")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
FORBIDDEN = re.compile(r"(Of|What|Where|So|None|The same|Also|Whether|How|Why|Which|Such)\b")


def _docstrings(source: str) -> list[str]:
    tree = ast.parse(source)
    documented = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    inner = [node for node in statements(tree) if isinstance(node, documented)]
    return [text for node in (tree, *inner) if (text := ast.get_docstring(node))]


def test_no_docstring_begins_with_a_riddle() -> None:
    read = ((file, text) for file in FILES for text in _docstrings(file.read_text("utf-8")))
    assert [(str(file.relative_to(ROOT)), text) for file, text in read if FORBIDDEN.match(text)] == []


def test_the_rule_finds_what_it_forbids() -> None:
    found = _docstrings('"""Rows."""\ndef of():\n    """Of a row."""\n')
    assert [bool(FORBIDDEN.match(text)) for text in found] == [False, True]
    assert len(FILES) > 300
