"""How layers lose what no function uses."""

import importlib.util
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
