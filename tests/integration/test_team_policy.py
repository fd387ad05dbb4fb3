"""The real command line as an IAM user with a team's policy, under enforced IAM: its own projects, and no other's."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tailor.runs import Run, State
from tailor_cli.main import app
from tests.integration.conftest import forget_clients
from tests.integration.pipeline import Pipeline
from tests.unit.cli.conftest import forget_command_line
from tests.waiting import until

OWN, OTHER = "team-a", "team-a-2"  # one name begins with the other
ROWS = "question,answer\n" + "".join(f"{n} + {n}?,{n + n}\n" for n in range(60))
AWS_WORDS = ("arn:aws", "dynamodb:", "is not authorized", "Traceback", "AccessDenied")


class Terminal:
    """The command line with the keys of a user, in this process: three dozen new ones would take a minute to start."""

    def __init__(self, key: dict[str, str], folder: Path) -> None:
        self._keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
        self._folder = folder

    def __call__(self, *words: str) -> tuple[int, str]:
        with chdir(self._folder), command_line_of(self._keys):
            done = CliRunner().invoke(app, words)
        return done.exit_code, done.output


@contextmanager
def command_line_of(keys: dict[str, str]) -> Iterator[None]:
    """Have boto3 and the command line forget who used them before, and afterwards who used them within."""

    def forget() -> None:
        forget_clients()
        forget_command_line()

    with pytest.MonkeyPatch.context() as patch:
        for name, value in keys.items():
            patch.setenv(name, value)
        forget()
        yield
    forget()


@pytest.fixture
def team(pipeline: Pipeline, tmp_path: Path) -> Terminal:
    """A user with what `tailor policy` prints to the operator, and no more."""
    command = [str(Path(sys.executable).parent / "tailor"), "policy", OWN]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    iam = pipeline.cloud.client("iam")
    iam.create_user(UserName="linh")
    iam.put_user_policy(UserName="linh", PolicyName="team", PolicyDocument=printed)
    return Terminal(iam.create_access_key(UserName="linh")["AccessKey"], tmp_path)


def data(folder: Path) -> Path:
    folder.mkdir()
    (folder / "sums.csv").write_text(ROWS)
    return folder


def prepared(pipeline: Pipeline, project: str) -> Run:
    """A run of the operator's upload that has a report and waits: its price is not known."""
    run = pipeline.upload(f"{project}/secrets", {"sums.csv": ROWS.encode(), "_DONE": b""})
    return waits(pipeline, project, run)


def waits(pipeline: Pipeline, project: str, run_id: str) -> Run:
    """Return the run once it waits for an approval."""

    def look() -> Run | None:
        return next((run for run in pipeline.runs.project_runs(project) if run.id == run_id), None)

    found = until(look, lambda run: run is not None and run.state == State.AWAITING_APPROVAL, pause=0.2)
    assert found is not None
    return found


def test_a_team_works_with_its_own_project_and_reaches_nothing_of_another(
    pipeline: Pipeline, team: Terminal, tmp_path: Path
) -> None:
    own, other = (prepared(pipeline, project) for project in (OWN, OTHER))
    folder = data(tmp_path / "data")
    works = {
        ("push", str(folder), f"{OWN}/sums"): "run ",
        ("runs", OWN): own.id,
        ("show", own.id): "awaiting-approval",
        ("show", OWN): "",
        ("report", own.id, "--to", "pages"): f"pages/{own.id}-data.html",
        ("usage", OWN): "",
        ("quote", str(folder)): "",
        ("check", str(folder)): "",
        ("models",): "nova-lite",
    }
    for words, expected in works.items():
        code, said = team(*words)
        assert (code, expected in said) == (0, True), (words, said)
    [pushed] = [run for run in pipeline.runs.project_runs(OWN) if run.id != own.id]
    assert pushed.dataset == "sums"

    untouched = pipeline.runs.get(other.id)
    refused = [
        *([name, own.id] for name in ("approve", "decline", "stop")),
        ["keys", "create", "mine", "-p", OTHER],
        ["keys", "list"],
        ["offline", OWN, "--reason", "mine"],
        ["runs"],
        *([name, OTHER] for name in ("runs", "show", "report", "usage")),
        *([name, other.id] for name in ("show", "report", "watch", "approve", "decline", "stop", "retry")),
        ["push", str(folder), f"{OTHER}/sums"],
        ["erase", OTHER, "--dry-run"],
    ]
    for command in refused:
        code, said = team(*command)
        told = next((line for line in said.splitlines() if line.startswith("error ")), "")
        print(" ".join(command), "→", told)
        assert code in (1, 2), (command, said)
        assert told, (command, said)
        assert not [word for word in AWS_WORDS if word in told], (command, said)
        assert "Traceback" not in said
        assert "secrets" not in said.replace(" ".join(command), "").replace(other.id, "").replace(own.id, ""), said
    assert pipeline.runs.get(other.id) == untouched
    assert not list(pipeline.bucket.list(f"uploads/{OTHER}/sums"))
    assert pipeline.runs.get(own.id).state == State.AWAITING_APPROVAL
