"""The local cloud itself: what it keeps, what it leaves, and what it does not."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tailor_cli import doctor
from tailor_cli.context import Session, out
from tailor_local.cloud import LocalCloud, running_cloud, stop_running
from tailor_local.errors import AlreadyRunningError
from tailor_local.places import ROOT
from tests.integration.pipeline import Pipeline
from tests.integration.standin import allow, make_role
from tests.waiting import until

PROGRAM = """
import sys, time
from pathlib import Path
from tailor_local.cloud import LocalCloud
background = sys.argv[2] == "background"
cloud = LocalCloud(0, Path(sys.argv[1]), background=background)
cloud.start()
print(cloud.endpoint, flush=True)
time.sleep(0 if background else 600)
"""


def start(directory: Path, way: str) -> subprocess.Popen[str]:
    """A process that starts a cloud in ``directory``, once it runs."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "local")}
    command = [sys.executable, "-c", PROGRAM, str(directory), way]
    starter = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert starter.stdout is not None
    with starter.stdout as output:
        assert output.readline().startswith("http://127.0.0.1:")
    return starter


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_state_is_kept_between_starts_where_asked_for(tmp_path: Path) -> None:
    with LocalCloud(0, tmp_path, keep=True) as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="kept")
        s3.put_object(Bucket="kept", Key="a", Body=b"1")
        bedrock = cloud.client("bedrock")
        job = bedrock.create_model_customization_job(
            jobName="kept",
            customModelName="kept",
            roleArn="arn:aws:iam::123456789012:role/nobody",
            baseModelIdentifier="amazon.nova-lite-v1:0:300k",
            trainingDataConfig={"s3Uri": "s3://kept/train.jsonl"},
            outputDataConfig={"s3Uri": "s3://kept/out"},
        )["jobArn"]
    with LocalCloud(0, tmp_path, keep=True) as cloud:
        assert cloud.client("s3").get_object(Bucket="kept", Key="a")["Body"].read() == b"1"
        found = cloud.client("bedrock").get_model_customization_job(jobIdentifier=job)
        assert found["jobName"] == "kept"
    with LocalCloud(0, tmp_path) as cloud:
        assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_one_cloud_in_a_folder_and_it_stops_when_asked(tmp_path: Path) -> None:
    start(tmp_path, "background").wait()
    running = running_cloud(tmp_path)
    assert running is not None
    with pytest.raises(AlreadyRunningError, match=running["endpoint"]):
        LocalCloud(0, tmp_path).start()
    assert stop_running(tmp_path)
    assert gone(running["pid"])
    assert not stop_running(tmp_path)
    assert not (tmp_path / "state").exists()


def test_killing_the_starter_leaves_nothing_running(tmp_path: Path) -> None:
    starter = start(tmp_path, "foreground")
    pid = json.loads((tmp_path / "cloud.json").read_text())["pid"]
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    until(lambda: gone(pid), bool)


def test_a_simulation_of_policies_takes_in_the_context_that_it_is_given(local_cloud: LocalCloud) -> None:
    passed = {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}
    role = make_role(local_cloud, "passes", "lambda.amazonaws.com", [allow("iam:PassRole", "*", Condition=passed)])

    def decision(*services: str) -> str:
        entries = [
            {"ContextKeyName": "iam:PassedToService", "ContextKeyValues": [service], "ContextKeyType": "string"}
            for service in services
        ]
        answer = local_cloud.client("iam").simulate_principal_policy(
            PolicySourceArn=role, ActionNames=["iam:PassRole"], ResourceArns=[role], ContextEntries=entries
        )
        return str(answer["EvaluationResults"][0]["EvalDecision"])

    assert decision("bedrock.amazonaws.com") == "allowed"
    assert decision("lambda.amazonaws.com") == decision() == "implicitDeny"


def test_the_doctor_finds_a_healthy_local_cloud_healthy(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "session", Session())
    with out.capture() as captured:
        doctor.doctor(model="nova-lite", method="fine-tuning")
    said = captured.get()
    assert "pass-role" in said
    assert "failed" not in said
    assert "unknown" not in said
