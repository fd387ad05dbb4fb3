"""The catalogue of findings, the code that uses it and docs/findings.md say the same."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from tailor.findings import FindingKind, check_of, checks, finding
from tailor.recipe import METHODS

ROOT = Path(__file__).resolve().parents[3]
LIBRARY = ROOT / "layers/tailor/tailor"
MAKERS = {"finding", "_found", "_finding", "report", "MediaError"}
"""What is called with a code."""
GIVEN = {"_found": {"model"}, "MediaError": {"name", "model"}}
"""Values that a maker adds by itself."""
_ROW = re.compile(r"^\| \[?`([a-z0-9-]+)`(?:\]\([^)]+\))? \|.*\|$", re.MULTILINE)


def texts() -> dict[str, tuple[str, str]]:
    """Message and fix by what a maker is called with."""
    found = {}
    for code, check in checks().items():
        if check.message is not None and check.fix is not None:
            found[code] = (check.message, check.fix)
        found |= {f"{code}/{name}": (case.message, case.fix) for name, case in check.cases.items()}
    return found


def calls() -> Iterator[tuple[str, str, ast.Call, str]]:
    """Place, maker, call and code of each call with a code that is written there."""
    for path in LIBRARY.rglob("*.py"):
        source = path.read_text("utf-8")
        if not any(f"{maker}(" in source for maker in MAKERS):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                first = node.args[0]
                for code in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                    if name in MAKERS and isinstance(code, ast.Constant) and isinstance(code.value, str):
                        yield f"{path.name}:{node.lineno}", name, node, code.value


def placeholders(text: str) -> set[str]:
    return {name.partition(".")[0] for _, name, _, _ in Formatter().parse(text) if name}


def documented(check: FindingKind) -> str:
    """The row of docs/findings.md."""
    code = f"[`{check.code}`]({check.source})" if check.source else f"`{check.code}`"
    only: list[str] = list(check.methods) if len(check.methods) < len(METHODS) else []
    only += [f"{check.models} models"] if check.models != "all" else []
    cause = f"{check.cause} ({', '.join(only)})" if only else check.cause
    cause += f" Until this release its code was `{check.formerly}`." if check.formerly else ""
    return f"| {code} | {' or '.join(check.severities)} | {cause} | {check.help} |"


def test_calls_name_what_is_in_the_catalogue_with_all_values_of_its_texts() -> None:
    known = texts()
    wrong = []
    for place, maker, call, code in calls():
        if code not in known:
            wrong.append(f"{place}: {code} is not in the catalogue")
            continue
        given = {keyword.arg for keyword in call.keywords} | GIVEN.get(maker, set()) | {"path"}
        lacking = set().union(*map(placeholders, known[code])) - given
        if lacking and None not in given:
            wrong.append(f"{place}: {code} lacks {sorted(lacking)}")
    assert wrong == []


def test_everything_in_the_catalogue_is_used() -> None:
    everything = "".join(path.read_text("utf-8") for path in LIBRARY.rglob("*.py"))
    derived = {"image-unreadable", "video-unreadable"}
    unused = [code for code in texts() if f'"{code}"' not in everything and code not in derived]
    assert unused == []


@pytest.mark.parametrize("code", checks())
def test_the_documentation_says_what_the_catalogue_says(code: str) -> None:
    rows = {match[1]: match[0] for match in _ROW.finditer((ROOT / "docs/findings.md").read_text("utf-8"))}
    assert rows.get(code) == documented(checks()[code])


def test_nothing_else_is_documented() -> None:
    rows = {match[1] for match in _ROW.finditer((ROOT / "docs/findings.md").read_text("utf-8"))}
    assert rows - checks().keys() == set()


def test_former_codes_are_still_known() -> None:
    for code, check in checks().items():
        if check.formerly:
            assert check.formerly not in checks()
            assert check_of(check.formerly) is checks()[code]
            assert f"`{check.formerly}`" in (ROOT / "docs/findings.md").read_text("utf-8")


def test_a_finding_that_is_not_in_the_catalogue_is_a_bug() -> None:
    with pytest.raises(KeyError):
        finding("no-such-code")
    with pytest.raises(KeyError):
        finding("wrong-type", path="a")  # without its values
