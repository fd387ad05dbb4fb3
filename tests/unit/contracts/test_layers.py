"""The drawings in docs/architecture.md are the rule: code imports along their arrows only.

An arrow says "may import", directly or through boxes between. A drawing covers the packages of one folder; a box names
one or several of them.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.sources import statements

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("layers/tailor/tailor", "cli/tailor_cli", "functions")
DRAWING = re.compile(r"```mermaid\n%% imports in ([\w.]+)\n(.*?)```", re.DOTALL)
BOX = re.compile(r'(\w+)\["([^"]+)"\]')
ARROW = re.compile(r'^\s*(\w+)(?:\["[^"]+"\])? --> ([\w &]+)$', re.MULTILINE)
DRAWINGS = dict(DRAWING.findall((ROOT / "docs/architecture.md").read_text("utf-8")))


class Import(NamedTuple):
    """``module`` imports the module ``wanted``, or names from it; ``stated`` is what stands behind ``from``."""

    file: str
    line: int
    module: str
    wanted: str
    stated: str


def _modules() -> dict[str, Path]:
    found = {}
    for source in SOURCES:
        for path in (ROOT / source).rglob("*.py"):
            parts = path.relative_to((ROOT / source).parent).with_suffix("").parts
            found[".".join(part for part in parts if part != "__init__")] = path
    return found


MODULES = _modules()


@cache
def _imports() -> list[Import]:
    """Return all imports; read when a test wants them, because each worker of pytest loads this module."""
    return list(_each_import())


def _each_import() -> Iterator[Import]:
    for module, path in MODULES.items():
        for node in statements(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                wanted = {(alias.name, alias.name) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                stated, names = str(node.module), [f"{node.module}.{alias.name}" for alias in node.names]
                wanted = {(name if name in MODULES else stated, stated) for name in names}
            else:
                continue
            for found in sorted(wanted):
                yield Import(str(path.relative_to(ROOT)), node.lineno, module, *found)


def _allowed(drawing: str) -> dict[str, set[str]]:
    """By package: the packages that it may import itself, as drawn."""
    boxes = {name: {each.strip() for each in label.split(",")} for name, label in BOX.findall(drawing)}
    arrows = {name: set(boxes[name]) for name in boxes}
    for start, ends in ARROW.findall(drawing):
        for end in ends.split("&"):
            arrows[start] |= boxes[end.strip()]
    return {package: arrows[name] for name, packages in boxes.items() for package in packages}


def _reached(allowed: dict[str, set[str]], start: str) -> set[str]:
    found, waiting = set[str](), [start]
    while waiting:
        new = allowed[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _between(folder: str) -> Iterator[tuple[str, str, Import]]:
    """Imports between two packages of a folder. Commands and functions are packages beside those of ``tailor``."""

    def package(module: str) -> str | None:
        if folder == "tailor" and not module.startswith("tailor."):
            return module.partition(".")[0]
        return module.removeprefix(f"{folder}.").partition(".")[0] if module.startswith(f"{folder}.") else None

    for each in _imports():
        if each.wanted in MODULES and each.wanted != "tailor":
            start, end = package(each.module), package(each.wanted)
            if start is not None and end is not None and start != end and each.module != folder:
                yield start, end, each


@pytest.mark.parametrize("folder", DRAWINGS)
def test_imports_follow_the_arrows(folder: str) -> None:
    allowed = _allowed(DRAWINGS[folder])
    between = list(_between(folder))
    missing = {package for start, end, _ in between for package in (start, end)} - allowed.keys()
    assert not missing, f"not in the drawing of {folder}: {missing}"
    wrong = [
        f"{each.file}:{each.line} imports {each.wanted}"
        for start, end, each in between
        if end not in _reached(allowed, start)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", DRAWINGS)
def test_an_arrow_is_there_for_an_import(folder: str) -> None:
    drawing = DRAWINGS[folder]
    boxes = {package.strip(): name for name, label in BOX.findall(drawing) for package in label.split(",")}
    used = {(boxes[start], boxes[end]) for start, end, _ in _between(folder)}
    drawn = {(start, end.strip()) for start, ends in ARROW.findall(drawing) for end in ends.split("&")}
    assert not drawn - used


@pytest.mark.parametrize("folder", DRAWINGS)
def test_no_packages_import_each_other_in_a_circle(folder: str) -> None:
    graph: dict[str, set[str]] = {}
    for start, end, _ in _between(folder):
        graph.setdefault(start, set()).add(end)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_outsiders_stop_at_a_rooms_door() -> None:
    """``tailor.evaluation.gate`` is a door; ``tailor.evaluation.gate.verdict`` is behind it."""
    wrong = []
    for each in _imports():
        package, room = (".".join(each.wanted.split(".")[:depth]) for depth in (2, 3))
        inside = f"{each.module}.".startswith(f"{package}.")
        if each.wanted.startswith("tailor.") and each.wanted != room and not inside and (exported := _exported(room)):
            behind = each.stated != room or each.wanted.rpartition(".")[2] not in exported
            wrong += [f"{each.file}:{each.line} imports {each.wanted}"] if behind else []
    assert not wrong, "\n".join(wrong)


@cache
def _exported(package: str) -> list[str]:
    """What a room's door holds; empty for a package that has none yet."""
    for node in statements(ast.parse(MODULES[package].read_text("utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def test_aws_is_spoken_to_in_one_package() -> None:
    wrong = [
        f"{each.file}:{each.line}"
        for each in _imports()
        if each.wanted.partition(".")[0] in ("boto3", "botocore") and not each.module.startswith("tailor.aws")
    ]
    assert not wrong


def test_the_whole_and_its_largest_packages_are_drawn() -> None:
    assert {"tailor", "tailor.datasets", "tailor.evaluation"} <= DRAWINGS.keys()
