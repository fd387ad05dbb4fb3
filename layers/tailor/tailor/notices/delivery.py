"""One message to all channels, each exactly once; a channel that fails does not keep or repeat the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from tailor.notices.channels import Channel, Outcome
from tailor.notices.messages import Message


class Once(Protocol):
    def __call__(self, key: str, send: Callable[[], Outcome]) -> Outcome:
        """Calls ``send`` unless a call with ``key`` has succeeded; then, and later, returns what it returned.

        An exception of ``send`` passes through and leaves the key free. Raises RetryableError where somebody else is
        busy with the key.
        """


@dataclass(slots=True)
class Delivery:
    """What became of a message, by channel."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)


def deliver(message: Message, channels: Iterable[Channel], once: Once) -> Delivery:
    """Sends to every channel. Failures that another try may cure are collected, not raised."""
    delivery = Delivery()
    for channel in channels:
        try:
            delivery.outcomes[channel.name] = once(f"{message.id}-{channel.name}", partial(channel.send, message))
        except Exception as error:  # whatever breaks one channel must not keep the others from being told
            delivery.failures[channel.name] = error
    return delivery
