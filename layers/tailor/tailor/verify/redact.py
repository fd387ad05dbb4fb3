"""Redact what identifies an account: ids, ARNs, addresses, names of buckets, keys.

What is known of the account is replaced wherever it stands, and so is whatever has the form of an identifier. A file is
looked through once more before it is written (:func:`leaks`).
"""

import re
from collections.abc import Mapping
from typing import Any

# The order matters: an ARN holds an account's id, an address a bucket's name.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("<arn>", re.compile(r"\barn:[\w-]*:[^\s\"'<>\\,;)\]}]+", re.IGNORECASE)),
    ("<email>", re.compile(r"[^\s@<>\"'=:,;()\[\]{}]+@[^\s@<>\"',;()\[\]{}]+")),
    ("<address>", re.compile(r"\b(?:s3|s3a|https?)://(?!docs\.aws\.amazon\.com/)[^\s\"'<>\\)\]}]+", re.IGNORECASE)),
    ("<host>", re.compile(r"\b[\w.-]+\.amazonaws\.com(?:\.cn)?\b", re.IGNORECASE)),
    ("<key>", re.compile(r"tailor-[a-z0-9-]{1,63}-[a-z2-7]{40}")),
    (
        "<key>",
        re.compile(r"(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA|ABIA|ACCA|AGPA|ANPA|ANVA|APKA)[A-Z0-9]{12,}"),
    ),
    ("<id>", re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])")),
    (
        "<key>",
        re.compile(r"(?<![A-Za-z0-9+/=_-])(?=[^\s]*[0-9])(?=[^\s]*[A-Za-z])[A-Za-z0-9+/=_]{32,}(?![A-Za-z0-9+/=_])"),
    ),
    ("<account>", re.compile(r"(?<![0-9])[0-9]{4}-?[0-9]{4}-?[0-9]{4}(?![0-9])")),
    ("<ip>", re.compile(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])")),
)


class Redactor:
    """``known``: texts to replace everywhere, by their placeholder, such as a bucket's name by ``bucket``."""

    def __init__(self, known: Mapping[str, str]) -> None:
        # Longer ones first: one may be a part of another.
        ordered = sorted((value for value in known if value), key=len, reverse=True)
        self._known = [(_whole(value), f"<{known[value]}>") for value in ordered]

    def text(self, text: str) -> str:
        # Forms first: an ARN without its account's id would be none any more, and the rest of it would stay.
        for word, pattern in _FORMS:
            text = pattern.sub(word, text)
        for pattern, word in self._known:
            text = pattern.sub(word, text)
        return text

    def value[T](self, value: T) -> T:
        """Return the document with all its texts redacted, including names of fields."""
        found: Any = value
        if isinstance(value, str):
            found = self.text(value)
        elif isinstance(value, Mapping):
            found = {self.text(str(name)): self.value(item) for name, item in value.items()}
        elif isinstance(value, list | tuple):
            found = [self.value(item) for item in value]
        elif isinstance(value, int) and not isinstance(value, bool) and len(str(abs(value))) == 12:
            found = "<account>"  # an id that was taken for a number
        return found  # type: ignore[no-any-return]

    def leaks(self, text: str) -> list[str]:
        """Return the placeholders of everything in a text that should have been replaced."""
        found = [word for pattern, word in self._known if pattern.search(text)]
        return sorted({*found, *(word for word, pattern in _FORMS if pattern.search(text))})


def _whole(value: str) -> re.Pattern[str]:
    """Return a pattern for whole words: a stack called "test" must not split "latest"."""
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", re.IGNORECASE)
