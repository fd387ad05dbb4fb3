"""How much of a queue goes into one event."""

from tailor_local.hooks.queues import EVENT_BYTES, RECORD_BYTES, fitting
from tests.unit.steps.uploads import SHAPE


def test_a_batch_fits_into_an_event_and_is_never_empty() -> None:
    assert fitting([{"body": "x"}] * 9) == 9
    assert fitting([{"body": "x" * EVENT_BYTES}]) == 1
    half = {"body": "x" * (EVENT_BYTES // 2 - RECORD_BYTES - 2)}
    assert fitting([half] * 3) == 2


def test_thousands_of_messages_about_uploads_fit() -> None:
    """As docs/architecture.md reckons what uploads cost."""
    assert 2500 < fitting([{"body": SHAPE["body"]}] * 10_000) < 5000
