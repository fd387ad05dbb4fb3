"""The account's limit of concurrent executions, as Lambda answers."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tailor.aws import concurrency as module
from tailor.errors import NotAllowedError


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    functions: Any = boto3.client("lambda", region_name="us-east-1", **keys)  # type: ignore[call-overload]
    monkeypatch.setattr(module, "client", lambda name: {"lambda": functions}[name])
    stub = Stubber(functions)
    stub.activate()
    return stub


def test_the_limit_is_that_of_the_account(stub: Stubber) -> None:
    limit = {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 7}
    stub.add_response("get_account_settings", {"AccountLimit": limit})
    assert module.LambdaLimits().concurrency() == 10


def test_a_role_that_may_not_ask_is_told_apart(stub: Stubber) -> None:
    stub.add_client_error("get_account_settings", "AccessDeniedException", "no")
    with pytest.raises(NotAllowedError):
        module.LambdaLimits().concurrency()
