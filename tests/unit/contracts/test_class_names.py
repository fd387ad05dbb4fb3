"""A class name stands for one class, as CONTRIBUTING.md asks."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NAMED = re.compile(r"^class (\w+)[(:\[]|^type (\w+)(?:\[.*\])? =", re.MULTILINE)  # to parse all takes a second
# The local cloud imitates AWS in AWS's own words (Job, Model, Deployment), which mean something else in the library.
PROGRAMS = {"tailor": ("layers", "functions", "cli"), "local cloud": ("local",)}


def _names(source: str) -> list[str]:
    """Return the public names of a module's classes and type aliases."""
    return [name or alias for name, alias in NAMED.findall(source) if not (name or alias).startswith("_")]


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
    sources = [
        ("a", "class Row: ...\nclass _Loader: ..."),
        ("b", "type Row = int\nclass _Loader: ..."),
        ("c", "class Loaded[T]:\n    class Row: ..."),
        ("d", "type Loaded[T] = list[T]\ntype _Row = int"),
    ]
    assert _shared(sources) == {"Row": ["a", "b"], "Loaded": ["c", "d"]}
