"""How layers lose what no function uses."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.contracts.template import ROOT


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_layers", ROOT / "layers" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"")
    return folder


def left(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_tests_headers_and_scripts_of_any_package_go(build: ModuleType, tmp_path: Path) -> None:
    kept = ["a/__init__.py", "a/testing.py", "a/lib.so.1", "a/data/x.json", "a-1.dist-info/METADATA"]
    gone = ["a/tests/deep/test_a.py", "a/x.h", "a/x.pyi", "a/__pycache__/x.pyc", "bin/a"]
    make(tmp_path, *kept, *gone)
    build.leave_out(tmp_path, iter(build.UNUSED))
    assert left(tmp_path) == sorted(kept)


def test_a_list_names_more_and_must_name_what_is_there(build: ModuleType, tmp_path: Path) -> None:
    listed = tmp_path / "leave-out.txt"
    listed.write_text("# why\na/*flight*   # RPC\n\n")
    packages = make(tmp_path / "packages", "a/libflight.so.26", "a/flight/x.py", "a/lib.so.26")
    build.leave_out(packages, build.listed(listed))
    assert left(packages) == ["a/lib.so.26"]
    with pytest.raises(ValueError, match=r"nothing is called a/\*flight\*"):
        build.leave_out(packages, build.listed(listed))


def test_a_layer_without_a_list_of_its_own_is_fine(build: ModuleType, tmp_path: Path) -> None:
    assert list(build.listed(tmp_path / "leave-out.txt")) == []


def test_a_function_finds_byte_code_and_never_looks_at_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("VALUE = 1\n")
    where = str(ROOT / "layers"), str(tmp_path)
    compiled = "import sys, pathlib; sys.path.append(sys.argv[1]); import build; "
    compiled += "build.compile_sources(pathlib.Path(sys.argv[2]))"
    shell = os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path / "elsewhere"), "PYTHONOPTIMIZE": "1"}
    subprocess.run([sys.executable, "-c", compiled, *where], env=shell, timeout=60, check=True)
    (tmp_path / "a.py").write_text("VALUE = 2\n")  # as new as that: a check of the source would notice
    run = [sys.executable, "-c", "import a; print(a.VALUE, a.__cached__)"]
    found = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    assert found == ["1", str(tmp_path / "__pycache__/a.cpython-313.pyc")]


def test_byte_code_of_another_python_is_not_made(
    build: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "FUNCTIONS", (3, 12))
    with pytest.raises(ValueError, match=r"Python 3\.12"):
        build.compile_sources(tmp_path)
