"""Clear what a test had the session look up, so that tests may run in any order."""

from collections.abc import Iterator
from dataclasses import fields

import pytest

from tailor_cli.context import session


@pytest.fixture(autouse=True)
def session_of_its_own() -> Iterator[None]:
    """Forget what the session has cached."""
    yield
    options = {option.name for option in fields(session)}
    for name in vars(session).keys() - options:
        del vars(session)[name]
