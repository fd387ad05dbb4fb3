"""AWS in memory, by moto, with the same answers as moto's own for much less work, and one call at a time.

Tests take ``mock_aws`` from here. moto checks the condition of a write in one step and writes in another: of two
threads both could be the first, which DynamoDB never allows. It asks several naming rules for every possible member of
every value of a DynamoDB item, weighs an item again with each attribute that it takes in, draws an RSA key for every
subscription to SNS, lists a service's operations for every call, and prepares for requests by the ``requests`` library,
which nothing here sends to AWS. ``test_emulated.py`` holds that answers have the same bytes, items the same largest
size, and that conditional writes are whole.
"""

import threading
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from moto import mock_aws
from moto.core import models, responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.sns.models import Subscription

__all__ = ["mock_aws"]

moto_structure = BaseJSONSerializer._serialize_type_structure


def _structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Write a structure; of an item's value, which is a dict by AWS's own names, only the members that are there."""
    members = shape.members
    if not key or shape.name != "AttributeValue" or type(value) is not dict or not value.keys() <= members.keys():
        moto_structure(serializer, serialized, value, shape, key)
        return
    written: dict[str, Any] = {}
    serialized[key] = written
    for name, member in value.items():
        if name in ("S", "N") and type(member) is str:
            written[name] = member
        elif member is not None:
            serializer._serialize(written, member, members[name], name)


def _take_in(item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    """Fill a new item; its size is checked once, with the last attribute."""
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict({name: DynamoType(value) for name, value in attrs.items()})
    if item.attrs:
        name, value = item.attrs.popitem()
        item.attrs[name] = value


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


_one_call = threading.RLock()  # an answer may ask another service
moto_answer = BotocoreStubber.process_request


def _in_turn(stubber: BotocoreStubber, request: Any) -> Any:
    with _one_call:
        return moto_answer(stubber, request)


_OURS: tuple[tuple[object, str, object], ...] = (
    (BaseJSONSerializer, "_serialize_type_structure", _structure),
    (Item, "__init__", _take_in),
    (Subscription, "private_key", lambda _: _key()),
    (models, "RESPONSES_METHODS", []),
    (responses, "method_names_from_class", cache(method_names_from_class)),
    (BotocoreStubber, "process_request", _in_turn),
)
for owner, name, replacement in _OURS:
    assert hasattr(owner, name), f"moto has moved {name}: what stands here would change nothing"
    setattr(owner, name, replacement)
