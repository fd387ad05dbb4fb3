"""Let threads work concurrently as long as they hold few bytes in total."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ByteBudget:
    """Budget of bytes that all threads share. A thread must not acquire more while it holds some."""

    def __init__(self, whole: int) -> None:
        self._whole = self._free = whole
        self._changed = threading.Condition()

    @contextmanager
    def acquire(self, amount: int) -> Iterator[None]:
        """Wait until the bytes are available; more than the whole budget waits until nothing else is held."""
        amount = min(amount, self._whole)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= amount)
            self._free -= amount
        try:
            yield
        finally:
            with self._changed:
                self._free += amount
                self._changed.notify_all()
