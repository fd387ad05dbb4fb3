"""The binary event stream is what botocore decodes."""

import json

from botocore.eventstream import EventStreamBuffer
from botocore.model import StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor_local.bedrock import eventstream, wire


def shape(operation: str) -> StructureShape:
    stream = wire.service_model("bedrock-runtime").operation_model(operation).get_event_stream_output()
    assert isinstance(stream, StructureShape)
    return stream


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5), st.integers(1, 50))
def test_events_survive_any_cut(texts: list[str], size: int) -> None:
    sent = b"".join(
        eventstream.event(
            shape("ConverseStream"), "contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": 0}
        )
        for text in texts
    )
    buffer = EventStreamBuffer()
    for start in range(0, len(sent), size):
        buffer.add_data(sent[start : start + size])
    got = [event.to_response_dict() for event in buffer]
    assert [json.loads(event["body"])["delta"]["text"] for event in got] == texts
    assert all(event["headers"][":event-type"] == "contentBlockDelta" for event in got)


def test_bytes_of_a_chunk_are_base64() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(eventstream.event(shape("InvokeModelWithResponseStream"), "chunk", {"bytes": b"\x00\xff"}))
    (event,) = (event.to_response_dict() for event in buffer)
    assert json.loads(event["body"]) == {"bytes": "AP8="}


def test_an_exception_in_the_stream_is_an_error() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(eventstream.exception("throttlingException", "slow down"))
    (event,) = (event.to_response_dict() for event in buffer)
    assert event["status_code"] == 400
    assert event["headers"][":exception-type"] == "throttlingException"
