"""`tailor verify` against the local cloud: all is as assumed, and assumptions broken on purpose are named.

``verify-local-cloud.json`` was recorded here: ``make up``, then ``tailor --local verify --output`` with its path.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
import typer

from tailor.names import UPLOADS
from tailor.verify import CHECKS, CLEANERS
from tailor.verify.after.leftovers import FOLDERS
from tailor.verify.cleaning import LONGEST
from tailor.verify.record import VerifyRecord, read
from tailor.verify.replay import replay
from tailor.verify.running import begin, run
from tailor.verify.world import PREFIX, session_name
from tailor_cli import verify
from tailor_cli.context import session
from tailor_cli.verify_page import records
from tailor_cli.verify_world import surroundings
from tailor_local.bedrock.faults import Faults, Refusal
from tailor_local.places import ROOT
from tests.integration.conftest import forget_clients
from tests.integration.pipeline import Pipeline

EXAMPLE = Path(__file__).parent / "verify-local-cloud.json"
Verified = Callable[..., tuple[int, VerifyRecord]]


@pytest.fixture
def verified(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Verified]:
    """Runs the command; its exit code and what it wrote."""
    for name in ("stack", "runs", "bucket", "serving"):  # of another test's cloud
        session.__dict__.pop(name, None)
    monkeypatch.setattr(session, "local", True)

    def run(*only: str, train: bool = False) -> tuple[int, VerifyRecord]:
        file = tmp_path / "verify-aws.json"
        with pytest.raises(typer.Exit) as ended:
            verify.verify(before=False, only=list(only), output=file, train=train, yes=True)
        return ended.value.exit_code, read(file.read_bytes())

    yield run
    for name in ("stack", "runs", "bucket", "serving"):
        session.__dict__.pop(name, None)


def leftovers(pipeline: Pipeline) -> list[str]:
    """What lies around of calls of the command, other than records of jobs."""
    cloud, bucket = pipeline.cloud, pipeline.outputs["BucketName"]
    found = [cloud.client("s3").list_object_versions(Bucket=bucket, Prefix=folder + PREFIX) for folder in FOLDERS]
    keys = [item["Key"] for page in found for kind in ("Versions", "DeleteMarkers") for item in page.get(kind, [])]
    rules = [rule["Name"] for rule in cloud.client("events").list_rules(NamePrefix=PREFIX)["Rules"]]
    table = cloud.client("dynamodb").scan(TableName=pipeline.outputs["RunsTableName"])["Items"]
    secrets = [key.name for key in pipeline.serving.all_keys()]
    names = [*keys, *rules, *(item["id"]["S"] for item in table), *secrets]
    return [name for name in names if PREFIX in name]


def test_the_local_cloud_is_as_assumed_and_as_recorded(pipeline: Pipeline, verified: Verified) -> None:
    code, record = verified()
    assert [(entry.id, entry.why) for entry in record.checks if entry.verdict != "as assumed"] == []
    assert code == 0
    assert record.recorded_against == "the local cloud"
    assert {entry.id for entry in record.checks} == {check.id for check in CHECKS if check.when != "only when asked"}
    assert leftovers(pipeline) == []
    assert all("Bedrock keeps its record of a job for good" in line for line in record.left_behind)
    example = read(EXAMPLE.read_bytes())
    assert example.recorded_against == "the local cloud"
    for known in (example, *records(ROOT)):
        assert replay(known, record, CHECKS) == [], f"recorded against {known.recorded_against} on {known.day}"


def test_assumptions_that_do_not_hold_are_named_by_their_checks(
    verified: Verified, faults: Callable[[Faults], None]
) -> None:
    gone = Refusal(operation="GetFoundationModel", code="ResourceNotFoundException", message="There is no such model")
    at_once = Refusal(operation="CreateModelCustomizationJob", code="ValidationException", message="Wrong data")
    faults(Faults(refusals=(gone, at_once)))
    code, record = verified("models-lifecycle", "models-customizable", "job-refused")
    found = {entry.id: entry for entry in record.checks}
    assert code == 1
    assert "nova-lite RETIRED" in found["models-lifecycle"].why
    assert found["models-customizable"].verdict == "as assumed"
    assert "status: assumed Failed, observed not created" in found["job-refused"].why
    assert found["job-refused"].observed["message"] == "ValidationException: Wrong data"


def test_a_real_training_goes_live_answers_and_is_taken_down(pipeline: Pipeline, verified: Verified) -> None:
    code, record = verified("training", train=True)
    [entry] = record.checks
    assert (code, entry.why) == (0, "")
    assert entry.observed["states"][:5] == ["received", "preparing", "prepared", "awaiting-approval", "approved"]
    assert leftovers(pipeline) == []
    models = pipeline.cloud.client("bedrock").list_custom_models(nameContains=PREFIX)["modelSummaries"]
    assert [model["modelName"] for model in models] == []


def test_what_a_killed_call_left_is_removed_by_a_later_one(pipeline: Pipeline, verified: Verified) -> None:
    world = surroundings(with_stack=True)
    world.name = session_name(time.time() - LONGEST - 60)
    made = [check for check in CHECKS if check.id in ("missing-object", "api-callers")]
    begin(made, world)
    assert [run(check, world).verdict for check in made] == ["as assumed", "as assumed"]
    prefix = f"{UPLOADS}{world.name}/"
    assert any(name.startswith(prefix) for name in leftovers(pipeline))
    code, record = verified("api-stages")
    assert (code, record.left_behind) == (0, [])
    assert leftovers(pipeline) == []


def test_the_documented_permissions_are_enough(
    pipeline: Pipeline, verified: Verified, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = {"sts:GetCallerIdentity", "cloudformation:DescribeStacks"}
    actions |= {action for check in CHECKS for action in check.permissions}
    actions |= {action for cleaner in CLEANERS for action in cleaner.permissions}
    iam = pipeline.cloud.client("iam")
    iam.create_user(UserName="verifier")
    key = iam.create_access_key(UserName="verifier")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the owner's credentials
    forget_clients()

    def allow(names: set[str]) -> None:
        statement = [{"Effect": "Allow", "Action": sorted(names), "Resource": "*"}]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName="verifier", PolicyName="verify", PolicyDocument=policy)

    allow(actions - {"bedrock:ListFoundationModels"})
    code, record = verified("models-customizable")
    assert (code, record.checks[0].verdict) == (2, "could not be checked")
    assert "bedrock:ListFoundationModels" in record.checks[0].why
    allow(actions)
    code, record = verified()
    assert [(entry.id, entry.why) for entry in record.checks if entry.verdict != "as assumed"] == []
    assert code == 0
    assert all("Bedrock keeps its record of a job for good" in line for line in record.left_behind)
