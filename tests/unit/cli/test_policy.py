"""A team's policy, enforced on each call that the commands make: it does what the team needs, and shows no others."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from tailor.aws import clients
from tailor.aws.folders import FolderTable
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.aws.stack import Stack
from tailor.runs import Run, State
from tailor.serving.aliases import Version, promote
from tailor.serving.usage import Usage
from tailor_cli import push
from tailor_cli.context import Session
from tailor_cli.main import app
from tailor_cli.policy import team_policy
from tests.unit.aws.tables import made_in_moto, make_table
from tests.unit.steps.fakes import NOW, a_run

BUCKET, OWN, OTHER = "tailor-bucket", "colours", "colours-2"  # one name begins with the other
SECRET = "tell-nobody"
TABLES = {"runs": "runs", "serving": "serving", "folders": "folders"}
POLICY = team_policy(
    [OWN], stack="tailor", bucket=BUCKET, tables=TABLES, place=("aws", "us-east-1", "123456789012"), key=""
)
OF_OBJECTS = {"GetObject": "GetObject", "HeadObject": "GetObject", "PutObject": "PutObject"}


def allows(action: str, resource: str, context: Mapping[str, list[str]]) -> bool:
    """Evaluate the policy, which only allows; a condition of another kind fails the test."""
    return any(
        any(fnmatchcase(action, pattern) for pattern in statement["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        and all(
            holds(operator, context.get(name, []), wanted)
            for operator, names in statement.get("Condition", {}).items()
            for name, wanted in names.items()
        )
        for statement in POLICY["Statement"]
    )


def holds(operator: str, given: list[str], wanted: Any) -> bool:
    if operator == "StringLike":
        return any(fnmatchcase(value, pattern) for value in given for pattern in wanted)
    if operator == "ForAllValues:StringEquals":
        return all(value in wanted for value in given)
    assert operator == "Null"
    return bool(given) is (wanted == "false")


def described(service: str, operation: str, params: Mapping[str, Any]) -> tuple[str, str, dict[str, list[str]]]:
    """Return the action, resource and condition keys of a call, as the service authorization reference has them."""
    if service == "s3":
        if operation in OF_OBJECTS:
            return f"s3:{OF_OBJECTS[operation]}", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}", {}
        action = "s3:ListBucket" if operation == "ListObjectsV2" else f"s3:{operation}"
        return action, f"arn:aws:s3:::{params['Bucket']}", {"s3:prefix": [params.get("Prefix", "")]}
    if service == "dynamodb":
        index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
        resource = f"arn:aws:dynamodb:us-east-1:123456789012:table/{params['TableName']}{index}"
        return f"dynamodb:{operation}", resource, {"dynamodb:LeadingKeys": leading(params)}
    return f"{service}:{operation}", "*", {}


def leading(params: Mapping[str, Any]) -> list[str]:
    """Return the partition keys that a call names."""
    if "Key" in params:
        return [str(next(iter(params["Key"].values())))]
    if "Item" in params:
        return [str(params["Item"].get("pk") or params["Item"].get("id"))]
    values = params.get("ExpressionAttributeValues", {})  # the partition key's comes first
    return [str(value["S"] if isinstance(value, dict) else value) for value in values.values()][:1]


class Team:
    """Two projects in one stack, and commands under the policy of the first one's team."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.refused: list[str] = []
        self.enforced = False
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        for name in ("RunsTable", "FoldersTable"):
            make_table(name, {"RunsTable": "runs", "FoldersTable": "folders"}[name])
        serving = ServingTable("serving")
        for project in (OWN, OTHER):
            text = SECRET if project == OTHER else "hello"
            run = a_run(State.PREPARED, f"{project}-scenes-0123456789ab", project=project, dataset=text)
            self.runs[project] = run
            DynamoRunStore("runs").create(run)
            S3Storage(BUCKET).write(f"{run.files}report/report.html", text.encode())
            version = Version(run=f"{run.id}-{text}", deployment="d", model="nova-lite")
            promote(serving, project, version, None, "p", now=NOW)
            serving.add_usage(Usage(project, date.today(), text, run.id, 1, 2, 3))

    def enforce(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        if not self.enforced:
            return
        action, resource, context = described(model.service_model.service_name, model.name, params)
        if not allows(action, resource, context):
            self.refused.append(action)
            raise ClientError(
                {"Error": {"Code": "AccessDeniedException", "Message": "no policy allows it"}}, model.name
            )

    def run(self, *words: str) -> tuple[int, str]:
        self.enforced, self.refused = True, []
        result = CliRunner().invoke(app, [*words], catch_exceptions=False)
        self.enforced = False
        return result.exit_code, " ".join(result.output.split())


@pytest.fixture(scope="module")
def team() -> Iterator[Team]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from made(monkeypatch)


def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    given: dict[str, Any] = {"name": "tailor", "bucket": BUCKET, "environment": "prod", "kms_key": ""}
    tables = {f"{name}_table": table for name, table in TABLES.items()}
    stack = Stack.model_construct(None, **given, **tables)
    clients.client.cache_clear()
    with made_in_moto("ServingTable", "serving", monkeypatch):
        boto3.setup_default_session()
        found = Team()
        clients.client.cache_clear()
        clients.table.cache_clear()
        session: Any = boto3.DEFAULT_SESSION
        session._session.register("before-parameter-build", found.enforce)
        given = {
            "stack": stack,
            "runs": DynamoRunStore("runs"),
            "serving": ServingTable("serving"),
            "folders": FolderTable("folders"),
            "bucket": S3Storage(BUCKET),
            "control": None,
        }
        for name, value in given.items():
            monkeypatch.setattr(Session, name, value)
        yield found
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    clients.client.cache_clear()
    clients.table.cache_clear()


def test_a_team_uploads_and_follows_its_own(team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = team.runs[OWN]
    assert run.id in team.run("runs", OWN)[1]
    for name in (run.id, OWN):
        assert "prepared" in team.run("show", name)[1]
        assert team.run("report", name, "--to", str(tmp_path / "reports"))[0] == 0
    assert "hello" in team.run("usage", OWN)[1]
    data = tmp_path / "data"
    data.mkdir()
    (data / "sums.csv").write_text("question,answer\n" + "".join(f"{n} + {n}?,{n + n}\n" for n in range(40)))
    monkeypatch.setattr(push, "WAIT_FOR_RUN", 0)
    code, said = team.run("push", str(data), f"{OWN}/sums")
    assert (code, "its run" in said and "has not started" in said) == (1, True), said
    assert [file.key for file in S3Storage(BUCKET).list(f"uploads/{OWN}/")][-1].endswith("sums.csv")


@pytest.mark.parametrize("command", ["runs", "show", "report", "usage", "watch", "approve", "decline", "push", "erase"])
def test_a_team_sees_and_moves_nothing_of_others(team: Team, command: str, tmp_path: Path) -> None:
    other = team.runs[OTHER]
    (tmp_path / "sums.csv").write_text("question,answer\n1,2\n")
    for name in (OTHER,) if command in ("runs", "usage", "erase") else (OTHER, other.id):
        words = ["push", str(tmp_path), f"{OTHER}/sums"] if command == "push" else [command, name]
        code, said = team.run(*words, *(["--dry-run"] if command == "erase" else []))
        assert (code, SECRET in said, bool(team.refused)) == (1, False, True), said
    assert DynamoRunStore("runs").get(other.id) == other
    assert not list(S3Storage(BUCKET).list(f"uploads/{OTHER}/"))


@pytest.mark.parametrize("command", ["approve", "decline", "stop", "retry", "retire"])
def test_a_team_moves_its_own_runs_over_the_api_alone(team: Team, command: str) -> None:
    """A policy can't tell by a row's key, a run's id, whose run it would write."""
    code, _ = team.run(command, team.runs[OWN].id)
    assert (code, bool(team.refused)) == (1, True)
    assert DynamoRunStore("runs").get(team.runs[OWN].id) == team.runs[OWN]


def test_the_command_prints_it(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(app, ["policy", OWN])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.output)
    assert [each["Sid"] for each in printed["Statement"]] == [each["Sid"] for each in POLICY["Statement"]]
    assert len(json.dumps(printed)) < 6144, "the most that a managed policy may have"
