"""Translate Bedrock's failure messages into a cause and a remedy.

The table is ``translations.toml``. A failed job carries only text, so text is matched here, and nowhere else.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Translation:
    """An entry of the table. ``code`` is stable; ``example`` is a message that the pattern matches."""

    code: str
    pattern: str
    example: str
    cause: str
    remedy: str
    source: str
    retry: bool = False


@cache
def translations() -> tuple[Translation, ...]:
    text = files("tailor.training").joinpath("translations.toml").read_text("utf-8")
    return tuple(Translation(**entry) for entry in tomllib.loads(text)["message"])


def translate(message: str) -> Translation | None:
    """Return the entry that matches a message, or None if the message is unknown."""
    return next((known for known in translations() if re.search(known.pattern, message, re.IGNORECASE)), None)


def explain(message: str, who: str = "Bedrock") -> str:
    """Describe a failure for people: cause, remedy and the message of ``who`` runs the job."""
    said = message.strip()
    if not said:
        return f"{who} gave no reason. Look at the job in the {who} console, then try the run again"
    known = translate(said)
    if known is None:
        return f"{who} said: {said}"
    return f"{known.cause}. To do: {known.remedy}. {who} said: {said}"


def explain_deployment(message: str) -> str:
    """Describe a model's or deployment's failure: cause and Bedrock's message. Remedies are for jobs only."""
    said = message.strip()
    if not said:
        return "Bedrock gave no reason"
    known = translate(said)
    return f"Bedrock said: {said}" if known is None else f"{known.cause}. Bedrock said: {said}"


def is_transient(message: str) -> bool:
    """Return whether a deployment's failure may be temporary: an internal error of Bedrock, or no reason."""
    return not message.strip() or is_worth_one_retry(message)


def is_worth_one_retry(message: str) -> bool:
    """Return whether a second job, with its own name and token, may succeed: internal error or no capacity."""
    known = translate(message)
    return known is not None and known.retry
