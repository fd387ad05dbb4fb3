"""Checks on a deployed stack: what they make of what they see, and what becomes of what they made."""

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tailor.runs import Run, State
from tailor.storage import FolderStorage
from tailor.verify import CHECKS, CLEANERS
from tailor.verify.answer import AwsAnswer
from tailor.verify.cleaning import clean
from tailor.verify.deployed import Deployed, HttpResponse
from tailor.verify.pictures import SIDE, pictures
from tailor.verify.running import CheckResult, begin, run
from tailor.verify.world import World
from tests.unit.steps.fakes import MemoryAliases, MemoryControl, MemoryRuns, a_run
from tests.unit.verify.fakes import NAME, FakeAws, world

ARN = "arn:aws:bedrock:us-east-1:210987654321:model-customization-job/x/y"


class Api:
    """Answers every request with the same."""

    def __init__(self, status: int, body: Any) -> None:
        self.response = HttpResponse(status, body if isinstance(body, bytes) else json.dumps(body).encode())

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> HttpResponse:
        return self.response


def place(folder: Path, aws: FakeAws, http: Api | None = None) -> World:
    serving: Any = MemoryAliases()
    serving.add_key = lambda key: None
    serving.all_keys = list
    stack = Deployed(
        name="acme",
        bucket_name="acme-data",
        runs_table="runs",
        serving_table="serving",
        api="https://api/v1",
        api_id="api",
        dead_letters=("one", "two"),
        customization_role="arn:aws:iam::210987654321:role/acme",
        by="person:test",
        bucket=FolderStorage(folder),
        runs=MemoryRuns(),
        serving=serving,
        control=MemoryControl(),
        http=http or Api(200, {}),
    )
    return world(aws, stack=stack)


def observed(id: str, where: World) -> CheckResult:
    check = next(check for check in CHECKS if check.id == id)
    begin([check], where)
    return run(check, where)


def job(status: str, training: str = "NotStarted", message: str = "") -> dict[str, Any]:
    phases = {"validationDetails": {"status": status}, "trainingDetails": {"status": training}}
    return {"status": status, "statusDetails": phases, "failureMessage": message}


def bedrock(ended: dict[str, Any], created: Any = None) -> FakeAws:
    return FakeAws(
        {
            ("bedrock", "create_model_customization_job"): created or {"jobArn": ARN},
            ("bedrock", "get_model_customization_job"): ended,
            ("bedrock", "stop_model_customization_job"): {},
        }
    )


def test_a_job_that_fails_in_its_own_words_is_as_assumed_only_where_they_can_be_explained(tmp_path: Path) -> None:
    known = job(
        "Failed", message="Unable to parse Amazon S3 file: train.jsonl. Data files must conform to JSONL format."
    )
    assert observed("job-refused", place(tmp_path, bedrock(known))).verdict == "as assumed"
    unknown = observed("job-refused", place(tmp_path, bedrock(job("Failed", message="No."))))
    assert unknown.why == "explained as: assumed not-jsonl, observed nothing that is known"
    trained = observed("job-refused", place(tmp_path, bedrock(job("Completed", "Completed"))))
    assert "training: assumed NotStarted, observed Completed" in trained.why


def test_what_bedrock_takes_or_refuses_at_once_is_an_observation_but_not_a_full_quota(tmp_path: Path) -> None:
    wrong = AwsAnswer(code="ValidationException", message="The data are wrong")
    found = observed("job-refused", place(tmp_path, bedrock({}, wrong)))
    assert (found.verdict, found.observed["message"]) == ("different", "ValidationException: The data are wrong")
    for code in ("ServiceQuotaExceededException", "AccessDeniedException"):
        found = observed("job-stopped", place(tmp_path, bedrock({}, AwsAnswer(code=code, message="no"))))
        assert found.verdict == "could not be checked"


def test_a_stopped_job_never_trained(tmp_path: Path) -> None:
    assert observed("job-stopped", place(tmp_path, bedrock(job("Stopped")))).verdict == "as assumed"
    assert observed("job-stopped", place(tmp_path, bedrock(job("Stopped", "Stopped")))).verdict == "different"


