"""The rooms of datasets: each is entered by its door, and imports only from the rooms before it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOMS = ("example", "sources", "media", "formats", "checks", "table", "report", "prepare", "scale")
"""In the order in which a row walks through them, as the docstring of ``tailor.datasets`` has it."""
DOORS = ("datasets.sources", "datasets.media", "datasets.formats", "datasets.report", "findings")


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports from, with the names where they may be modules."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "tailor.datasets":
                yield from (f"tailor.datasets.{alias.name}" for alias in node.names)


def library() -> dict[str, Path]:
    """Module name to file, of all code that is not a test."""
    places = {
        "layers/tailor": "tailor",
        "cli": "tailor_cli",
        "local": "tailor_local",
        "functions": "",
        "benchmarks": "",
    }
    found = {}
    for place, package in places.items():
        for path in (ROOT / place / package).rglob("*.py"):
            found[".".join(path.relative_to(ROOT / place).with_suffix("").parts)] = path
    return found


def room_of(module: str) -> str | None:
    match = re.match(r"tailor\.datasets\.(\w+)", module)
    return match[1] if match and match[1] in ROOMS else None


def test_the_map_names_the_rooms_in_order() -> None:
    text = (ROOT / "layers/tailor/tailor/datasets/__init__.py").read_text()
    assert re.findall(r"^\| ``(\w+)``", text, re.MULTILINE) == list(ROOMS)


def test_rooms_are_entered_by_their_doors() -> None:
    deeper = [
        f"{module} imports {name}"
        for module, path in library().items()
        for name in imports(path)
        if room_of(name) and room_of(name) != room_of(module) and name.count(".") > 2
    ]
    assert deeper == []


def test_rooms_import_from_those_before_them_only() -> None:
    back = [
        f"{module} imports {name}"
        for module, path in library().items()
        for name in imports(path)
        if (here := room_of(module)) and (there := room_of(name)) and ROOMS.index(there) > ROOMS.index(here)
    ]
    assert back == []


@pytest.mark.parametrize("door", DOORS)
def test_a_door_loads_nothing_heavy(door: str) -> None:
    program = f"import sys, tailor.{door}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not {"PIL", "pyarrow", "numpy", "hyperscan", "boto3"} & set(loaded.stdout.split())
