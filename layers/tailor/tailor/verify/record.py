"""Write and read the file of observations. It identifies no account: see :mod:`tailor.verify.redact`."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tailor.errors import InvalidInputError
from tailor.verify.check import Verdict, When
from tailor.verify.redact import Redactor

Where = Literal["AWS", "the local cloud", "another endpoint"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckEntry(_Part):
    """One check."""

    id: str = Field(description="the check's name; it does not change between versions")
    assumption: str = Field(description="what Tailor relies on")
    source: str = Field(description="where that comes from")
    when: When = Field(description="when the check runs")
    cost: str = Field(description="US dollars that it costs at most")
    expected: dict[str, Any] = Field(description="what was assumed, by observed field: a value or a bound")
    observed: dict[str, Any] = Field(description="what was so; empty where it could not be checked")
    verdict: Verdict = Field(description="as assumed, different, or could not be checked")
    why: str = Field(description="the differences, or why it could not be checked; empty where all is as assumed")
    seconds: float = Field(description="how long it took")


class VerifyRecord(_Part):
    """Result of ``tailor verify`` in one account and Region on one day."""

    schema_version: Literal[1] = Field(default=1, description="of this file")
    recorded_against: Where = Field(description="what was asked; only AWS says anything of AWS")
    tailor: str = Field(description="version of Tailor")
    botocore: str = Field(description="version of AWS's client library")
    region: str = Field(description="the AWS Region")
    day: date = Field(description="when, in UTC")
    checks: list[CheckEntry] = Field(description="one for each check that was to run, in their order")
    left_behind: list[str] = Field(description="what the checks made and could not remove, and why")


def write(record: VerifyRecord, redactor: Redactor) -> str:
    """Return the file's text: observations are redacted, Tailor's assumptions are not.

    Raises InvalidInputError should anything be left in it that says whose account it is."""
    clean = record.model_copy(
        update={
            "checks": [
                entry.model_copy(update={"observed": redactor.value(entry.observed), "why": redactor.text(entry.why)})
                for entry in record.checks
            ],
            "left_behind": redactor.value(record.left_behind),
        }
    )
    for entry in clean.checks:
        _held_back(redactor, entry.model_dump_json(include={"observed", "why"}), entry.id)
    _held_back(redactor, clean.model_dump_json(include={"left_behind"}), "left_behind")
    return clean.model_dump_json(indent=2) + "\n"


def _held_back(redactor: Redactor, text: str, name: str) -> None:
    if found := redactor.leaks(text):
        message = f"the record is not written: {name} still holds {', '.join(found)}"
        raise InvalidInputError(message, hint="this is a fault of Tailor's: report it with the check's name")


def read(text: str | bytes, name: str = "the file") -> VerifyRecord:
    """Return the record. Raises InvalidInputError for a file that is none."""
    try:
        return VerifyRecord.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "its beginning"
        raise InvalidInputError(f"{name} is no record of tailor verify: {where}: {first['msg']}") from error
