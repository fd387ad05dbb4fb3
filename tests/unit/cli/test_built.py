"""What was built is looked into before it is deployed."""

from pathlib import Path

import pytest

from tailor.errors import InvalidInputError
from tailor_cli.built import MOST_BYTES, Build
from tailor_cli.context import session
from tailor_cli.deploying.answers import FILE, Answers, write_answers
from tailor_cli.verify_world import built_in
from tailor_local.deployment import build_folder

TEMPLATE = """
Globals: {Function: {Layers: [!Ref Shared]}}
Resources:
  Light: {Type: AWS::Serverless::Function, Properties: {CodeUri: Light}}
  Heavy: {Type: AWS::Serverless::Function, Properties: {CodeUri: Heavy, Layers: [!Ref Tables]}}
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: Shared}}
  Tables: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: Tables}}
"""


@pytest.fixture
def built(tmp_path: Path) -> Build:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    for name, size in {"Light/app.py": 1, "Heavy/app.py": 2, "Shared/a/x.py": 30, "Tables/lib.py": 400}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"\0" * size)
    return Build(tmp_path)


def machine_code(file: Path, machine: int) -> None:
    file.write_bytes(b"\x7fELF" + b"\0" * 14 + machine.to_bytes(2, "little"))


def test_a_function_is_as_large_as_with_all_of_its_layers(built: Build) -> None:
    assert built.sizes() == {"Light": 31, "Heavy": 432}


@pytest.mark.parametrize(
    ("machine", "says"), [(0x3E, "x86_64"), (0xB7, "arm64"), (0xF3, r"another processor \(ELF machine 0xf3\)")]
)
def test_machine_code_for_another_processor_is_refused(built: Build, machine: int, says: str) -> None:
    machine_code(built.folder / "Tables" / "libarrow.so.26", machine)
    for architecture in {"arm64", "x86_64"} - {says}:
        with pytest.raises(InvalidInputError, match=f"Tables/libarrow.so.26 is built for {says}") as refused:
            built.check(architecture)
        assert f"make deploy ARCH={architecture}" in refused.value.hint
    if machine != 0xF3:
        built.check(says)


def test_a_function_that_is_close_to_lambdas_limit_is_refused(built: Build) -> None:
    with (built.folder / "Tables" / "large").open("wb") as file:
        file.truncate(MOST_BYTES * 86 // 100)
    with pytest.raises(InvalidInputError, match=r"Heavy has 215 MiB with its layers; the maximum is 212 \(85%"):
        built.check("arm64")


def test_where_nothing_is_built_a_person_hears_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="nothing is built") as refused:
        Build(tmp_path).sizes()
    assert refused.value.hint == "run: sam build"


def test_verify_looks_at_what_make_deploy_built_for_this_stack_or_else_at_what_sam_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "stack_name", "tailor-dev")
    monkeypatch.setattr(session, "local", False)
    assert built_in(tmp_path) is None
    for folder in (tmp_path / ".aws-sam" / "build", build_folder(tmp_path, "x86_64"), build_folder(tmp_path, "arm64")):
        folder.mkdir(parents=True)
        (folder / "template.yaml").write_text(TEMPLATE)
    assert built_in(tmp_path) == Build(tmp_path / ".aws-sam" / "build")
    write_answers(tmp_path / FILE, "tailor-dev", Answers(architecture="x86_64"))
    write_answers(tmp_path / FILE, "tailor", Answers(architecture="arm64"))
    assert built_in(tmp_path) == Build(build_folder(tmp_path, "x86_64"))
