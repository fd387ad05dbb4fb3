"""boto3 clients whose answers a test gives, checked against botocore's models."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber


@contextmanager
def stubbed(patch: pytest.MonkeyPatch, module: ModuleType, *services: str) -> Iterator[dict[str, Stubber]]:
    """Put stubs, by service, in place of the clients of a module of tailor.aws; at the end all answers were used."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    clients: dict[str, Any] = {name: boto3.client(name, region_name="us-east-1", **keys) for name in services}  # type: ignore[call-overload]
    stubs = {name: Stubber(client) for name, client in clients.items()}
    patch.setattr(module, "client", clients.__getitem__)
    for stub in stubs.values():
        stub.activate()
    yield stubs
    for stub in stubs.values():
        stub.assert_no_pending_responses()
