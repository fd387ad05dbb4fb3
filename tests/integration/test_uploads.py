"""Uploads on the deployed template: rule, queue, function; and what AWS would refuse of them is refused here."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tailor.aws.clients import client
from tailor.aws.folders import FolderTable
from tailor.runs import State
from tailor.serving import keys
from tailor_local.cloud import ACCOUNT, LocalCloud
from tailor_local.deployment import PARAMETERS
from tests.integration.pipeline import Pipeline
from tests.integration.standin import for_rule
from tests.unit.contracts.test_uploads import OLD_KEYS
from tests.unit.steps.uploads import message
from tests.waiting import PATIENCE, until

ROWS = b"question,answer\n" + b"".join(b"%d + %d?,%d\n" % (n, n, n + n) for n in range(60))
ROWS_OF_JSON = b"".join(b'{"question": "%d + %d?", "answer": "%d"}\n' % (n, n, n + n) for n in range(60))
QUIET = timedelta(seconds=float(PARAMETERS["QuietSeconds"]))
OLD_RULE = {"source": ["aws.s3"], "detail": {"object": {"key": OLD_KEYS}}}


@pytest.fixture
def mapping(pipeline: Pipeline) -> Iterator[str]:
    """The mapping of queue and function, switched off; it is switched on again after the test."""
    functions = client("lambda")
    [found] = functions.list_event_source_mappings(FunctionName=pipeline.function("ReceiveFunction"))[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=found["UUID"], Enabled=False)
    yield found["UUID"]
    functions.update_event_source_mapping(UUID=found["UUID"], Enabled=True)


def depth(url: str, *names: str) -> int:
    wanted = [f"ApproximateNumberOfMessages{name}" for name in names or ("",)]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
    return sum(int(value) for value in found.values())


def test_a_batch_of_media_is_one_call_and_the_data_among_them_start_one_run_each(
    pipeline: Pipeline, mapping: str
) -> None:
    """Nothing but the endings tells data and media apart, in any case of letters."""
    url = pipeline.outputs["UploadsQueueUrl"]
    started = [
        pipeline.upload("cases/mixed", {f"images/{n}.PNG": b"%d" % n for n in range(60)} | {"Sums.Csv": ROWS}),
        pipeline.upload("cases/lines", {"a.Jsonl": b'{"prompt": "a", "completion": "b"}\n' * 3}),
    ]
    until(lambda: depth(url), lambda ready: ready >= 62)
    functions = client("lambda")
    functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    result = until(
        lambda: functions.get_event_source_mapping(UUID=mapping)["LastProcessingResult"], lambda said: "62" in said
    )
    assert result == "OK - 62 records"
    for run_id in started:
        pipeline.wait(run_id, *State)
    assert sorted(run.id for run in pipeline.runs.project_runs("cases")) == sorted(started)
    assert pipeline.dead() == []


def whole(pipeline: Pipeline, run_id: str) -> None:
    """The run on all that was uploaded goes on; one that began on less, on a machine that was slow, was superseded."""
    pipeline.wait(run_id, *State)
    others = [run for run in pipeline.runs.project_runs(run_id.split("-")[0]) if run.id != run_id]
    assert {run.state for run in others} <= {State.SUPERSEDED}


def test_a_second_file_that_takes_longer_is_part_of_the_run(pipeline: Pipeline) -> None:
    """As `aws s3 sync` sends them; the parts of the large one come while the small ones have long been quiet."""
    s3, prefix = client("s3"), "uploads/slow/questions/"
    pipeline.upload("slow/questions", {"dev.jsonl": ROWS_OF_JSON, "tailor.yaml": b"model: nova-lite"})
    place = {"Bucket": pipeline.bucket.bucket, "Key": f"{prefix}train.jsonl"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    folders = FolderTable(pipeline.outputs["FoldersTableName"])
    # The wait that follows is longer than the quiet period, which ends again and again.
    seen = until(lambda: folders.get(prefix), lambda folder: folder is not None and folder.quiet_at is not None)
    assert seen is not None
    assert seen.quiet_at is not None
    until(lambda: datetime.now(UTC), lambda now: now > seen.quiet_at + 2 * QUIET, pause=0.2)  # type: ignore[operator]
    assert pipeline.runs.project_runs("slow") == []
    part = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=ROWS_OF_JSON * 20)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    whole(pipeline, pipeline.upload("slow/questions", {}))


def test_a_data_file_that_sorts_first_among_many_pictures_waits_for_them_all(pipeline: Pipeline) -> None:
    files = {"a.csv": ROWS} | {f"images/{number:03}.png": b"%d" % number for number in range(300)}
    whole(pipeline, pipeline.upload("first/pictures", files))


def test_a_mark_starts_the_run_and_an_upload_that_starts_none_is_answered(pipeline: Pipeline) -> None:
    whole(pipeline, pipeline.upload("marked/sums", {"parts/a.csv": ROWS, "_SUCCESS": b""}))
    pipeline.upload("sheets/old", {"a.doc": b"\xd0\xcf\x11\xe0"})
    pipeline.notices("sheets", 1, "sheets: an upload started no run")
    assert pipeline.runs.project_runs("sheets") == []
    assert pipeline.dead() == []


def test_a_browser_uploads_by_signed_addresses_and_nothing_starts_before_it_says_so(pipeline: Pipeline) -> None:
    secret, _ = keys.create(pipeline.serving, "Linh", ["signed"], scopes=["upload"])
    http = httpx.Client(headers={"Authorization": f"Bearer {secret}"}, timeout=PATIENCE)
    upload = f"{pipeline.api}/uploads/signed/sums"
    begun = http.post(upload, json={"files": [{"name": "sums.csv", "size": len(ROWS)}]})
    assert begun.status_code == 200, begun.text
    piece = {"name": "sums.csv", "part": 0, "sha256": base64.b64encode(hashlib.sha256(ROWS).digest()).decode()}
    [link] = http.post(f"{upload}/links", json={"pieces": [piece]}).json()["data"]
    for url, data in ((link["url"], ROWS[:-1] + b"!"), (link["url"], ROWS + b"!"), (swapped(link["url"]), ROWS)):
        assert httpx.put(url, headers=link["headers"], content=data, timeout=PATIENCE).status_code in (400, 403)
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": ",".join(link["headers"])}
    for origin, allowed in (("https://abc.execute-api.us-east-1.amazonaws.com", 200), ("https://evil.example", 403)):
        preflight = httpx.options(link["url"], headers={"Origin": origin} | asked, timeout=PATIENCE)
        assert preflight.status_code == allowed
    assert httpx.put(link["url"], headers=link["headers"], content=ROWS, timeout=PATIENCE).status_code == 200
    seen = http.post(f"{upload}/preview", json={})
    assert (seen.status_code, seen.json()["checked"]) == (200, 60), seen.text
    assert pipeline.runs.project_runs("signed") == []
    ended = http.post(f"{upload}/done", json={"columns": {"answer": "answer"}, "ask_first": True})
    assert ended.status_code == 200, ended.text
    [run] = until(lambda: pipeline.runs.project_runs("signed"), bool)
    pipeline.wait(run.id, State.AWAITING_APPROVAL, State.PREPARED, State.REJECTED)
    assert run.has_recipe
    http.close()


def swapped(url: str) -> str:
    """Return an address for another object."""
    return url.replace("sums.csv", "other.csv")


def test_a_poisoned_message_ends_among_the_dead_letters_and_the_upload_beside_it_in_a_run(
    pipeline: Pipeline, mapping: str
) -> None:
    sqs, url = client("sqs"), pipeline.outputs["UploadsQueueUrl"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "120"})
    try:
        sqs.send_message(QueueUrl=url, MessageBody="poison")
        run_id = pipeline.upload("poisoned/sums", {"sums.csv": ROWS})
        until(lambda: depth(url), lambda ready: ready >= 2)
        client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
        pipeline.wait(run_id, *State)
        assert until(pipeline.dead, bool) == ["poison"]
        assert depth(url, "", "NotVisible", "Delayed") == 0
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def test_the_rule_that_named_each_ending_is_refused_by_eventbridge(local_cloud: LocalCloud) -> None:
    rules = local_cloud.client("events")
    with pytest.raises(ClientError, match="Rule is too complex") as refused:
        rules.put_rule(Name="old", EventPattern=json.dumps(OLD_RULE))
    assert refused.value.response["Error"]["Code"] == "InvalidEventPatternException"
    assert "old" not in [rule["Name"] for rule in rules.list_rules()["Rules"]]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (OLD_RULE, "Rule is too complex"),
        ({"detail": {"slug": "not-in-an-array"}}, '"slug" must be an object or an array'),
        ({"source": []}, "Empty arrays are not allowed"),
        ({"detail": {"key": [{"ends-with": ".csv"}]}}, "Unrecognized match type ends-with"),
    ],
    ids=["complex", "shape", "empty", "operator"],
)
def test_a_stack_with_a_rule_that_eventbridge_refuses_fails(
    local_cloud: LocalCloud, pattern: dict[str, Any], reason: str
) -> None:
    stacks = local_cloud.client("cloudformation")
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern}}
    stacks.create_stack(StackName="refused", TemplateBody=json.dumps({"Resources": {"Rule": rule}}))
    try:
        events = until(
            lambda: stacks.describe_stack_events(StackName="refused")["StackEvents"],
            lambda found: any(event["ResourceStatus"] == "CREATE_FAILED" for event in found),
        )
    finally:
        stacks.delete_stack(StackName="refused")
    assert reason in str([event.get("ResourceStatusReason") for event in events])


def test_a_rule_that_a_queue_does_not_let_in_uses_its_own_dead_letters(local_cloud: LocalCloud) -> None:
    sqs, rules = local_cloud.client("sqs"), local_cloud.client("events")
    urls = {name: sqs.create_queue(QueueName=f"let-in-{name}")["QueueUrl"] for name in ("closed", "dead")}
    arns = {
        name: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for name, url in urls.items()
    }
    rule = rules.put_rule(Name="let-in", EventPattern=json.dumps({"source": ["let-in"]}))["RuleArn"]
    try:
        dead = {"Arn": arns["dead"]}
        rules.put_targets(Rule="let-in", Targets=[{"Id": "1", "Arn": arns["closed"], "DeadLetterConfig": dead}])
        for name, policy in (
            ("closed", for_rule(rule.replace("let-in", "another"), arns["closed"])),
            ("dead", for_rule(rule, arns["dead"])),
        ):
            sqs.set_queue_attributes(QueueUrl=urls[name], Attributes={"Policy": json.dumps(policy)})
        rules.put_events(Entries=[{"Source": "let-in", "DetailType": "test", "Detail": "{}"}])
        [found] = until(lambda: sqs.receive_message(QueueUrl=urls["dead"]).get("Messages", []), bool)
        assert json.loads(found["Body"])["source"] == "let-in"
        assert not sqs.receive_message(QueueUrl=urls["closed"]).get("Messages")
    finally:
        rules.remove_targets(Rule="let-in", Ids=["1"])
        rules.delete_rule(Name="let-in")


@pytest.mark.parametrize(
    ("changes", "queue", "reason"),
    [
        ({"BatchSize": 100}, {"VisibilityTimeout": "60"}, "Maximum batch window in seconds must be greater than 0"),
        ({}, {"VisibilityTimeout": "60"}, "does not have permissions to call ReceiveMessage on SQS"),
    ],
    ids=["window", "role"],
)
def test_a_queue_is_joined_to_a_function_only_as_lambda_allows_it(
    pipeline: Pipeline, changes: dict[str, Any], queue: dict[str, str], reason: str
) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=f"joined-{len(reason)}", Attributes=queue)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:joined-{len(reason)}"
    function = pipeline.function("TrackFunction")
    with pytest.raises(ClientError, match=reason):
        client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=function, **changes)
    sqs.delete_queue(QueueUrl=url)


def test_the_messages_in_the_queue_are_what_s3_and_eventbridge_write(pipeline: Pipeline, mapping: str) -> None:
    """The emulator's shape holds all that Tailor reads of AWS's."""
    url = pipeline.outputs["UploadsQueueUrl"]
    pipeline.bucket.write("uploads/shape/of/a.png", b"png")
    pipeline.bucket.write("runs/shape/prepared/train.jsonl", b"{}")
    found = until(lambda: client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", []), bool)
    written = json.loads(found[0]["Body"])
    expected = json.loads(message("uploads/shape/of/a.png", datetime.now(UTC))["body"])
    assert written["detail"]["object"]["key"] == "uploads/shape/of/a.png"
    for part in ("source", "detail-type"):
        assert written[part] == expected[part]
    assert written.keys() >= expected.keys() - {"resources"}
    assert written["detail"]["object"].keys() >= {"key", "etag", "size", "sequencer"}
    assert depth(url, "", "Delayed") == 1, "what Tailor writes is no upload"
