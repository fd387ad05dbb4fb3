"""How tests wait: for what must happen, as long as a busy machine may need, and never for a moment."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE = 600.0  # seconds until something that must happen is given up; a quiet machine needs a small part of them


def until[T](look: Callable[[], T], done: Callable[[T], bool], pause: float = 0.1) -> T:
    """Return what ``look`` gives once ``done`` holds of it. Raises AssertionError with the last look.

    The longer it takes, the less often it looks, so that those who work are not kept from it.
    """
    began = time.monotonic()
    while not done(seen := look()):
        waited = time.monotonic() - began
        assert waited < PATIENCE, f"after {PATIENCE:g} s: {seen}"
        time.sleep(max(pause, min(waited / 20, 1.0)))
    return seen


@contextmanager
def ends() -> Iterator[None]:
    """Fail where what is done within would take for ever. Only in the main thread."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"this takes more than {PATIENCE:g} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
