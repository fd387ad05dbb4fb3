"""A class name stands for one class, as CONTRIBUTING.md asks."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# The local cloud imitates AWS in AWS's own words (Job, Model, Deployment), which mean something else in the library.
PROGRAMS = {"tailor": ("layers", "functions", "cli"), "local cloud": ("local",)}


def _names(source: str) -> Iterator[str]:
    """Yield the public names of a module's classes and type aliases."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.TypeAlias):
            name = node.name.id
        else:
            continue
        if not name.startswith("_"):
            yield name


def _shared(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the names that more than one class has, with the modules."""
    found: dict[str, list[str]] = defaultdict(list)
    for module, source in sources:
        for name in _names(source):
            found[name].append(module)
    return {name: modules for name, modules in found.items() if len(modules) > 1}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_class_name_stands_for_one_class(program: str) -> None:
    files = [file for folder in PROGRAMS[program] for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 40
    assert _shared((str(file.relative_to(ROOT)), file.read_text("utf-8")) for file in files) == {}


def test_the_rule_finds_what_it_forbids() -> None:
    sources = [("a", "class Row: ...\nclass _Loader: ..."), ("b", "type Row = int\nclass _Loader: ...")]
    assert _shared(sources) == {"Row": ["a", "b"]}
