"""docs/findings.md and the code say the same about every finding."""

import ast
import re
from pathlib import Path
from typing import Any

from tailor.findings import CHECKS, finding

ROOT = Path(__file__).resolve().parents[3]
LIBRARY = ROOT / "layers/tailor/tailor"
_ROW = re.compile(r"^\| \[?`([a-z0-9-]+)`(?:\]\(([^)]+)\))? \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_STEPS = [LIBRARY / "steps" / name for name in ("prepare.py", "intentions.py")]
_MAKERS = {"dataset_error", "Trouble", "add", "Finding", "finding", "_finding", "_found", "MediaError"}


def _documented() -> dict[str, tuple[str, str, str, str]]:
    text = (ROOT / "docs/findings.md").read_text("utf-8")
    return {match[1]: (match[2] or "", match[3], match[4], match[5]) for match in _ROW.finditer(text)}


def _raised() -> dict[str, str]:
    """Codes that the code gives to findings, with a place where it does."""
    codes = {}
    for path in [*LIBRARY.glob("datasets/**/*.py"), *_STEPS]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                code = node.args[0].value
                if name in _MAKERS and isinstance(code, str) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code):
                    codes[code] = f"{path.name}:{node.lineno}"
    return codes


def test_every_check_is_documented_with_its_cause_and_fix() -> None:
    documented = _documented()
    for code, check in CHECKS.items():
        source, severity, cause, fix = documented[code]
        assert severity == check.severity, code
        assert cause.startswith(check.cause), code
        assert fix == re.sub(r"\{[^}]*\}", "…", check.fix), code
        assert source == (check.source or ""), code


def test_every_code_that_is_raised_is_documented() -> None:
    documented = _documented()
    missing = {code: place for code, place in _raised().items() if code not in documented}
    assert missing == {}


def test_nothing_is_documented_that_cannot_happen() -> None:
    everything = "".join(path.read_text("utf-8") for path in LIBRARY.rglob("*.py"))
    for code in _documented():
        stem = (
            code.removesuffix("-name").removesuffix("-case").removesuffix("-id")
            if code.startswith("media-by")
            else code
        )
        assert f'"{stem}' in everything or f"'{stem}'" in everything, code


def test_every_template_can_be_filled() -> None:
    for code, check in CHECKS.items():
        names = set(re.findall(r"\{(\w+)", check.message + check.fix))
        values: dict[str, Any] = dict.fromkeys(names, 1)
        found = finding(code, "a.jsonl", 1, **values)
        assert found.message
        assert found.fix
