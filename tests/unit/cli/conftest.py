"""Clear what a test had the session look up, so that tests may run in any order."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from tailor.commands import DEFAULT_STACK
from tailor_cli.context import err, session


@pytest.fixture(autouse=True)
def session_of_its_own() -> Iterator[None]:
    yield
    forget_command_line()


def forget_command_line() -> None:
    """Forget what the session has cached, and the options of its command line."""
    options = {option.name for option in fields(session)}
    session.stack_name, session.local, session.as_json, err.quiet = DEFAULT_STACK, False, False, False
    for name in vars(session).keys() - options:
        del vars(session)[name]
