"""The local cloud refuses what AWS refuses, with AWS's code and, where it is known, in AWS's words."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tailor_local.bedrock.faults import Faults
from tailor_local.cloud import ACCOUNT, REGION, LocalCloud
from tailor_local.quotas import QUOTAS
from tests.integration.standin import PLAIN, allow, as_user, make_role, once, refused
from tests.waiting import PATIENCE, until

SetFaults = Callable[[Faults], None]
CODE = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("boom")
    return event if not event.get("large") else "x" * event["large"]
"""
NO_ROOM = Faults(quotas={"concurrency": 0})
INVALID = "InvalidParameterValueException"


def packed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.fixture(scope="module")
def role(local_cloud: LocalCloud) -> str:
    allowed = [allow(["sqs:*", "lambda:InvokeFunction", "logs:*"], "*")]
    return make_role(local_cloud, "strictness", "lambda.amazonaws.com", allowed)


class Functions:
    """Functions of a test, and what Lambda says of them."""

    def __init__(self, cloud: LocalCloud, role: str) -> None:
        self.api = cloud.client("lambda", config=once())
        self._role = role
        self.made: list[str] = []

    def make(self, name: str, **settings: Any) -> str:
        code = {"ZipFile": packed({"app.py": CODE.encode()})}
        given = {"Runtime": "python3.13", "Role": self._role, "Handler": "app.handler", "Code": code}
        arn = str(self.api.create_function(FunctionName=name, **given | settings)["FunctionArn"])
        self.made.append(name)
        self.api.get_waiter("function_active_v2").wait(FunctionName=name)
        return arn

    def invoke(self, name: str, event: dict[str, Any] | bytes, kind: str = "RequestResponse") -> dict[str, Any]:
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        return dict(self.api.invoke(FunctionName=name, InvocationType=kind, Payload=payload))


@pytest.fixture
def functions(local_cloud: LocalCloud, role: str) -> Iterator[Functions]:
    found = Functions(local_cloud, role)
    yield found
    for name in found.made:
        found.api.delete_function(FunctionName=name)


@pytest.fixture
def queue(local_cloud: LocalCloud) -> Iterator[Callable[..., tuple[str, str]]]:
    """``queue(name, **attributes)``: URL and ARN."""
    sqs = local_cloud.client("sqs")
    made = []

    def make(name: str, **attributes: str) -> tuple[str, str]:
        made.append(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])
        return made[-1], f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    yield make
    for url in made:
        sqs.delete_queue(QueueUrl=url)


def letters(cloud: LocalCloud, url: str) -> list[dict[str, Any]]:
    return list(
        cloud.client("sqs")
        .receive_message(QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10)
        .get("Messages", [])
    )


def throttles(cloud: LocalCloud, function: str) -> float:
    """How often a function found no room."""
    answer = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=time.time() - 3600,
        EndTime=time.time() + 60,
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


# ------------------------------------------------------------------------------------------------- concurrency


