"""The sentences that the command line's modules, and the library's errors, say to people: read from the source."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CLI = ROOT / "cli/tailor_cli"
LIBRARY = ROOT / "layers/tailor/tailor"
FOR_PROGRAMS = {"mcp_server.py", "models_page.py", "openapi.py", "verify_page.py"}  # agents, and pages of the docs
_MARKUP = re.compile(r"\[/?[a-z ]*\]|\{\w*\}|\S*[:/_=.\\#]\S*")
_WORDS = re.compile(r"[^\W\d_]{2,}(?: |$)")
_LABELS = frozenset({"Table", "Column", "said", "add_row"})


def template(node: ast.AST) -> str | None:
    """Return a string's text, with ``{}`` for each value of an f-string; None for what is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def key(english: str) -> str:
    """Return a template as it is compared: without the names of its values, and without blanks around it."""
    return re.sub(r"\{\w*\}", "{}", english).strip()


def is_sentence(text: str) -> bool:
    """Whether a text has words of its own beside markup, values, paths and names."""
    return " " in text.strip() and len(_WORDS.findall(_MARKUP.sub(" ", text) + " ")) > 0


def of_the_command_line() -> Iterator[tuple[str, str]]:
    """Yield each sentence and label in the modules of the command line, with its file and line."""
    for file in sorted(CLI.rglob("*.py")):
        if file.name not in FOR_PROGRAMS:
            yield from _said_in(file)


def of_errors(rooms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield messages and hints of the errors that rooms of the library raise."""
    for file in _files(rooms):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for text in _of_error(node):
                yield key(text), f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def of_rooms(rooms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each sentence in rooms of the library, with its file and line."""
    for file in _files(rooms):
        yield from _said_in(file)


def _files(rooms: Iterable[str]) -> Iterator[Path]:
    for room in rooms:
        found = LIBRARY / room
        yield from sorted(found.rglob("*.py")) if found.is_dir() else [found]


def _of_error(node: ast.AST) -> Iterator[str]:
    found = list[ast.AST]()
    if isinstance(node, ast.Call) and _name(node).endswith("Error") and _name(node) not in ("ApiError", "ValueError"):
        found = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in ("hint", "refused"))]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        found = [node.value] if node.targets[0].id in ("message", "hint") else []
    for each in found:
        for part in (each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,):
            if (text := template(part)) and is_sentence(text):
                yield text


def _said_in(file: Path) -> Iterator[tuple[str, str]]:
    nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
    silent = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            silent.update(id(part) for part in node.values if isinstance(part, ast.Constant))
            silent.update(id(value.format_spec) for value in node.values if isinstance(value, ast.FormattedValue))
        elif isinstance(node, ast.keyword) and node.arg == "description":
            silent.update(id(part) for part in ast.walk(node.value))
        elif isinstance(node, (ast.AnnAssign, ast.arg, ast.FunctionDef)):
            silent.add(id(getattr(node, "annotation", None) or getattr(node, "returns", None)))
    for node in nodes:
        if id(node) in silent:
            continue
        text = template(node)
        if text is not None and is_sentence(text):
            yield key(text), f"{file.name}:{getattr(node, 'lineno', 0)}"
        elif isinstance(node, ast.Call) and _name(node) in _LABELS:
            for argument in node.args:
                label = template(argument)
                if label and label.replace(" ", "").isalpha():
                    yield key(label), f"{file.name}:{node.lineno}"


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))
