"""Define the surroundings of a check: AWS, a checkout of Tailor, a deployed stack, and names for what it creates."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tailor.errors import TailorError
from tailor.verify.answer import AwsAnswer, CannotCheckError
from tailor.verify.checkout import Checkout
from tailor.verify.deployed import Deployed

PREFIX = "tailor-verify-"
_NAME = re.compile(rf"{PREFIX}([0-9a-f]{{8}})")


class AwsCall(Protocol):
    """Calls AWS; the implementation is :class:`tailor.aws.calls.BotoCalls`."""

    def __call__(self, service: str, operation: str, /, **parameters: Any) -> AwsAnswer:
        """Return AWS's answer, a refusal too. ``service`` and ``operation`` are boto3's names.

        Raises RetryableError where AWS can't be reached, InvalidInputError where a parameter has the wrong form."""


class Built(Protocol):
    """Result of `sam build`; the implementation is :class:`tailor_cli.built.Build`."""

    def sizes(self) -> dict[str, int]:
        """Return the unzipped bytes of each function with all of its layers, by logical id."""

    def processors(self) -> list[str]:
        """Return the processors of its machine code: arm64, x86_64."""


def session_name(now: float) -> str:
    """Return the prefix of all names that one call of ``tailor verify`` uses, by its time in seconds."""
    return f"{PREFIX}{int(now):08x}"


def begun(name: str) -> int | None:
    """Return when a call of ``tailor verify`` created this, in seconds; None for other names."""
    found = _NAME.match(name)
    return int(found[1], 16) if found else None


@dataclass
class World:
    """``account``: the account's id, never written down. ``name``: see :func:`session_name`. ``checkout``, ``build``,
    ``stack``: None where there is none. ``poll``: seconds between two looks at something that takes a while.
    ``agreed``: asks a person whether money may be spent. ``notes``: what checks that began something keep until they
    look; ``failed``, by the check's id: what could not be begun."""

    call: AwsCall
    region: str
    account: str
    name: str
    checkout: Checkout | None = None
    build: Built | None = None
    stack: Deployed | None = None
    poll: float = 2.0
    agreed: Callable[[str], bool] = lambda question: False
    notes: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, TailorError] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    @property
    def template(self) -> Checkout:
        """Return the checkout. Raises CannotCheckError where there is none."""
        if self.checkout is None:
            raise CannotCheckError("this needs a checkout of Tailor: call it in the folder of template.yaml")
        return self.checkout

    @property
    def deployed(self) -> Deployed:
        """Return the stack. Raises CannotCheckError where there is none."""
        if self.stack is None:
            raise CannotCheckError("this needs a deployed stack: make deploy, or name yours with --stack")
        return self.stack

    def until[T](self, look: Callable[[], T], done: Callable[[T], bool], seconds: float) -> T:
        """Call ``look`` until its result is ``done`` or ``seconds`` have passed, and return the last result."""
        deadline = self.clock() + seconds
        while not done(seen := look()) and self.clock() < deadline:
            self.sleep(self.poll)
        return seen

    def named(self, what: str) -> str:
        """Return a name of this session for something that a check creates."""
        return f"{self.name}-{what}"
