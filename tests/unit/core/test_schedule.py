"""Opening hours of model units: the wall clock of a time zone, also when its clocks change."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailor.recipe import Recipe
from tailor.recipe_serving import Schedule

ZONES = ("UTC", "Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCKS = st.builds(lambda minute: f"{minute // 60:02}:{minute % 60:02}", st.integers(0, 24 * 60 - 1))
SCHEDULES = st.builds(
    Schedule,
    days=st.sets(st.sampled_from(DAYS), min_size=1).map(tuple),
    opens=CLOCKS,
    closes=CLOCKS,
    time_zone=st.sampled_from(ZONES),
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
A_DAY = timedelta(days=1)


def by_the_wall_clock(schedule: Schedule, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(schedule.time_zone))
    opens, closes = time.fromisoformat(schedule.opens), time.fromisoformat(schedule.closes)
    clock = local.time()
    today, yesterday = DAYS[local.weekday()] in schedule.days, DAYS[(local - A_DAY).weekday()] in schedule.days
    if closes > opens:
        return today and opens <= clock < closes
    return (today and clock >= opens) or (yesterday and clock < closes)


@given(SCHEDULES, MOMENTS)
@example(Schedule(time_zone="Europe/Berlin"), datetime(2026, 3, 30, 6, tzinfo=UTC))
def test_units_are_there_when_the_wall_clock_says_so(schedule: Schedule, now: datetime) -> None:
    zone = ZoneInfo(schedule.time_zone)
    if (now - 2 * A_DAY).astimezone(zone).utcoffset() == (now + 2 * A_DAY).astimezone(zone).utcoffset():
        assert schedule.is_open(now) == by_the_wall_clock(schedule, now)
    found = list(schedule.openings(now, now + 9 * A_DAY))
    assert all(first <= last <= first + timedelta(hours=25) for first, last in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    opening = schedule.next_opening(now)
    assert opening > now
    assert schedule.is_open(opening) or any(first == last for first, last in found)
    assert schedule.hours(now, now + 7 * A_DAY) <= 7 * 25


@pytest.mark.parametrize(
    ("day", "opening", "hours"),
    [
        ("2026-03-27", "2026-03-27T07:00", 10),  # a Friday in winter
        ("2026-03-30", "2026-03-30T06:00", 10),  # the Monday after the clocks went forward
        ("2026-10-26", "2026-10-26T07:00", 10),
    ],
)
def test_office_hours_follow_the_clocks_of_a_town(day: str, opening: str, hours: int) -> None:
    berlin = Schedule(time_zone="Europe/Berlin")
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=UTC)
    [(first, last)] = berlin.openings(start, start + A_DAY)
    assert first == datetime.fromisoformat(opening).replace(tzinfo=UTC)
    assert (last - first) == timedelta(hours=hours)
    assert berlin.week_hours(start) == 50


def test_a_night_in_which_the_clocks_change_has_its_real_hours() -> None:
    nights = Schedule(days=("sat",), opens="22:00", closes="06:00", time_zone="Europe/Berlin")
    assert nights.hours(*_night(28, 3)) == 7
    assert nights.hours(*_night(24, 10)) == 9


def _night(day: int, month: int) -> tuple[datetime, datetime]:
    start = datetime(2026, month, day, 12, tzinfo=UTC)
    return start, start + A_DAY


def test_a_recipe_writes_times_as_people_do() -> None:
    text = "deployment: {kind: provisioned, schedule: {days: [sat], opens: 8:00, closes: 18:30, time_zone: Asia/Tokyo}}"
    recipe, problems = Recipe.read(text)
    assert problems == []
    schedule = recipe.deployment.schedule
    assert schedule
    assert (schedule.days, schedule.opens, schedule.closes) == (("sat",), "08:00", "18:30")
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize(
    ("setting", "fix"),
    [
        ("opens: 25:00", "write 08:00"),
        ("opens: morning", "write 08:00"),
        ("time_zone: Asia/Hanoi", "write Asia/Ho_Chi_Minh, Europe/Berlin or UTC"),
        ("time_zone: ../etc/passwd", "write Asia/Ho_Chi_Minh, Europe/Berlin or UTC"),
        ("days: [monday]", "did you mean 'mon'? Known: mon, tue, wed, thu, fri, sat or sun"),
        ("days: []", "write an entry, or remove the line"),
    ],
)
def test_what_is_no_time_is_refused_with_a_remedy(setting: str, fix: str) -> None:
    _, [problem] = Recipe.read(f"deployment: {{kind: provisioned, schedule: {{{setting}}}}}")
    assert problem.fix == fix
