"""Lets threads work together as long as what they hold is small."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ByteBudget:
    """Budget of bytes that all threads share. A thread must not ask for more while it holds some."""

    def __init__(self, whole: int) -> None:
        self._whole = self._free = whole
        self._changed = threading.Condition()

    @contextmanager
    def acquire(self, amount: int) -> Iterator[None]:
        """Waits until there is room for it; what is larger than the whole has it for itself."""
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