def test_a_sound_job_is_begun_only_by_who_may_stop_it(tmp_path: Path) -> None:
    aws = bedrock(job("Completed", "Completed"))
    aws.answers["bedrock", "stop_model_customization_job"] = AwsAnswer(code="AccessDeniedException", message="no")
    assert observed("job-stopped", place(tmp_path, aws)).verdict == "could not be checked"
    assert "create_model_customization_job" not in [operation for operation, _ in aws.asked]


def test_a_job_that_does_not_end_says_nothing(tmp_path: Path) -> None:
    where = place(tmp_path, bedrock(job("InProgress")))
    now = iter(range(0, 10**9, 100))
    where.clock = lambda: float(next(now))
    found = observed("job-refused", where)
    assert found.verdict == "could not be checked"
    assert "still InProgress after 1200 seconds" in found.why


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (403, {"message": "Missing Authentication Token"}, "observed 403"),
        (401, b"<html>", "observed 401"),
        (401, {"error": {"code": "other"}}, "observed 401 other"),
    ],
)
def test_an_api_that_answers_otherwise_is_told(tmp_path: Path, status: int, body: Any, why: str) -> None:
    found = observed("api-strangers", place(tmp_path, FakeAws({}), Api(status, body)))
    assert found.verdict == "different"
    assert f"no key: assumed 401 invalid_api_key, {why}" in found.why


def test_a_stage_that_sam_adds_is_told(tmp_path: Path) -> None:
    def stages(*names: str) -> FakeAws:
        return FakeAws({("apigateway", "get_stages"): {"item": [{"stageName": name} for name in names]}})

    assert observed("api-stages", place(tmp_path, stages("prod"))).verdict == "as assumed"
    assert (
        "a stage that SAM adds: assumed no, observed yes"
        in observed("api-stages", place(tmp_path, stages("prod", "Stage"))).why
    )


def test_alarms_that_are_on_or_gone_are_named_as_in_the_template(tmp_path: Path) -> None:
    kind = "AWS::CloudWatch::Alarm"
    resources = [
        {"LogicalResourceId": name, "PhysicalResourceId": f"acme-{name}", "ResourceType": kind} for name in "ABC"
    ]
    alarms = [{"AlarmName": "acme-A", "StateValue": "ALARM"}, {"AlarmName": "acme-B", "StateValue": "OK"}]
    aws = FakeAws(
        {
            ("cloudformation", "list_stack_resources"): {"StackResourceSummaries": resources},
            ("cloudwatch", "describe_alarms"): {"MetricAlarms": alarms},
        }
    )
    found = observed("alarms", place(tmp_path, aws))
    assert found.why == "on: assumed none, observed A; not there: assumed none, observed C"


@pytest.mark.parametrize("enabled", [True, False])
def test_a_role_that_its_service_may_not_take_is_named(enabled: bool, tmp_path: Path) -> None:
    names = ["ImportRole", *(["TrainingRole"] if enabled else [])]
    resources = [{"LogicalResourceId": name, "PhysicalResourceId": f"acme-{name}"} for name in names]

    def role(RoleName: str) -> Any:  # noqa: N803
        statement = {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}}
        return {"Role": {"AssumeRolePolicyDocument": {"Statement": [statement]}, "RoleName": RoleName}}

    listed = {"StackResourceSummaries": resources}
    aws = FakeAws({("cloudformation", "list_stack_resources"): listed, ("iam", "get_role"): role})
    found = observed("training-roles", place(tmp_path, aws))
    assert found.observed["training jobs enabled"] is enabled
    wrong = ["TrainingRole: sagemaker.amazonaws.com"] if enabled else []
    assert found.observed["not to be taken by its service"] == wrong


