"""Whose account it is, and what state a stack is in, told in the words of a person who deploys."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)
from botocore.stub import Stubber

from tailor.aws import stacks as module
from tailor.errors import InvalidInputError, NotAllowedError, RetryableError, TailorError
from tests.unit.stubs import stubbed

THEN = datetime(2026, 11, 22, tzinfo=UTC)
ARN = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Stubber]]:
    with stubbed(monkeypatch, module, "sts", "cloudformation") as stubs:
        yield stubs


def test_the_account_is_told(aws: dict[str, Stubber]) -> None:
    aws["sts"].add_response(
        "get_caller_identity", {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/l"}
    )
    assert module.caller() == module.CallerIdentity("123456789012", "arn:aws:iam::123456789012:user/l", "us-east-1")


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("ExpiredToken", InvalidInputError, "have expired"),
        ("InvalidClientTokenId", InvalidInputError, "does not know"),
        ("SignatureDoesNotMatch", InvalidInputError, "does not know"),
        ("AccessDenied", NotAllowedError, "refuses"),
    ],
)
def test_credentials_that_aws_refuses(code: str, kind: type[TailorError], says: str, aws: dict[str, Stubber]) -> None:
    aws["sts"].add_client_error("get_caller_identity", code)
    with pytest.raises(kind, match=says) as refused:
        module.caller()
    assert "aws sso login" in refused.value.hint


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (NoCredentialsError(), InvalidInputError, "no AWS credentials"),
        (TokenRetrievalError(provider="sso", error_msg="gone"), InvalidInputError, "login has expired"),
        (EndpointConnectionError(endpoint_url="https://sts.us-est-1"), RetryableError, "can't be reached"),
        (ProfileNotFound(profile="dev"), InvalidInputError, "dev"),
    ],
)
def test_credentials_that_are_not_there(
    error: Exception, kind: type[TailorError], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> Any:
        raise error

    monkeypatch.setattr(module, "client", broken)
    with pytest.raises(kind, match=says):
        module.caller()


def a_stack(status: str) -> dict[str, Any]:
    return {"StackName": "tailor", "StackStatus": status, "CreationTime": THEN}


def test_a_stack_is_described_or_is_not_there(aws: dict[str, Stubber]) -> None:
    described = a_stack("UPDATE_COMPLETE") | {
        "LastUpdatedTime": THEN + timedelta(days=1),
        "Parameters": [{"ParameterKey": "BudgetLimit", "ParameterValue": "9"}],
        "Tags": [{"Key": "application", "Value": "tailor"}],
    }
    aws["cloudformation"].add_response("describe_stacks", {"Stacks": [described]}, {"StackName": "tailor"})
    found = module.look_at("tailor")
    assert found is not None
    assert (found.exists, found.since) == (True, THEN + timedelta(days=1))
    assert (found.parameters, found.tags) == ({"BudgetLimit": "9"}, {"application": "tailor"})
    aws["cloudformation"].add_client_error("describe_stacks", "ValidationError", "Stack with id tailor does not exist")
    assert module.look_at("tailor") is None
    aws["cloudformation"].add_client_error("describe_stacks", "AccessDenied")
    with pytest.raises(NotAllowedError):
        module.look_at("tailor")


def test_a_change_set_goes_and_a_stack_that_was_only_in_review_for_it(aws: dict[str, Stubber]) -> None:
    gone = f"{ARN}samcli-deploy1/1"
    cloudformation = aws["cloudformation"]
    cloudformation.add_response("delete_change_set", {}, {"ChangeSetName": gone})
    cloudformation.add_response("describe_stacks", {"Stacks": [a_stack("REVIEW_IN_PROGRESS")]}, {"StackName": "tailor"})
    cloudformation.add_response("list_change_sets", {"Summaries": []}, {"StackName": "tailor"})
    cloudformation.add_response("delete_stack", {}, {"StackName": "tailor"})
    cloudformation.add_client_error("describe_stacks", "ValidationError", "does not exist")
    module.discard("tailor", {gone})


def test_a_stack_in_review_for_somebody_elses_change_set_stays(aws: dict[str, Stubber]) -> None:
    cloudformation = aws["cloudformation"]
    cloudformation.add_response("delete_change_set", {}, {"ChangeSetName": f"{ARN}mine/1"})
    cloudformation.add_response("describe_stacks", {"Stacks": [a_stack("REVIEW_IN_PROGRESS")]}, {"StackName": "tailor"})
    theirs = {"ChangeSetId": f"{ARN}theirs/1", "ExecutionStatus": "AVAILABLE"}
    cloudformation.add_response("list_change_sets", {"Summaries": [theirs]}, {"StackName": "tailor"})
    module.discard("tailor", {f"{ARN}mine/1"})


def test_only_change_sets_that_wait_are_listed_as_waiting(aws: dict[str, Stubber]) -> None:
    found = {"done": "EXECUTE_COMPLETE", "open": "AVAILABLE", "empty": "UNAVAILABLE"}
    summaries = [{"ChangeSetId": ARN + name, "ExecutionStatus": status} for name, status in found.items()]
    for waiting, names in ((True, {"open", "empty"}), (False, set(found))):
        aws["cloudformation"].add_response("list_change_sets", {"Summaries": summaries}, {"StackName": "tailor"})
        assert module.change_sets("tailor", waiting=waiting) == {ARN + name for name in names}


def test_the_cause_of_a_failure_comes_first_and_what_was_cancelled_for_it_not_at_all(aws: dict[str, Stubber]) -> None:
    events = [
        ("Later", "CREATE_FAILED", "Resource creation cancelled", 3),
        ("Second", "CREATE_FAILED", "no", 2),
        ("First", "CREATE_FAILED", "Rule is too complex", 1),
        ("Fine", "CREATE_COMPLETE", "", 1),
        ("Before", "UPDATE_FAILED", "long ago", -1),
    ]
    answer = [
        {
            "StackId": "s",
            "EventId": name,
            "StackName": "tailor",
            "LogicalResourceId": name,
            "ResourceStatus": status,
            "ResourceStatusReason": reason,
            "Timestamp": THEN + timedelta(minutes=minutes),
        }
        for name, status, reason, minutes in events
    ]
    aws["cloudformation"].add_response("describe_stack_events", {"StackEvents": answer}, {"StackName": "tailor"})
    assert module.failures("tailor", THEN) == ["First: Rule is too complex", "Second: no"]
