"""Say why an object can't be used."""

from typing import Any


class MediaError(Exception):
    """Raised for an object that can't be used: the code of a check and the values for its message."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code, self.values = code, values