def test_a_function_that_finds_no_room_is_throttled(functions: Functions, faults: SetFaults) -> None:
    functions.make("crowded")
    faults(NO_ROOM)
    with pytest.raises(ClientError) as caught:
        functions.invoke("crowded", {})
    response: Any = caught.value.response
    assert response["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert response["Reason"] == "ConcurrentInvocationLimitExceeded"
    faults(Faults())
    assert json.load(functions.invoke("crowded", {"fine": 1})["Payload"]) == {"fine": 1}


def test_a_function_without_its_own_room_says_so(functions: Functions, faults: SetFaults) -> None:
    functions.make("reserved")
    faults(Faults(quotas={"concurrency": 20}))
    functions.api.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as caught:
        functions.invoke("reserved", {})
    response: Any = caught.value.response
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_a_new_account_has_ten_at_once_and_none_of_them_can_be_reserved(
    functions: Functions, faults: SetFaults
) -> None:
    functions.make("wants-its-own")
    limits = functions.api.get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (10, 10)

    def reserve(number: int) -> Any:
        return functions.api.put_function_concurrency(FunctionName="wants-its-own", ReservedConcurrentExecutions=number)

    said = (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [10]."
    )
    assert refused(lambda: reserve(1)) == (INVALID, said)
    faults(Faults(quotas={"concurrency": 12}))
    reserve(2)
    assert refused(lambda: reserve(3))[0] == INVALID
    assert functions.api.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 10


def test_who_may_not_read_the_accounts_limits_does_not(local_cloud: LocalCloud) -> None:
    api = as_user(local_cloud, "curious", "lambda")
    assert refused(api.get_account_settings)[0] == "AccessDeniedException"
    api = as_user(local_cloud, "entitled", "lambda", allow("lambda:GetAccountSettings", "*"))
    assert api.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 10


def test_an_event_that_finds_no_room_waits_and_is_no_dead_letter(
    local_cloud: LocalCloud, functions: Functions, queue: Callable[..., tuple[str, str]], faults: SetFaults
) -> None:
    """It fails only once it ran: three times, and the letter tells of the function's own error."""
    url, arn = queue("strictness-dead")
    functions.make("later", DeadLetterConfig={"TargetArn": arn})
    faults(NO_ROOM)
    assert functions.invoke("later", {"fail": True}, "Event")["StatusCode"] == 202
    # More often than a failing function is tried.
    until(lambda: throttles(local_cloud, "later"), lambda number: number > 3)
    assert not letters(local_cloud, url)
    faults(Faults())
    found = until(lambda: letters(local_cloud, url), bool)
    assert len(found) == 1
    assert json.loads(found[0]["Body"]) == {"fail": True}
    attributes = {name: value["StringValue"] for name, value in found[0]["MessageAttributes"].items()}
    assert (attributes["ErrorCode"], attributes["ErrorMessage"]) == ("200", "boom")


def test_a_message_whose_function_finds_no_room_stays_in_its_queue(
    local_cloud: LocalCloud, functions: Functions, queue: Callable[..., tuple[str, str]], faults: SetFaults
) -> None:
    url, arn = queue("strictness-source", VisibilityTimeout="3")
    functions.make("reads-a-queue")
    mapping = functions.api.create_event_source_mapping(FunctionName="reads-a-queue", EventSourceArn=arn)["UUID"]
    sqs = local_cloud.client("sqs")

    def left() -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    faults(NO_ROOM)
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    until(lambda: throttles(local_cloud, "reads-a-queue"), lambda number: number > 1)
    assert left() == 1
    faults(Faults())
    until(left, lambda number: number == 0)
    functions.api.delete_event_source_mapping(UUID=mapping)


def test_the_gateway_answers_with_500_for_a_throttled_function(
    local_cloud: LocalCloud, functions: Functions, faults: SetFaults
) -> None:
    arn = functions.make("behind-the-gateway")
    gateway = local_cloud.client("apigateway")
    api = gateway.create_rest_api(name="strictness")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName="v1")
    functions.api.add_permission(
        FunctionName="behind-the-gateway",
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    faults(NO_ROOM)
    answer = httpx.get(f"{local_cloud.endpoint}/restapis/{api}/v1/_user_request_/", timeout=PATIENCE)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})
    faults(Faults())
    assert httpx.get(f"{local_cloud.endpoint}/restapis/{api}/v1/_user_request_/", timeout=PATIENCE).status_code != 500
    gateway.delete_rest_api(restApiId=api)


class Machine:
    """Runs one task: a function."""

    def __init__(self, cloud: LocalCloud, function: str) -> None:
        self._api = cloud.client("stepfunctions")
        allowed = [allow("lambda:InvokeFunction", "*")]
        definition = {"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": function, "End": True}}}
        self.arn = self._api.create_state_machine(
            name="strictness",
            definition=json.dumps(definition),
            roleArn=make_role(cloud, "strict-machine", "states.amazonaws.com", allowed),
        )["stateMachineArn"]

    def start(self, document: str) -> str:
        return str(self._api.start_execution(stateMachineArn=self.arn, input=document)["executionArn"])

    def run(self, document: dict[str, Any]) -> dict[str, Any]:
        execution = self.start(json.dumps(document))
        return until(
            lambda: dict(self._api.describe_execution(executionArn=execution)),
            lambda found: found["status"] != "RUNNING",
        )


