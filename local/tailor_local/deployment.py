"""Builds and deploys the template with the real `sam build` and `sam deploy`, to the local cloud."""

import fcntl
import hashlib
import json
import os
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3
import yaml

from tailor_local.errors import DeployError
from tailor_local.places import written

STACK = "tailor"
SAM = Path(sys.executable).with_name("sam")
INPUTS = ("template.yaml", "samconfig.toml", "functions", "layers", "statemachines")
# A step that shows no sign of life is asked for again sooner than on AWS, but not before a function can have started.
PARAMETERS = {
    "Environment": "local",
    "DueAfterSeconds": "20",
    "QuietSeconds": "2",
    "LogRetentionDays": "1",
    "TailorCommand": "tailor --local",
    "SageMakerTraining": "enabled",
    "Remark": "Measured on the local cloud: its models stand in for Bedrock's, so the numbers say nothing about those.",
}
NOT_INPUTS = ("__pycache__", ".mypy_cache")
ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}


def architecture() -> str:
    """Return the template's name for this machine's processor, for which the local cloud is built."""
    return ARCHITECTURES[platform.machine()]


def build_folder(root: Path, built_for: str) -> Path:
    """Return where what was built for a processor lies."""
    return written(root) / built_for / "build"


def deploy(
    root: Path, environment: Mapping[str, str], parameters: Mapping[str, str], stack: str = STACK
) -> dict[str, str]:
    """Build, unless nothing changed since the last time, and deploy. Return the stack's outputs. Raises DeployError."""
    full = {**os.environ, **environment, "PATH": _path()}
    built_for = architecture()
    with _alone(root):
        build = _build(root, built_for, full)
        given = {"Architecture": built_for} | PARAMETERS | dict(parameters)
        command = [str(SAM), "deploy", "--template-file", str(build / "template.yaml"), "--stack-name", stack]
        command += ["--region", environment["AWS_REGION"]]  # samconfig.toml names the usual one
        command += _configured(root, given)
        _run(command, root, full)
    return _outputs(environment, stack)


def build(root: Path, built_for: str) -> Path:
    """Build for a processor, this machine's or the other, and return the folder. Raises DeployError."""
    with _alone(root):
        return _build(root, built_for, os.environ | {"PATH": _path(), "AWS_DEFAULT_REGION": "us-east-1"})


def _path() -> str:
    """Return the search path for commands, which begins with SAM's folder."""
    return f"{SAM.parent}{os.pathsep}{os.environ.get('PATH', '')}"


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Lock out other test sessions that build or deploy at the same time."""
    directory = written(root)
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _configured(root: Path, parameters: Mapping[str, str]) -> list[str]:
    """Return the options of `sam build` and `sam deploy`."""
    common = ["--config-env", "local", "--config-file", str(root / "samconfig.toml"), "--parameter-overrides"]
    quoted = {name: value.replace('"', '\\"') for name, value in parameters.items()}  # a value may be JSON
    return common + [f'{name}="{value}"' for name, value in quoted.items()]


def _build(root: Path, built_for: str, environment: Mapping[str, str]) -> Path:
    build = build_folder(root, built_for)
    stamp, digest = build.with_suffix(".sha256"), _digest(root)
    if build.is_dir() and stamp.is_file() and stamp.read_text() == digest:
        return build
    stamp.unlink(missing_ok=True)
    tools = hashlib.sha256((root / "layers" / "build.py").read_bytes()).hexdigest()[:8]  # no part of SAM's own digest
    command = [str(SAM), "build", "--template", str(root / "template.yaml")]
    command += ["--build-dir", str(build), "--cache-dir", str(build.with_name(f"cache-{tools}"))]
    command += _configured(root, {"Architecture": built_for})
    _run(command, root, {**environment, "ARCH": built_for})
    _pack_layers(build)
    stamp.write_text(digest)
    return build


def _pack_layers(build: Path) -> None:
    """Zip the built layers once: each `sam deploy` would do it again, although they are large and seldom change.

    The template becomes JSON, which is YAML too: SAM parses it five times in a deployment, and JSON in no time.
    """
    template = build / "template.yaml"
    content = yaml.load(template.read_text(), yaml.CSafeLoader)
    for resource in content["Resources"].values():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            layer = build / resource["Properties"]["ContentUri"]
            with zipfile.ZipFile(f"{layer}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for file in sorted(layer.rglob("*")):
                    archive.write(file, file.relative_to(layer))
            resource["Properties"]["ContentUri"] += ".zip"
    template.write_text(json.dumps(content, ensure_ascii=False))


def _run(command: list[str], root: Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        output = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
        raise DeployError(f"sam {command[1]} failed:\n{output}")


def _digest(root: Path) -> str:
    """Return a hash of everything that `sam build` reads."""
    digest = hashlib.sha256()
    for name in INPUTS:
        start = root / name
        files = sorted(start.rglob("*")) if start.is_dir() else [start]
        for file in files:
            if file.is_file() and not set(NOT_INPUTS) & set(file.parts):
                digest.update(f"{file.relative_to(root)}\0{file.stat().st_size}\0".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _outputs(environment: Mapping[str, str], name: str) -> dict[str, str]:
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )
    client = session.client("cloudformation", endpoint_url=environment["AWS_ENDPOINT_URL"])
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
