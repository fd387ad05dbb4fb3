"""Faults hit exactly the calls that were asked for, without chance."""

import pytest

from tailor_local.bedrock.faults import Desk, EventFaults, Failure, Faults, Refusal, Stall, read
from tailor_local.errors import LocalCloudError


def test_nothing_goes_wrong_unasked() -> None:
    desk = Desk(Faults())
    assert desk.refusal("Converse") is None
    assert desk.failure("job", "training") is None
    assert not desk.stalled("job", "training")
    assert not desk.event_lost()


def test_a_rate_is_spread_evenly() -> None:
    desk = Desk(Faults(refusals=(Refusal(operation="Converse*", rate=0.3),)))
    hits = [desk.refusal("ConverseStream") is not None for _ in range(10)]
    assert hits == [False, False, False, True, False, False, True, False, False, True]
    assert desk.refusal("InvokeModel") is None


def test_a_fault_ends_after_its_times() -> None:
    desk = Desk(Faults(refusals=(Refusal(operation="*", times=2),), failures=(Failure(job="a*", times=1),)))
    assert [desk.refusal("Converse") is not None for _ in range(4)] == [True, True, False, False]
    assert desk.failure("b", "training") is None
    assert desk.failure("a1", "training") is not None
    assert desk.failure("a2", "training") is None


def test_a_fault_begins_after_so_many_calls() -> None:
    desk = Desk(Faults(refusals=(Refusal(operation="Converse", after=2, times=2),)))
    assert [desk.refusal("Converse") is not None for _ in range(6)] == [False, False, True, True, False, False]
    desk = Desk(Faults(refusals=(Refusal(operation="Converse", after=1, rate=0.5),)))
    assert [desk.refusal("Converse") is not None for _ in range(5)] == [False, False, True, False, True]


def test_time_stands_still_while_what_is_being_made_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([10.0, 20.0, 30.0])
    monkeypatch.setattr("tailor_local.bedrock.faults.time.time", lambda: next(moments))
    desk = Desk(Faults(hold=True))
    assert [desk.now(), desk.now()] == [10, 10]
    desk.replace(Faults(hold=True, learn=False))
    assert desk.now() == 10
    desk.replace(Faults())
    assert [desk.now(), desk.now()] == [20, 30]


def test_stalls_name_jobs_and_phases() -> None:
    desk = Desk(Faults(stalls=(Stall(job="colours-*", phase="training"),)))
    assert desk.stalled("colours-1", "training")
    assert not desk.stalled("colours-1", "validation")
    assert not desk.stalled("shapes", "training")


def test_half_of_the_events_are_lost() -> None:
    desk = Desk(Faults(events=EventFaults(lose=0.5)))
    assert [desk.event_lost() for _ in range(4)] == [False, True, False, True]


def test_what_can_not_be_read_is_named() -> None:
    with pytest.raises(LocalCloudError, match=r"surprise: Extra inputs.*; refusals\.0\.rate: "):
        read('{"refusals": [{"operation": "x", "rate": 2}], "surprise": 1}')
