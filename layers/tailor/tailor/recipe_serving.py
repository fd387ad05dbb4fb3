"""The recipe's sections on serving: how a version is deployed, and how long models are kept."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tailor.recipe_section import A_YEAR, Hours, Section

Days = Annotated[float, Field(ge=0, le=3650)]


def in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Deployment(Section):
    """How a version is served. Provisioned model units bill by the hour until they are deleted, so they need an end."""

    kind: Literal["on-demand", "provisioned"] = "on-demand"
    units: int = Field(default=1, ge=1, le=100, description="provisioned only: model units")
    hours: Hours | None = Field(
        default=None, description="provisioned only: hours after which the units are deleted, from their creation"
    )
    until: Annotated[datetime, AfterValidator(in_utc)] | None = Field(
        default=None, description="provisioned only: time at which they are deleted, such as 2026-12-24T18:00+07:00"
    )
    idle_hours: Hours | None = Field(
        default=None, description="provisioned only: hours without a call after which they are deleted, once live"
    )
    promote: bool = Field(default=True, description="make a version live automatically if it passes")
    keep_previous_hours: Annotated[float, Field(ge=0, le=A_YEAR)] | None = Field(
        default=None, description="hours to keep the replaced version for rollback; none: 24, provisioned 0"
    )

    fallback: Literal["none", "previous", "base"] = Field(
        default="none",
        description="who answers, marked as such, where the live version is throttled or fails",
    )

    @property
    def standby_hours(self) -> float:
        """Return how long a replaced version is kept: model units bill meanwhile, so only if the recipe says so."""
        if self.keep_previous_hours is None:
            return 24 if self.kind == "on-demand" else 0
        return self.keep_previous_hours

    def ends_at(self, created: datetime) -> datetime | None:
        """Return when model units that are created then are to be deleted; None without a known end."""
        ends = [self.until] if self.until else []
        ends += [created + timedelta(hours=self.hours)] if self.hours else []
        return min(ends, default=None)


class RecipeGuardrail(Section):
    """A guardrail of Amazon Bedrock, in the stack's account and Region; calls go through it, the evaluation's too."""

    id: str = Field(pattern=r"^[a-z0-9]{1,64}$", description="the guardrail's id")
    version: str = Field(
        default="DRAFT", pattern=r"^(DRAFT|[1-9][0-9]{0,7})$", description="its version, such as 1; DRAFT changes"
    )


class Retention(Section):
    """Days after a run's end at which its custom model is deleted; 0: never. Storing a model is billed by the month."""

    not_passed_days: Days = Field(
        default=30, description="days to keep the custom model of a run that did not pass; 0: for good"
    )
    passed_days: Days = Field(
        default=0, description="the same of a run that passed, once nothing serves it; 0: for good"
    )
