"""What Bedrock says when something fails, as a cause and what to do about it.

The table is ``translations.toml``. A failed job carries only text, so text is matched here, and nowhere else.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Translation:
    """``code`` is stable; ``example`` is a message that the pattern was made for."""

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
    """None for a message that nobody has seen before."""
    return next((known for known in translations() if re.search(known.pattern, message, re.IGNORECASE)), None)


def explain(message: str) -> str:
    """For people: cause, remedy, and what Bedrock said."""
    said = message.strip()
    if not said:
        return "Bedrock gave no reason. Look at the job in the Bedrock console, then upload again"
    known = translate(said)
    if known is None:
        return f"Bedrock said: {said}"
    return f"{known.cause}. To do: {known.remedy}. Bedrock said: {said}"


def explain_deployment(message: str) -> str:
    """The cause of a model or deployment that failed, and what Bedrock said. Remedies in the table are for jobs."""
    said = message.strip()
    if not said:
        return "Bedrock gave no reason"
    known = translate(said)
    return f"Bedrock said: {said}" if known is None else f"{known.cause}. Bedrock said: {said}"


def is_transient(message: str) -> bool:
    """True for a deployment's failure that another attempt may survive: Bedrock's own errors, or no reason given."""
    return not message.strip() or is_worth_one_retry(message)


def is_worth_one_retry(message: str) -> bool:
    """True for Bedrock's own errors and want of capacity: a second job with a name and token of its own may succeed."""
    known = translate(message)
    return known is not None and known.retry
