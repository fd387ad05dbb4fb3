"""Docstrings of the library and the functions begin with a verb or a noun, as CONTRIBUTING.md asks.

Not held yet: the local cloud and the command line.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LIBRARY = ROOT / "layers" / "tailor" / "tailor"
FILES = sorted(file for folder in (LIBRARY, ROOT / "functions") for file in folder.rglob("*.py"))
FORBIDDEN = re.compile(r"(Of|What|Where|So|None|The same|Also)\b")


def _docstrings(source: str) -> list[str]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [ast.get_docstring(node) for node in ast.walk(ast.parse(source)) if isinstance(node, documented)]
    return [text for text in found if text]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_docstring_begins_with_a_riddle(file: Path) -> None:
    assert [text for text in _docstrings(file.read_text("utf-8")) if FORBIDDEN.match(text)] == []


def test_the_rule_finds_what_it_forbids() -> None:
    found = _docstrings('"""Rows."""\ndef of():\n    """Of a row."""\n')
    assert [bool(FORBIDDEN.match(text)) for text in found] == [False, True]
    assert len(FILES) > 200
