"""Find personal data and secrets in texts by their shape, and replace them if the recipe says so."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
# Vietnamese mobile numbers (0 or +84, then 9 digits) and international ones with their +.
_PHONE = re.compile(
    r"(?<![\w.,+-])(?:(?:\+?84|0)[ .-]?[35789](?:[ .-]?[0-9]){8}|\+[1-9][0-9]{0,2}(?:[ .()-]{0,2}[0-9]){7,12})"
    r"(?!\w|[.,][0-9])"
)
_CARD = re.compile(r"(?<![\w.,-])[3-6][0-9]{3}(?:[ -]?[0-9]){9,15}(?![\w]|[.,-][0-9])")
_SECRETS = (
    ("AWS access key id", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("private key", re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----")),
    ("GitHub token", re.compile(r"\b(?:ghp_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})\b")),
    ("Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("API key", re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    ("AWS secret key", re.compile(r"(?i)\baws.{0,20}secret.{0,20}=[\"' ]{0,3}[A-Za-z0-9/+]{40}\b")),
)


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """``code`` is the check's; ``start`` and ``end`` are offsets in the text; ``placeholder`` may replace it."""

    code: str
    kind: str
    start: int
    end: int
    placeholder: str


def find(text: str) -> Iterator[FoundSecret]:
    """Return secrets in the order of their kinds; they may overlap."""
    for match in _EMAIL.finditer(text):
        yield FoundSecret("personal-email", "e-mail address", *match.span(), "[email]")
    for match in _CARD.finditer(text):
        if _luhn(re.sub(r"\D", "", match.group())):
            yield FoundSecret("personal-card", "card number", *match.span(), "[card]")
    for match in _PHONE.finditer(text):
        yield FoundSecret("personal-phone", "phone number", *match.span(), "[phone]")
    for kind, pattern in _SECRETS:
        for match in pattern.finditer(text):
            yield FoundSecret("secret-key", kind, *match.span(), "[secret]")


def redacted(text: str) -> tuple[str, int]:
    """Return the text with placeholders, and their number."""
    found = sorted(find(text), key=lambda secret: (secret.start, -secret.end))
    parts, at, count = [], 0, 0
    for secret in found:
        if secret.start >= at:
            parts += [text[at : secret.start], secret.placeholder]
            at, count = secret.end, count + 1
    return "".join([*parts, text[at:]]), count


def _luhn(digits: str) -> bool:
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
