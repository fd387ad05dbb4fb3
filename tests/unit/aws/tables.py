"""Tables as the template defines them, in moto."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest

from tailor.aws import clients
from tests.unit.contracts.template import template
from tests.unit.emulated import mock_aws

_SCHEMA = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


@contextmanager
def made_in_moto(resource: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the table that the template calls ``resource``, under a name, for as long as the context lasts."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients.table.cache_clear()
    with mock_aws():
        make_table(resource, name)
        yield
    clients.table.cache_clear()


def make_table(resource: str, name: str) -> None:
    """Make the table that the template calls ``resource``, under a name."""
    properties = template()["Resources"][resource]["Properties"]
    schema = {key: properties[key] for key in _SCHEMA if key in properties}
    boto3.client("dynamodb").create_table(TableName=name, **schema)
