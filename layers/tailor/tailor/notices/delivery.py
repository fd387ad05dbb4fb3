"""Deliver a message to all channels, once each; a failing channel does not block or repeat the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, runtime_checkable

from tailor.notices.channels import Channel, SendResult
from tailor.notices.messages import Notice


class Once(Protocol):
    def __call__(self, key: str, send: Callable[[], SendResult]) -> SendResult:
        """Call ``send`` once for ``key``; return its result, then and later.

        An exception of ``send`` passes through and leaves the key free.

        Raises:
            RetryableError: another call is busy with the key.
        """


@dataclass(slots=True)
class Delivery:
    """The result of a delivery, by channel."""

    outcomes: dict[str, SendResult] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)


def deliver(message: Notice, channels: Iterable[Channel], once: Once) -> Delivery:
    """Send to every channel. Retryable failures are collected, not raised."""
    delivery = Delivery()
    for channel in channels:
        try:
            delivery.outcomes[channel.name] = once(f"{message.id}-{channel.name}", partial(channel.send, message))
        except Exception as error:  # whatever breaks one channel must not keep the others from being told
            delivery.failures[channel.name] = error
    return delivery


@runtime_checkable
class Standing(Protocol):
    """A channel with a message that shows a run's current state."""

    @property
    def name(self) -> str: ...

    def refresh(self) -> SendResult:
        """Show the run's current state. Idempotent."""


def refresh(channels: Iterable[Channel], delivery: Delivery) -> None:
    """Update what channels show of a run, except channels whose delivery failed; add new failures."""
    for channel in channels:
        if not isinstance(channel, Standing) or channel.name in delivery.failures:
            continue
        try:
            outcome = channel.refresh()
        except Exception as error:  # whatever breaks one channel must not keep the others from being told
            delivery.failures[channel.name] = error
            continue
        if not outcome.sent:
            delivery.outcomes[channel.name] = outcome
