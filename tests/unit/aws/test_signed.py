"""Calls of DynamoDB without botocore: signed as botocore signs, retried as botocore retries, the same rows."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from tailor.aws.dynamodb import SignedDynamoDb
from tailor.aws.refusals import RefusalError
from tailor.aws.signed import Credentials, SignedService, from_environment, signed_headers, trusting
from tailor.aws.table import ConditionFailedError, Table, from_wire, to_wire
from tailor.errors import NotStorableError, RetryableError, ThrottledError

type Answers = list[tuple[int, bytes] | None]
WORD = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
PATH = st.lists(st.text("abcXYZ019-_~:%", min_size=1, max_size=20), max_size=4).map("/".join)


@given(
    path=PATH,
    body=st.binary(max_size=50),
    headers=st.dictionaries(st.sampled_from(["content-type", "x-amz-target", "X-Amz-Other"]), WORD),
    credentials=st.builds(Credentials, WORD, WORD, st.just("") | WORD),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)),
)
def test_requests_are_signed_as_botocore_signs_them(
    path: str, body: bytes, headers: dict[str, str], credentials: Credentials, now: datetime
) -> None:
    url = f"https://dynamodb.eu-west-1.amazonaws.com/{path}"
    moment = now.replace(tzinfo=UTC)
    scope = ("eu-west-1", "dynamodb")
    ours = signed_headers("POST", url, headers, body, credentials=credentials, scope=scope, now=moment)
    signer = SigV4Auth(BotoCredentials(credentials.key, credentials.secret, credentials.token), "dynamodb", "eu-west-1")
    request = AWSRequest("POST", url, {**headers, "x-amz-date": ours["x-amz-date"]}, body)
    if credentials.token:
        request.headers["X-Amz-Security-Token"] = credentials.token
    request.context["timestamp"] = ours["x-amz-date"]
    names = ours["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    canonical = signer.canonical_request(request)
    assert canonical.split("\n")[-2] == names
    expected = signer.signature(signer.string_to_sign(request, canonical), request)
    assert ours["authorization"].endswith(f"Signature={expected}")


ROW = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(-(10**30), 10**30) | st.decimals(-100, 100, places=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner, max_size=3),
        max_leaves=8,
    ),
)


@given(ROW)
def test_rows_are_written_and_read_as_boto3_does(row: dict[str, Any]) -> None:
    wire = to_wire(row)
    boto = {name: TypeSerializer().serialize(value) for name, value in row.items()}
    assert from_wire(boto) == {name: TypeDeserializer().deserialize(value) for name, value in wire.items()} == row


@pytest.fixture
def server() -> Iterator[Callable[[Answers], SignedDynamoDb]]:
    """A server that gives the answers that it is told; None closes the connection."""
    answers: Answers = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            answer = answers.pop(0)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            self.send_header("content-length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, format: str, *args: Any) -> None:
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    service = SignedService(f"http://127.0.0.1:{served.server_port}", ("us-east-1", "dynamodb"), Credentials("a", "b"))

    def told(given: Answers) -> SignedDynamoDb:
        answers[:] = given
        return SignedDynamoDb(service, lambda _: None)

    yield told
    service.close()
    served.shutdown()
    thread.join()
    served.server_close()


def refused(code: str, status: int = 400) -> tuple[int, bytes]:
    return status, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}).encode()


FOUND = (200, b'{"Item": {"n": {"N": "1"}}}')


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([FOUND], None),
        ([None, FOUND], None),
        ([refused("ThrottlingException"), refused("InternalServerError", 500), (503, b"<html>"), FOUND], None),
        ([(200, b"<html>"), FOUND], None),
        ([refused("ThrottlingException")] * 5, ThrottledError),
        ([None] * 5, RetryableError),
        ([refused("ConditionalCheckFailedException"), FOUND], ConditionFailedError),
    ],
)
def test_what_passes_is_tried_again_and_what_stays_is_named(
    server: Callable[[Answers], SignedDynamoDb], answers: Answers, outcome: type[Exception] | None
) -> None:
    table = Table("t", server(answers))
    if outcome is None:
        assert table.get({"pk": "a"}, "reading") == {"n": Decimal(1)}
    else:
        with pytest.raises(outcome, match=r"^reading: ") as caught:
            table.get({"pk": "a"}, "reading")
        assert type(caught.value) is outcome


def test_a_table_works_over_http_from_several_threads() -> None:
    from moto.server import ThreadedMotoServer  # not for everybody who collects tests: it takes half a second

    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    try:
        host, port = moto.get_host_and_port()
        service = SignedService(f"http://{host}:{port}", ("us-east-1", "dynamodb"), Credentials("a", "b"))
        call = SignedDynamoDb(service)
        attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
        schema = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        made = {"AttributeDefinitions": attributes, "KeySchema": schema, "BillingMode": "PAY_PER_REQUEST"}
        call("CreateTable", {"TableName": "t", **made})
        table, key = Table("t", call), {"pk": "a", "sk": "b"}
        table.put(key | {"n": 0}, "writing", condition="attribute_not_exists(pk)")
        with pytest.raises(ConditionFailedError):
            table.put(key, "writing", condition="attribute_not_exists(pk)")
        with ThreadPoolExecutor(4) as pool:
            # Each its own row: the emulator's threads lose one of two additions to the same.
            rows = [key | {"sk": f"{number:02}"} for number in range(40)]
            list(pool.map(lambda row: table.update(row, "ADD n :one", {":one": 1}, "counting"), rows))
        found = table.query("pk = :pk", {":pk": "a"}, "listing")
        assert found == [row | {"n": Decimal(1)} for row in rows] + [key | {"n": Decimal(0)}]
        with pytest.raises(NotStorableError, match="writing: it can't be stored"):
            table.put(key | {"text": "x" * 450_000}, "writing")
        table.delete([key, key | {"sk": "c"}], "deleting")
        assert table.get(key, "reading") is None
        service.close()
    finally:
        moto.stop()


def test_botocore_is_asked_where_lambdas_environment_does_not_say_it_all() -> None:
    given = {
        "AWS_LAMBDA_FUNCTION_NAME": "authorize",
        "AWS_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_SESSION_TOKEN": "c",
    }

    def made(**changed: str) -> str | None:
        calls = from_environment("dynamodb", given | changed)
        return calls.url if calls else None

    assert made() == "https://dynamodb.cn-north-1.amazonaws.com.cn"
    assert made(AWS_REGION="us-gov-west-1") == "https://dynamodb.us-gov-west-1.amazonaws.com"
    assert made(AWS_ENDPOINT_URL="http://127.0.0.1:1/") == "http://127.0.0.1:1"
    for changed in (
        {"AWS_LAMBDA_FUNCTION_NAME": ""},
        {"AWS_ACCESS_KEY_ID": ""},
        {"AWS_REGION": "us-iso-east-1"},
        {"AWS_REGION": "eusc-de-east-1"},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
    ):
        assert made(**changed) is None


def test_a_refusal_keeps_awss_code(server: Callable[[Answers], SignedDynamoDb]) -> None:
    with pytest.raises(RefusalError) as caught:
        server([refused("ResourceNotFoundException")])("GetItem", {})
    assert (caught.value.code, caught.value.message) == ("ResourceNotFoundException", "no")


def test_a_system_without_authorities_trusts_those_of_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    context = trusting()
    assert context.cert_store_stats()["x509_ca"] > 50
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
