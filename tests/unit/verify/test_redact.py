"""Nothing that says whose account it is gets into the file."""

import json
import string
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor.errors import InvalidInputError
from tailor.verify.record import CheckEntry, VerifyRecord, read, write
from tailor.verify.redact import Redactor

ACCOUNT, BUCKET, STACK = "210987654321", "acme-data-7f3k", "acme-models"
KNOWN = {ACCOUNT: "account", BUCKET: "bucket", STACK: "stack"}
REDACTOR = Redactor(KNOWN)

digits = st.text(string.digits, min_size=12, max_size=12)
lower = st.text(string.ascii_lowercase + string.digits, min_size=3, max_size=20)
named = st.builds("acme-7-{}".format, st.text(string.ascii_lowercase, min_size=4, max_size=12))
SECRETS: dict[str, st.SearchStrategy[str]] = {
    "account": digits,
    "arn": st.builds("arn:aws:{}:us-east-1:{}:function/{}".format, lower, digits, lower),
    "own arn": st.builds("arn:aws:lambda:us-east-1:{}:function:{}".format, st.just(ACCOUNT), named),
    "bucket's arn": st.builds("arn:aws:s3:::{}/uploads/{}".format, lower, lower),
    "ip": st.ip_addresses(v=4).map(str),
    "email": st.builds("{}@{}.example".format, lower, lower),
    "bucket": st.builds("s3://{}/{}".format, lower, lower),
    "api": st.builds("https://{}.execute-api.us-east-1.amazonaws.com/prod".format, lower),
    "host": st.builds("{}.s3.eu-west-1.amazonaws.com".format, lower),
    "api key": st.builds(
        "tailor-{}-{}".format, lower, st.text(string.ascii_lowercase + "234567", min_size=40, max_size=40)
    ),
    "access key": st.builds("AKIA{}".format, st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16)),
    "secret key": st.builds(
        "1a{}Z9".format, st.text(string.ascii_letters + string.digits + "+/", min_size=36, max_size=36)
    ),
    "request id": st.uuids().map(str),
    "known": st.sampled_from(sorted(KNOWN)),
}
around = st.text(string.ascii_letters + " .,:;'\"()[]{}<>\n\\/=", max_size=30)
separator = st.sampled_from([" ", "\n", "'", '"', "(", ", ", ": ", "=", "[", "{", "<"])


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text with secrets in it, and which."""
    text, secrets = draw(around), []
    for kind in draw(st.lists(st.sampled_from(sorted(SECRETS)), min_size=1, max_size=3)):
        secret = draw(SECRETS[kind])
        secrets.append(secret)
        text += draw(separator) + secret + draw(separator) + draw(around)
    return text, secrets


def record(observed: dict[str, Any], why: str, left: list[str]) -> VerifyRecord:
    entry = CheckEntry(
        id="a-check",
        assumption="It is so.",
        source="https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html",
        when="before deploying",
        cost="0",
        expected={"refused": {}},
        observed=observed,
        verdict="different",
        why=why,
        seconds=1.5,
    )
    return VerifyRecord(
        recorded_against="AWS",
        tailor="0.1.0",
        botocore="1.43.1",
        region="us-east-1",
        day=date(2026, 11, 28),
        checks=[entry],
        left_behind=left,
    )


@given(st.lists(texts(), min_size=4, max_size=4))
def test_no_secret_reaches_the_file(parts: list[tuple[str, list[str]]]) -> None:
    (value, _), (name, _), (why, _), (left, _) = parts
    written = write(record({"refused": {name: [value, {"deep": value}]}}, why, [left]), REDACTOR)
    plain = json.dumps(json.loads(written), ensure_ascii=False)
    for _, secrets in parts:
        for secret in secrets:
            assert secret.lower() not in plain.lower()
            if secret.startswith(f"arn:aws:lambda:us-east-1:{ACCOUNT}"):
                assert secret.rpartition(":")[2] not in plain
    assert read(written).checks[0].id == "a-check"


def test_numbers_and_names_of_fields_too() -> None:
    written = write(record({ACCOUNT: int(ACCOUNT), "name": f"{BUCKET}.s3"}, "", []), REDACTOR)
    assert ACCOUNT not in written
    assert BUCKET not in written
    assert '"<account>": "<account>"' in written


def test_what_says_nothing_of_an_account_stays() -> None:
    said = {
        "message": "Rule is too complex - try using fewer wildcard characters",
        "models": {"amazon.nova-micro-v1:0:128k": "ACTIVE"},
        "code": "InvalidEventPatternException",
        "name": "tailor-verify-6a000000-rule-1",
        "source": "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
        "limit": 1000,
        "found": ["media-missing", "latest", "2026-11-28"],
    }
    redacted: Any = Redactor({**KNOWN, "test": "stack"}).value(said)
    assert redacted == said


def test_a_file_that_would_tell_is_not_written() -> None:
    class Careless(Redactor):
        def text(self, text: str) -> str:
            return text

    with pytest.raises(InvalidInputError, match="a-check still holds <account>"):
        write(record({"id": ACCOUNT}, "", []), Careless(KNOWN))
    with pytest.raises(InvalidInputError, match="left_behind still holds <bucket>"):
        write(record({}, "", [BUCKET]), Careless(KNOWN))


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="the file is no record of tailor verify"):
        read("{}")
