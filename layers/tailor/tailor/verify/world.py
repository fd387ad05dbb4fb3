"""What a check is given: AWS, a checkout of Tailor, a deployed stack, and names for what it makes."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tailor.verify.answer import Answer, CannotCheckError
from tailor.verify.checkout import Checkout

PREFIX = "tailor-verify-"
_NAME = re.compile(rf"{PREFIX}([0-9a-f]{{8}})")


class Call(Protocol):
    """Calls AWS; the implementation is :class:`tailor.aws.calls.Calls`."""

    def __call__(self, service: str, operation: str, /, **parameters: Any) -> Answer:
        """What AWS answers, refusals too. ``service`` and ``operation`` are boto3's names.

        Raises RetryableError where AWS can't be reached, InvalidInputError where a parameter has the wrong form."""


def session_name(now: float) -> str:
    """The beginning of the names of all that one call of ``tailor verify`` makes, by its time in seconds."""
    return f"{PREFIX}{int(now):08x}"


def begun(name: str) -> int | None:
    """When a call of ``tailor verify`` made this, in seconds; None where the name is not of that kind."""
    found = _NAME.match(name)
    return int(found[1], 16) if found else None


@dataclass
class World:
    """``account``: the account's id, never written down. ``name``: see :func:`session_name`. ``patience``: how many
    times as long as usual is waited, 1 on AWS. ``checkout`` and ``stack`` are None where there is none."""

    call: Call
    region: str
    account: str
    name: str
    checkout: Checkout | None = None
    stack: None = None
    patience: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    @property
    def template(self) -> Checkout:
        """The checkout. Raises CannotCheckError where there is none."""
        if self.checkout is None:
            raise CannotCheckError("this needs a checkout of Tailor: call it in the folder of template.yaml")
        return self.checkout

    def until[T](self, look: Callable[[], T], done: Callable[[T], bool], seconds: float, every: float = 2.0) -> T:
        """What ``look`` saw last: as soon as it is ``done``, or after ``seconds``."""
        deadline = self.clock() + seconds * self.patience
        while not done(seen := look()) and self.clock() < deadline:
            self.sleep(every * min(self.patience, 1.0))
        return seen

    def named(self, what: str) -> str:
        """A name of this session's for something that a check makes."""
        return f"{self.name}-{what}"