def test_dead_letters_of_both_queues_count_those_in_flight_too(tmp_path: Path) -> None:
    held = {"Attributes": {"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "2"}}
    found = observed("dead-letters", place(tmp_path, FakeAws({("sqs", "get_queue_attributes"): held})))
    assert found.observed["dead letters"] == 6


@pytest.mark.parametrize("tokens", [1500, 90_000])
def test_tokens_of_an_image_are_held_against_the_estimate(tmp_path: Path, tokens: int) -> None:
    answer = {
        "output": {"message": {"content": [{"text": "đỏ"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": tokens},
    }
    found = observed("converse-bytes", place(tmp_path, FakeAws({("bedrock-runtime", "converse"): answer})))
    assert found.verdict == ("as assumed" if tokens == 1500 else "different")


def settled(folder: Path, state: State, **fields: Any) -> World:
    where = place(folder, FakeAws({}))
    before = (
        State.PREPARING if state == State.REJECTED else State.AWAITING_APPROVAL if state == State.DECLINED else state
    )
    found = a_run(before, f"{NAME}-probe-0123456789ab", project=NAME, dataset="probe", **fields)
    if before != state:
        found = found.moved(state, by="test")
    where.deployed.runs.create(found)
    return where


def test_a_run_that_waits_is_declined_and_one_that_was_rejected_says_why(tmp_path: Path) -> None:
    where = settled(tmp_path, State.AWAITING_APPROVAL, report={"counts": {"train": 8}, "media": {"images": 10}})
    found = observed("probe-run", where)
    assert found.observed["states"][-1] == "declined"
    assert {"rows to train on": 8, "images": 10}.items() <= found.observed.items()
    rejected = observed("probe-run", settled(tmp_path, State.REJECTED))
    assert rejected.verdict == "different"


def test_an_upload_that_nothing_follows_says_so(tmp_path: Path) -> None:
    where = place(tmp_path, FakeAws({}))
    now = iter(range(0, 10**9, 100))
    where.clock = lambda: float(next(now))
    found = observed("probe-run", where)
    assert (found.verdict, found.why) == (
        "could not be checked",
        "no run began within 600 seconds of the upload of probe",
    )


def test_pictures_are_sound_and_no_two_are_alike() -> None:
    assert len({picture.png for picture in pictures()}) == len(pictures()) == 10
    for picture in pictures():
        assert struct.unpack(">II", picture.png[16:24]) == (SIDE, SIDE)
        data = picture.png[picture.png.index(b"IDAT") + 4 : picture.png.index(b"IEND") - 8]
        assert len(zlib.decompress(data)) == SIDE * (3 * SIDE + 1)


def stored(where: World) -> FakeAws:
    """The bucket's versions, and deletes in the table."""

    def versions(Prefix: str, **_: Any) -> Any:  # noqa: N803
        return {"Versions": [{"Key": item.key, "VersionId": "1"} for item in where.deployed.bucket.list(Prefix)]}

    def delete(Delete: Any, **_: Any) -> Any:  # noqa: N803
        where.deployed.bucket.delete(item["Key"] for item in Delete["Objects"])
        return {}

    def forget(Key: Any, **_: Any) -> Any:  # noqa: N803
        runs: Any = where.deployed.runs
        runs.items.pop(Key["id"]["S"])
        return {}

    return FakeAws(
        {
            ("events", "list_rules"): {},
            ("bedrock", "list_model_customization_jobs"): {"modelCustomizationJobSummaries": []},
            ("bedrock", "list_custom_models"): {"modelSummaries": []},
            ("s3", "list_object_versions"): versions,
            ("s3", "delete_objects"): delete,
            ("dynamodb", "delete_item"): forget,
            ("dynamodb", "query"): {"Items": []},
        }
    )


@pytest.mark.parametrize("state", [State.AWAITING_APPROVAL, State.DECLINED, State.PREPARING])
def test_a_run_is_removed_with_its_files_unless_functions_may_be_at_work_on_it(tmp_path: Path, state: State) -> None:
    where = settled(tmp_path, state)
    other = a_run(State.AWAITING_APPROVAL, "colours-scenes-0123456789ab")
    where.deployed.runs.create(other)
    where.call = aws = stored(where)
    mine, theirs = f"uploads/{NAME}/probe/1.png", "uploads/colours/scenes/1.png"
    for key in (mine, theirs, f"runs/{NAME}-probe-0123456789ab/report.json"):
        where.deployed.bucket.write(key, b"x")

    left = clean(where, CLEANERS)

    def found(id: str) -> Run | None:
        return next((run for run in where.deployed.runs.project_runs(id.split("-scenes")[0]) if run.id == id), None)

    assert found(other.id) == other
    assert [item.key for item in where.deployed.bucket.list("uploads/colours")] == [theirs]
    kept = where.deployed.runs.project_runs(NAME)
    if state == State.PREPARING:
        assert [run.state for run in kept] == [State.STOPPED]
        assert left == [f"run {NAME}-probe-0123456789ab: it was under way and is stopped now: the next call removes it"]
        assert clean(where, CLEANERS) == []
    assert where.deployed.runs.project_runs(NAME) == []
    assert [item.key for item in where.deployed.bucket.list("")] == [theirs]
    assert aws.asked


def test_a_job_that_runs_is_stopped_and_its_record_told(tmp_path: Path) -> None:
    where = place(tmp_path, FakeAws({}))
    where.call = aws = stored(where)
    summaries = [
        {"jobName": f"{NAME}-stopped", "status": "InProgress"},
        {"jobName": f"not-{NAME}-at-all", "status": "InProgress"},
    ]
    aws.answers["bedrock", "list_model_customization_jobs"] = {"modelCustomizationJobSummaries": summaries}
    aws.answers["bedrock", "get_model_customization_job"] = {"status": "InProgress"}
    aws.answers["bedrock", "stop_model_customization_job"] = {}
    assert clean(where, CLEANERS) == [f"customization job {NAME}-stopped: Bedrock keeps its record of a job for good"]
    stopped = [given for operation, given in aws.asked if operation == "stop_model_customization_job"]
    assert stopped == [{"jobIdentifier": f"{NAME}-stopped"}]


@pytest.mark.parametrize(
    ("changed", "different"),
    [
        ({}, []),
        ({"ScalingConfig": {}}, ["without a cap: assumed none, observed PrepareRuns"]),
        ({"State": "Disabled"}, ["not enabled: assumed none, observed PrepareRuns"]),
        ({"EventSourceArn": "arn:aws:dynamodb:us-east-1:210987654321:table/t/stream/s", "ScalingConfig": {}}, []),
    ],
)
def test_a_queue_without_a_cap_or_a_function_is_told(
    tmp_path: Path, changed: dict[str, Any], different: list[str]
) -> None:
    mapping = {
        "UUID": "1",
        "State": "Enabled",
        "EventSourceArn": "arn:aws:sqs:us-east-1:210987654321:work",
        "ScalingConfig": {"MaximumConcurrency": 2},
    }
    of_stack = {"PhysicalResourceId": "1", "ResourceType": "AWS::Lambda::EventSourceMapping"}
    answers = {
        ("cloudformation", "list_stack_resources"): {
            "StackResourceSummaries": [of_stack | {"LogicalResourceId": "PrepareRuns"}]
        },
        ("lambda", "list_event_source_mappings"): {"EventSourceMappings": [{"UUID": "theirs"}, mapping | changed]},
    }
    found = observed("queue-caps", place(tmp_path, FakeAws(answers)))
    assert found.why == "; ".join(different)


@pytest.mark.parametrize("lines", [0, 2])
def test_events_of_a_job_are_looked_for_in_the_functions_log(tmp_path: Path, lines: int) -> None:
    aws = bedrock(job("Failed", message="No."))
    logs = {"LogicalResourceId": "Logs", "PhysicalResourceId": "acme-logs", "ResourceType": "AWS::Logs::LogGroup"}
    aws.answers["cloudformation", "list_stack_resources"] = {"StackResourceSummaries": [logs]}
    aws.answers["logs", "filter_log_events"] = {"events": [{"message": "track"}] * lines}
    where = place(tmp_path, aws)
    now = iter(range(0, 10**9, 100))
    where.clock = lambda: float(next(now))
    found = observed("job-events", where)
    assert found.verdict == ("as assumed" if lines else "different")
    asked = [given for operation, given in aws.asked if operation == "filter_log_events"]
    assert asked[0] == {"logGroupName": "acme-logs", "filterPattern": '"y"'}
