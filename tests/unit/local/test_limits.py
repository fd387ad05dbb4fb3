"""What the hooks decide by themselves, apart from the emulator."""

import pytest

from tailor_local.hooks import payloads, refusals
from tailor_local.hooks.concurrency import room


@pytest.mark.parametrize(
    ("limit", "reserved", "running", "fits"),
    [
        (10, {}, {}, True),
        (10, {}, {"a": 9}, True),
        (10, {}, {"a": 6, "b": 4}, False),
        (20, {"a": 5}, {"b": 14}, True),
        (20, {"a": 5}, {"b": 15}, False),
        (20, {"a": 5}, {"a": 5, "b": 14}, True),
    ],
    ids=["none runs", "one is left", "all run", "beside a reservation", "into a reservation", "a reservation in use"],
)
def test_room_for_one_more(limit: int, reserved: dict[str, int], running: dict[str, int], fits: bool) -> None:
    assert room(limit, reserved, running) is fits


def test_an_entry_is_measured_as_eventbridge_measures_it() -> None:
    entry = {"Source": "a" * 6, "DetailType": "b" * 4, "Detail": "đ", "Resources": ["c" * 10, "d"]}
    assert payloads.entry_size(entry) == 6 + 4 + 2 + 11
    assert payloads.entry_size(entry | {"Time": "2026-11-22T10:00:00Z"}) == 6 + 4 + 2 + 11 + 14


def test_an_environment_is_measured_as_json_in_utf8() -> None:
    frame = len('{"A":""}')
    assert refusals.problem({"Environment": {"Variables": {"A": "x" * (4096 - frame)}}}) is None
    assert refusals.problem({"Environment": {"Variables": {"A": "x" * (4097 - frame)}}}) is not None
    assert refusals.problem({"Environment": {"Variables": {"A": "đ" * (2049 - frame // 2)}}}) is not None