def test_a_state_machine_meets_throttles_and_its_data_has_a_limit(
    local_cloud: LocalCloud, functions: Functions, faults: SetFaults
) -> None:
    machine = Machine(local_cloud, functions.make("a-task"))
    assert machine.run({"fine": 1})["status"] == "SUCCEEDED"
    assert machine.run({"large": 300_000})["error"] == "States.DataLimitExceeded"
    code, said = refused(lambda: machine.start(json.dumps({"text": "x" * 300_000})))
    assert code == "ValidationException"
    assert "less than or equal to 262144" in said
    faults(NO_ROOM)
    assert machine.run({})["error"] == "Lambda.TooManyRequestsException"


# ------------------------------------------------------------------------------------------------- payloads


def test_events_and_answers_of_a_function_have_a_size(functions: Functions) -> None:
    functions.make("measured")
    megabyte = 2**20
    assert functions.invoke("measured", b'"' + b"x" * (megabyte - 2) + b'"', "Event")["StatusCode"] == 202
    for kind, most in (("Event", megabyte), ("RequestResponse", 6 * megabyte)):
        payload = b'{"text":"' + b"x" * most + b'"}'
        assert refused(partial(functions.invoke, "measured", payload, kind)) == (
            "RequestEntityTooLargeException",
            f"{len(payload)} byte payload is too large for the {kind} invocation type (limit {most} bytes)",
        )
    answer = functions.invoke("measured", {"large": 6 * megabyte + 200})
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"]) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }


def test_messages_and_entries_have_a_size(local_cloud: LocalCloud, queue: Callable[..., tuple[str, str]]) -> None:
    events, sns, sqs = (local_cloud.client(name) for name in ("events", "sns", "sqs"))
    entry = {"Source": "tailor", "DetailType": "Test", "Detail": json.dumps({"text": "x" * 2**20})}
    assert refused(lambda: events.put_events(Entries=[entry])) == (
        "ValidationException",
        "Total size of the entries in the request is over the limit.",
    )
    small = entry | {"Detail": json.dumps({"text": "x" * 300_000})}
    assert events.put_events(Entries=[small])["FailedEntryCount"] == 0
    url, _ = queue("strictness-messages")
    assert refused(lambda: sqs.send_message(QueueUrl=url, MessageBody="x" * (2**20 + 1)))[0] == "InvalidParameterValue"
    topic = sns.create_topic(Name="strictness")["TopicArn"]
    assert refused(lambda: sns.publish(TopicArn=topic, Message="x" * (2**18 + 1)))[0] == "InvalidParameter"


# ------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"Environment": {"Variables": {"TEXT": "x" * 4096}}}, "exceeded the 4KB limit. String measured: {"),
        ({"Layers": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l{n}:1" for n in range(6)]}, "more than 5 layers"),
    ],
    ids=["environment", "layers"],
)
def test_settings_that_lambda_refuses(functions: Functions, settings: dict[str, Any], said: str) -> None:
    code, message = refused(lambda: functions.make("refused", **settings))
    assert code == INVALID
    assert said in message
    functions.make("taken")
    code, message = refused(lambda: functions.api.update_function_configuration(FunctionName="taken", **settings))
    assert (code, said in message) == (INVALID, True)


def test_a_function_and_its_layers_have_a_size(local_cloud: LocalCloud, functions: Functions) -> None:
    content = {"ZipFile": packed({"zeros": bytes(250 * 2**20 - len(CODE.encode()) + 1)})}
    layer = functions.api.publish_layer_version(LayerName="large", Content=content)["LayerVersionArn"]
    size = 250 * 2**20 + 1
    expected = (
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. "
        f"The actual size is {size} bytes."
    )
    assert refused(lambda: functions.make("too-large", Layers=[layer])) == (INVALID, expected)
    functions.api.delete_layer_version(LayerName="large", VersionNumber=1)


