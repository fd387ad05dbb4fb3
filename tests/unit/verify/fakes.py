"""AWS as a table of answers, and a clock that stands still until somebody sleeps."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tailor.verify.answer import AwsAnswer
from tailor.verify.checkout import Checkout
from tailor.verify.world import World

ACCOUNT = "210987654321"
NAME = "tailor-verify-6a000000"


class FakeAws:
    """``answers``: by service and operation an answer, a document, or a function of the parameters."""

    def __init__(self, answers: Mapping[tuple[str, str], Any]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, service: str, operation: str, /, **parameters: Any) -> AwsAnswer:
        self.asked.append((operation, parameters))
        found = self.answers[service, operation]
        if callable(found):
            found = found(**parameters)
        return found if isinstance(found, AwsAnswer) else AwsAnswer(document=found)


def world(aws: Callable[..., AwsAnswer], root: Path | None = None, **changes: Any) -> World:
    checkout = Checkout(root) if root else None
    given = {"region": "us-east-1", "account": ACCOUNT, "name": NAME, "checkout": checkout, "sleep": lambda _: None}
    return World(aws, **{**given, **changes})
