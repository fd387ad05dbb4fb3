"""The recipe's sections on serving: how a version is deployed, and how long models are kept."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from tailor.recipe_problems import SettingError
from tailor.recipe_section import A_YEAR, Hours, Section

Days = Annotated[float, Field(ge=0, le=3650)]


def in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = get_args(Day)
_A_DAY = timedelta(days=1)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")


def _clock(value: Any) -> str:
    """Return a time of day as 08:00. YAML reads 18:00 as a number, the minutes since midnight."""
    text = f"{value // 60:02}:{value % 60:02}" if isinstance(value, int) and value >= 0 else str(value)
    if not _CLOCK.fullmatch(text):
        raise SettingError("a time of day is needed", "write 08:00")
    return text.zfill(5)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError("there is no such time zone", "write Asia/Ho_Chi_Minh, Europe/Berlin or UTC") from None
    return name


Clock = Annotated[str, BeforeValidator(_clock)]


class Schedule(Section):
    """The hours of a week in which model units are there. ``closes`` at or before ``opens`` is on the next day."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = ("mon", "tue", "wed", "thu", "fri")
    opens: Clock = "08:00"
    closes: Clock = "18:00"
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"

    def openings(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the openings that have a part between two times, each with its closing, in UTC and in order.

        A time that a change of clocks skips is as much later; of one that comes twice, the first counts.
        """
        zone, opens, closes = ZoneInfo(self.time_zone), _time(self.opens), _time(self.closes)
        day = start.astimezone(zone).date() - 2 * _A_DAY
        while day <= end.astimezone(zone).date():
            closing_day = day if closes > opens else day + _A_DAY
            first = datetime.combine(day, opens, zone).astimezone(UTC)
            last = datetime.combine(closing_day, closes, zone).astimezone(UTC)
            if _DAYS[day.weekday()] in self.days and first < end and last > start:
                yield first, last
            day += _A_DAY

    def is_open(self, now: datetime) -> bool:
        return any(self.openings(now, now + timedelta(microseconds=1)))

    def next_opening(self, now: datetime) -> datetime:
        """Return the first opening after now."""
        return next(first for first, _ in self.openings(now, now + 9 * _A_DAY) if first > now)

    def hours(self, start: datetime, end: datetime) -> int:
        """Return the hours between two times that are billed: those begun, of each opening."""
        parts = (min(last, end) - max(first, start) for first, last in self.openings(start, end))
        return sum(math.ceil(part.total_seconds() / 3600) for part in parts)

    def week_hours(self, now: datetime) -> int:
        """Return the hours of the seven days from now on, of whole openings."""
        week = now + 7 * _A_DAY
        return sum(self.hours(first, last) for first, last in self.openings(now, week) if now <= first < week)


def _time(clock: str) -> time:
    hours, minutes = clock.split(":")
    return time(int(hours) % 24, int(minutes))


Commitment = Literal["1-month", "6-months"]
TERMS: Mapping[Commitment, timedelta] = {"1-month": timedelta(days=30), "6-months": timedelta(days=180)}


class Deployment(Section):
    """Settings of serving a version. Provisioned model units bill by the hour until they are deleted, so they need an
    end."""

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
    schedule: Schedule | None = Field(
        default=None,
        description="provisioned only: hours of the week in which they are there: {days, opens, closes, time_zone}",
    )
    commitment: Commitment | None = Field(
        default=None,
        description="provisioned only: buy the units for a term that nobody can end earlier, in place of an end",
    )
    take_over: bool = Field(
        default=False,
        description="provisioned only: where the account has no room for a second set of model units, pause the live "
        "version and measure this one in its units",
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

    def is_open(self, now: datetime) -> bool:
        """Return whether model units may be there now."""
        return self.schedule is None or self.schedule.is_open(now)

    def ends_at(self, created: datetime) -> datetime | None:
        """Return when model units that are created then are to be deleted; None without a known end."""
        ends = [self.until] if self.until else []
        ends += [created + timedelta(hours=self.hours)] if self.hours else []
        ends += [created + TERMS[self.commitment]] if self.commitment else []
        return min(ends, default=None)


def _as_text(version: object) -> object:
    return str(version) if isinstance(version, int) and not isinstance(version, bool) else version


class RecipeGuardrail(Section):
    """A guardrail of Amazon Bedrock, in the stack's account and Region; calls go through it, the evaluation's too."""

    id: str = Field(pattern=r"^[a-z0-9]{1,64}$", description="the guardrail's id")
    version: Annotated[str, BeforeValidator(_as_text)] = Field(
        pattern=r"^(DRAFT|[1-9][0-9]{0,7})$", description="its version, such as 1; DRAFT changes under a live model"
    )


class Retention(Section):
    """Days after a run's end at which its custom model is deleted; 0: never. Storing a model is billed by the month."""

    not_passed_days: Days = Field(
        default=30, description="days to keep the custom model of a run that did not pass; 0: for good"
    )
    passed_days: Days = Field(
        default=0, description="the same of a run that passed, once nothing serves it; 0: for good"
    )