def test_a_queue_waits_at_least_as_long_as_its_function(
    functions: Functions, queue: Callable[..., tuple[str, str]]
) -> None:
    functions.make("slow", Timeout=60)

    def map_source(arn: str) -> Any:
        return functions.api.create_event_source_mapping(FunctionName="slow", EventSourceArn=arn)

    impatient, patient = queue("impatient")[1], queue("patient", VisibilityTimeout="60")[1]
    assert refused(lambda: map_source(impatient)) == (
        INVALID,
        "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds",
    )
    functions.api.delete_event_source_mapping(UUID=map_source(patient)["UUID"])


# ------------------------------------------------------------------------------------------------- templates


def stack_of(role: str, **function: Any) -> dict[str, Any]:
    """A template of one function."""
    made = {"Runtime": "python3.13", "Handler": "index.handler", "Role": role, "Code": {"ZipFile": CODE}}
    settings = made | function
    return {"Resources": {"Function": {"Type": "AWS::Lambda::Function", "Properties": settings}}}


class Stacks:
    def __init__(self, cloud: LocalCloud) -> None:
        self._api = cloud.client("cloudformation")
        self.made: list[str] = []

    def make(self, name: str, template: dict[str, Any]) -> str:
        """Empty where it was made, else why not."""
        self._api.create_stack(StackName=name, TemplateBody=json.dumps(template))
        self.made.append(name)

        def look() -> str:
            return str(self._api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

        if until(look, lambda status: not status.endswith("IN_PROGRESS")) == "CREATE_COMPLETE":
            return ""
        events = self._api.describe_stack_events(StackName=name)["StackEvents"]
        return " ".join(event.get("ResourceStatusReason", "") for event in events)


@pytest.fixture
def stacks(local_cloud: LocalCloud) -> Iterator[Stacks]:
    found = Stacks(local_cloud)
    yield found
    for name in found.made:
        local_cloud.client("cloudformation").delete_stack(StackName=name)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ReservedConcurrentExecutions": 1}, "below its minimum value of [10]"),
        ({"Environment": {"Variables": {"TEXT": "x" * 4096}}}, "exceeded the 4KB limit"),
        ({"Layers": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l{n}:1" for n in range(6)]}, "more than 5 layers"),
    ],
    ids=["reservation", "environment", "layers"],
)
def test_a_template_is_refused_for_what_lambda_refuses(
    stacks: Stacks, role: str, settings: dict[str, Any], said: str
) -> None:
    assert said in stacks.make(f"strict-{len(said)}", stack_of(role, **settings))


def test_a_template_is_refused_for_an_impatient_queue(stacks: Stacks, role: str) -> None:
    template = stack_of(role, Timeout=60)
    source = {"FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}}
    template["Resources"] |= {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": source},
    }
    assert "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds" in stacks.make(
        "strict-queue", template
    )


def test_a_templates_dead_letter_queue_gets_what_failed_three_times(
    local_cloud: LocalCloud, stacks: Stacks, functions: Functions, role: str
) -> None:
    dead = {"DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}}}
    template = stack_of(role, FunctionName="strict-fails", **dead)
    template["Resources"]["Dead"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "strict-dead"}}
    assert not stacks.make("strict-dead", template)
    functions.invoke("strict-fails", {"fail": True, "number": 7}, "Event")
    url = local_cloud.client("sqs").get_queue_url(QueueName="strict-dead")["QueueUrl"]
    found = until(lambda: letters(local_cloud, url), bool)
    assert [json.loads(letter["Body"]) for letter in found] == [{"fail": True, "number": 7}]


# ------------------------------------------------------------------------------------------------- Bedrock


def test_a_new_account_asks_custom_models_a_few_times_a_minute(
    local_cloud: LocalCloud, deployment: str, faults: SetFaults
) -> None:
    """One more call than a minute takes, each begun before the first one's minute is over."""
    few = QUOTAS["custom-requests-a-minute"].new
    faults(Faults(quotas={"custom-requests-a-minute": few}))
    runtime = local_cloud.client("bedrock-runtime", config=once())
    messages = [{"role": "user", "content": [{"text": "Màu gì?"}]}]

    def ask(model: str) -> str:
        try:
            runtime.converse(modelId=model, messages=messages)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "answered"

    def a_minutes_calls() -> list[str]:
        return [ask(deployment) for _ in range(few + 1)]

    assert "ThrottlingException" in until(a_minutes_calls, lambda said: said.count("answered") == few)
    assert until(lambda: ask(deployment), lambda said: said == "answered"), "after a minute it is asked again"
    assert ask(PLAIN) == "answered", "the base has a rate of its own"


@pytest.mark.parametrize(
    ("region", "base", "taken"),
    [
        ("us-east-1", "amazon.nova-lite-v1:0:300k", True),
        ("us-west-2", "amazon.nova-lite-v1:0:300k", False),
        ("us-west-2", "meta.llama3-1-8b-instruct-v1:0:128k", True),
        ("us-east-1", "meta.llama3-1-8b-instruct-v1:0:128k", False),
        ("ap-southeast-1", "amazon.nova-lite-v1:0:300k", False),
    ],
)
def test_a_model_is_trained_only_in_its_region(local_cloud: LocalCloud, region: str, base: str, taken: bool) -> None:
    bedrock = local_cloud.client("bedrock", region_name=region)
    offered = {model["modelId"] for model in bedrock.list_foundation_models()["modelSummaries"]}
    assert (base in offered) == taken
    name = f"region-{region}-{'taken' if taken else 'refused'}"

    def submit() -> Any:
        return bedrock.create_model_customization_job(
            jobName=name,
            customModelName=name,
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody",
            baseModelIdentifier=base,
            trainingDataConfig={"s3Uri": "s3://nowhere/train.jsonl"},
            outputDataConfig={"s3Uri": "s3://nowhere/out"},
        )

    if taken:
        submit()  # the role fails the job, and not the Region
    else:
        assert refused(submit) == ("ValidationException", "The provided model identifier is invalid.")


# ------------------------------------------------------------------------------------------------- DynamoDB


@pytest.fixture(scope="module")
def table(local_cloud: LocalCloud) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """Puts an item, as it goes over the wire: no client's own checks come between."""
    dynamodb = local_cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="strictness",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield lambda item: dynamodb.put_item(TableName="strictness", Item={"id": {"S": "1"}} | item)
    dynamodb.delete_table(TableName="strictness")


@pytest.mark.parametrize(
    "item",
    [
        {"n": {"N": "1" * 39}},
        {"n": {"N": "1E126"}},
        {"n": {"N": "1E-131"}},
        {"n": {"N": "NaN"}},
        {"n": {"N": "Infinity"}},
        {"id": {"S": ""}},
        {"text": {"S": "x" * 400 * 1024}},
    ],
    ids=["39 digits", "too large", "too small", "NaN", "Infinity", "empty key", "over 400 KB"],
)
def test_items_that_dynamodb_refuses(table: Callable[[dict[str, Any]], Any], item: dict[str, Any]) -> None:
    assert refused(lambda: table(item))[0] == "ValidationException"


def test_items_that_dynamodb_takes(table: Callable[[dict[str, Any]], Any]) -> None:
    table({"n": {"N": "1" * 38}, "small": {"N": "1E-130"}, "large": {"N": "9.99E125"}, "text": {"S": ""}})


def test_an_alarm_watches_its_own_dimensions(local_cloud: LocalCloud) -> None:
    cloudwatch = local_cloud.client("cloudwatch")
    mine, other = ([{"Name": "FunctionName", "Value": f"watched-{name}"}] for name in ("mine", "other"))
    metric: dict[str, Any] = {"Namespace": "Watched", "MetricName": "Errors"}
    cloudwatch.put_metric_alarm(
        AlarmName="watched-mine",
        **metric,
        Dimensions=mine,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )

    def state_after(dimensions: list[dict[str, str]]) -> str:
        point = {"MetricName": "Errors", "Dimensions": dimensions, "Value": 1}
        cloudwatch.put_metric_data(Namespace="Watched", MetricData=[point])
        [alarm] = cloudwatch.describe_alarms(AlarmNames=["watched-mine"])["MetricAlarms"]
        return str(alarm["StateValue"])

    assert state_after(other) != "ALARM"
    assert state_after(mine) == "ALARM"
    cloudwatch.delete_alarms(AlarmNames=["watched-mine"])
