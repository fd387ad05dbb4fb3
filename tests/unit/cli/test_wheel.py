"""What ``pip install tailor-*.whl`` gives to a machine that has nothing of this repository."""

import ast
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tailor_local.deployment import INPUTS
from tests.unit.sources import statements

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = {"tailor": ROOT / "layers/tailor/tailor", "tailor_cli": ROOT / "cli/tailor_cli"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DISTRIBUTIONS = {
    "PIL": "pillow",
    "botocore": "boto3",
    "pydantic_core": "pydantic",
    "urllib3": "boto3",
    "yaml": "pyyaml",
}
PROGRAMS = {"aws-sam-cli"}  # called, not imported
DATA = {"tzdata"}  # which zoneinfo looks for
OF_THE_LOCAL_CLOUD = {"cfn-lint", "ministack"}


def run(*command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def build(project: Path, folder: Path) -> Path:
    """Return the wheel that pip would build, made by what pip calls: without the three processes around it."""
    script = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    result = run(sys.executable, "-c", script, folder, folder=project)
    assert result.returncode == 0, result.stderr
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, because setuptools would put what an earlier build left behind into the wheel."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for source in PACKAGES.values():
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, copy / source.relative_to(ROOT), ignore=ignore)
    return build(copy, built)


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it. It sees the dependencies that are installed here, but not what is installed
    in place: a path that a .pth file names is not searched for other .pth files."""
    folder = tmp_path_factory.mktemp("environment")
    uv = Path(sys.executable).with_name("uv")  # it does what pip does in a tenth of the time
    assert run(uv, "venv", "--quiet", f"--python={sys.executable}", folder, folder=folder).returncode == 0
    install = (uv, "pip", "install", f"--python={folder}/bin/python", "--no-deps", "--no-index", "--no-cache")
    result = run(*install, wheel, folder=folder)
    assert result.returncode == 0, result.stderr
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_every_module_and_data_file_is_in_it_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        f"{package}/{path.relative_to(source)}"
        for package, source in PACKAGES.items()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == wanted


def test_a_dataset_can_be_checked_with_it(environment: Path, tmp_path: Path) -> None:
    rows = "".join(f"Màu của vật số {number} là gì?,màu số {number}\n" for number in range(40))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text(f"question,answer\n{rows}", "utf-8")
    command = (environment / "bin/tailor", "check", "data", "--model", "nova-lite")
    result = run(*command, folder=tmp_path, PYTHONPATH="", COLUMNS="200")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "33 rows to train on, 2 to validate, 5 to test" in result.stdout


def test_the_local_cloud_is_not_in_it_and_says_where_it_is(environment: Path, tmp_path: Path) -> None:
    result = run(environment / "bin/tailor", "--local", "runs", folder=tmp_path, PYTHONPATH="", COLUMNS="200")
    assert result.returncode == 2
    assert "the local cloud is not installed" in result.stderr
    assert "docs/local-cloud.md" in result.stderr


def test_the_local_clouds_wheel_brings_what_it_deploys_and_works_from_anywhere(
    environment: Path, tmp_path: Path
) -> None:
    copy, target = tmp_path / "copy", tmp_path / "installed"
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for name in ("local", *INPUTS):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=left_out)
        else:
            shutil.copy(ROOT / name, copy / name)
    zipfile.ZipFile(build(copy / "local", tmp_path)).extractall(target)
    sources = target / "tailor_local" / "sources"
    for name in INPUTS:
        for file in (copy / name).rglob("*") if (copy / name).is_dir() else [copy / name]:
            if file.is_file():
                assert (sources / file.relative_to(copy)).read_bytes() == file.read_bytes()
    look = "from tailor_local.places import ROOT, written; print(ROOT, written(ROOT))"
    set_up = {"PYTHONPATH": str(target), "XDG_STATE_HOME": "/nowhere"}
    found = run(environment / "bin/python", "-c", look, folder=tmp_path, **set_up)
    assert found.stdout.split() == [str(sources), "/nowhere/tailor"]
    said = run(environment / "bin/tailor", "--local", "runs", folder=tmp_path, **set_up)
    assert said.returncode == 2
    assert "no local cloud runs here" in said.stderr
    assert "tailor up" in said.stderr


def test_every_library_that_it_imports_is_declared_and_tested_in_a_version_that_is_allowed() -> None:
    declared = [Requirement(each) for each in PROJECT["dependencies"]]
    declared += [Requirement(each) for extra in PROJECT["optional-dependencies"].values() for each in extra]
    names = {requirement.name for requirement in declared} - OF_THE_LOCAL_CLOUD
    imported = {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in _imported()}
    assert imported | PROGRAMS | DATA == names
    assert [str(each) for each in declared if not each.specifier.contains(version(each.name))] == []


def _imported() -> set[str]:
    """Libraries that run-time code imports; what type checkers alone need is left out."""
    found = set()
    for source in PACKAGES.values():
        for path in source.rglob("*.py"):
            stated = list(statements(ast.parse(path.read_text("utf-8"))))
            typing = [node for node in stated if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
            left_out = {id(inner) for node in typing for inner in ast.walk(node)}
            for node in stated:
                if isinstance(node, ast.Import) and id(node) not in left_out:
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and id(node) not in left_out:
                    found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - PACKAGES.keys() - {"tailor_local"}
