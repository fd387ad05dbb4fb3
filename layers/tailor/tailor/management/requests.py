"""Requests of the API for people. Reasons are shown in terminals too, so they have no control characters."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator

from tailor.runs import State
from tailor.serving.schema import ApiModel

MOST_RUNS = 100
STATES = ("open", *State)
_TEXT = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"
Reason = Annotated[str, Field(max_length=500, pattern=_TEXT)]
GivenReason = Annotated[str, Field(min_length=1, max_length=500, pattern=_TEXT)]


class DecisionRequest(ApiModel):
    """Body of a decision about a cost."""

    decision: Literal["approve", "decline"]
    reason: Reason = ""


class ActionRequest(ApiModel):
    """Body of an action that needs no reason."""

    reason: Reason = ""


class ReasonedRequest(ActionRequest):
    """Body of an action that needs a reason."""

    reason: GivenReason


class RollbackRequest(ApiModel):
    """Body of a rollback. Name the version: repeating a rollback without it goes back once more."""

    to: Annotated[str, Field(max_length=63)] | None = None
    reason: Reason = ""


class RunsQuery(ApiModel):
    """Query of the list of runs. ``after`` is the ``last_id`` of the page before."""

    model_config = ConfigDict(strict=False)  # of an address, where all is text

    project: Annotated[str, Field(max_length=63)] | None = None
    state: Annotated[str, Field(json_schema_extra={"enum": list(STATES)})] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_RUNS)] = 20
    after: Annotated[str, Field(max_length=63)] | None = None

    @field_validator("state")
    @classmethod
    def _is_a_state(cls, value: str | None) -> str | None:
        if value is not None and value not in STATES:
            raise ValueError(f"it is one of {', '.join(STATES)}")
        return value
