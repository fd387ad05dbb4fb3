"""Dates and times of day in one form: ``1945-09-02``, ``1945-09``, ``2/9`` without a year, ``19:30``.

In Vietnamese the day comes before the month. In English ``2/9/1945`` may be either, so it keeps its order and equals
only itself; names of months and ISO dates are sure. Two digits of a year are read as POSIX does: 69 to 99 are 19..
"""

import datetime
import re
from collections.abc import Callable

_MONTHS = {
    name: place
    for place, names in enumerate(
        (
            *("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul"),
            *("august aug", "september sept sep", "october oct", "november nov", "december dec"),
        ),
        start=1,
    )
    for name in names.split()
}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY, _MONTH, _YEAR = r"0?[1-9]|[12]\d|3[01]", r"0?[1-9]|1[0-2]", r"[12]\d{3}"
_START, _END = r"(?<![\w.,/:+-])", r"(?!\w|[.,/:-]\d)"
_LED = r"(?:(?:ngày|mùng|mồng) )*"

_FIRST_TEN = re.compile(r"(?<!\w)mồng (?=\d)")
_LUNAR = re.compile(r"(?<!\w)tháng (giêng|chạp|một|tư)(?!\w)")
_FIFTH_MONTH = re.compile(r"(?<=\d )tháng năm(?=\s*(?:$|[.,;!?)])| năm \d)")
_LUNAR_MONTHS = {"giêng": "tháng 1", "một": "tháng 1", "tư": "tháng 4", "chạp": "tháng 12"}
_WORDED = re.compile(rf"{_START}{_LED}(?P<d>{_DAY})(?:,? tháng |/)(?P<m>{_MONTH})(?:,? năm |,? |/)(?P<y>{_YEAR}){_END}")
_NUMERIC = re.compile(rf"{_START}{_LED}(?P<d>\d{{1,2}})([/.-])(?P<m>\d{{1,2}})\2(?P<y>{_YEAR}){_END}")
_SHORT_YEAR = re.compile(rf"{_START}{_LED}(?P<d>\d{{1,2}})([/-])(?P<m>\d{{1,2}})\2(?P<y>\d\d){_END}")
_ISO = re.compile(rf"{_START}{_LED}(?P<y>{_YEAR})([/.-])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}}){_END}")
_MONTH_YEAR = re.compile(rf"{_START}tháng (?P<m>{_MONTH})(?:,? năm |[/-]|,? )(?P<y>{_YEAR}){_END}")
_SLASHED_MONTH = re.compile(rf"{_START}(?P<m>{_MONTH})[/-](?P<y>(?:19|20)\d\d){_END}")
_DAY_MONTH = re.compile(rf"{_START}(?:(?:ngày|mùng|mồng) )+(?P<d>{_DAY})(?: tháng |/)(?P<m>{_MONTH}){_END}")
_LATER_MONTH = re.compile(rf"{_START}(?P<d>{_DAY}) tháng (?P<m>{_MONTH}){_END}(?! (?:ngày|tuần|giờ)(?!\w))")
_SHORT_DATE = re.compile(rf"{_START}0?(?P<d>\d{{1,2}})/0?(?P<m>\d{{1,2}}){_END}")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)(?!\w)")
_NAMED_FIRST = re.compile(rf"(?<!\w)(?P<n>{_NAME})\.? (?:the )?(?P<d>{_DAY})(?:,? (?P<y>{_YEAR}))?{_END}")
_NAMED_SECOND = re.compile(
    rf"{_START}(?:the )?(?P<d>{_DAY}) (?:of )?(?P<n>{_NAME})(?!\w)\.?(?:,? (?P<y>{_YEAR}){_END})?"
)
_NAMED_MONTH = re.compile(rf"(?<!\w)(?P<n>{_NAME})\.?,? (?:of )?(?P<y>{_YEAR}){_END}")


def _written(match: re.Match[str]) -> str:
    """Write a date that exists; anything else stays as it is."""
    parts = match.groupdict()
    month = _MONTHS[parts["n"]] if parts.get("n") else int(parts["m"])
    year, day = int(parts.get("y") or 0), int(parts.get("d") or 0)
    if len(parts.get("y") or "") == 2:
        year += 1900 if year > 68 else 2000
    try:
        datetime.date(year or 2000, month, day or 1)
    except ValueError:
        return match[0]
    if not year:
        return f"{day}/{month}"
    return f"{year}-{month:02}-{day:02}" if day else f"{year}-{month:02}"


def _unsure(match: re.Match[str]) -> str:
    """Write an English numeric date: ISO where only one order is a date, without idle zeros otherwise."""
    first, second = int(match["d"]), int(match["m"])
    if first <= 12 and second <= 12 and first != second:
        return f"{first}/{second}/{match['y']}"
    return _written(match) if second <= 12 else _flipped(match)


def _flipped(match: re.Match[str]) -> str:
    try:
        return datetime.date(int(match["y"]), int(match["d"]), int(match["m"])).isoformat()
    except ValueError:
        return match[0]


def _short_date(match: re.Match[str]) -> str:
    return f"{int(match['d'])}/{int(match['m'])}" if int(match["d"]) and int(match["m"]) else match[0]


def _named(text: str) -> str:
    text = _ORDINAL.sub("", text) if any(name in text for name in _MONTHS) else text
    for pattern in (_NAMED_FIRST, _NAMED_SECOND, _NAMED_MONTH):
        text = pattern.sub(_written, text)
    return text


def vietnamese_dates(text: str) -> str:
    """Return the text with dates and times in one form. Its number words are numerals already."""
    text = _FIRST_TEN.sub("mùng ", text)
    text = _FIFTH_MONTH.sub("tháng 5", text)
    text = _LUNAR.sub(lambda match: _LUNAR_MONTHS[match[1]], text)
    for pattern in (_ISO, _WORDED, _NUMERIC, _SHORT_YEAR, _MONTH_YEAR, _DAY_MONTH, _LATER_MONTH, _SLASHED_MONTH):
        text = pattern.sub(_written, text)
    text = _SHORT_DATE.sub(_short_date, _named(text))
    return _clock(text, _VIETNAMESE_CLOCK)


def english_dates(text: str) -> str:
    """Return the text with dates and times in one form. Its number words are numerals already."""
    text = _ISO.sub(_written, text)
    text = _NUMERIC.sub(_unsure, text)
    return _clock(_SHORT_DATE.sub(_short_date, _named(text)), _ENGLISH_CLOCK)


_HOUR, _MINUTE = r"(?:[01]?\d|2[0-4])", r"[0-5]?\d"
_PARTS_OF_DAY = "sáng|trưa|chiều|tối|đêm|khuya"
_TIME = rf"{_START}(?P<h>{_HOUR}):(?P<m>[0-5]\d)(?::00)?"
_VIETNAMESE_CLOCK: tuple[re.Pattern[str], ...] = (
    re.compile(
        rf"{_START}(?P<h>{_HOUR}) ?(?:giờ|h) kém (?P<less>{_MINUTE})(?: ?(?:phút|p|')(?!\w))?"
        rf"(?P<part>(?: (?:buổi )?(?:{_PARTS_OF_DAY})(?!\w))*)(?!\w)"
    ),
    re.compile(
        rf"{_START}(?P<h>{_HOUR}) ?(?:giờ(?! đồng hồ)|h|g(?=\d\d))"
        rf"(?: ?(?P<m>{_MINUTE})(?: ?(?:phút|p|')(?!\w))?(?!\d|\w)|(?P<half> rưỡi))?"
        rf"(?: đúng)?(?P<part>(?: (?:buổi )?(?:{_PARTS_OF_DAY})(?!\w))*)(?!\w)"
    ),
    re.compile(rf"{_START}(?P<h>{_HOUR})(?:[:h](?P<m>[0-5]\d))?(?: giờ)? ?(?P<part>[ap]m)(?!\w)"),
    re.compile(rf"{_TIME}(?P<part>(?: (?:buổi )?(?:{_PARTS_OF_DAY})(?!\w))*)(?!\w|[:.,]\d)"),
)
_MERIDIEM = r"(?: ?(?P<part>[ap]\.?m\.?|(?:in the|at) (?:morning|afternoon|evening|night))(?!\w))"
_ENGLISH_CLOCK: tuple[re.Pattern[str], ...] = (
    re.compile(rf"{_TIME}{_MERIDIEM}?(?!\w|[:.,]\d)"),
    re.compile(rf"{_START}(?P<h>{_HOUR})\.(?P<m>[0-5]\d?){_MERIDIEM}"),
    re.compile(rf"(?<!\w)(?P<half>1/2|half) past (?P<h>{_HOUR})(?: o[ '’]?clock)?{_MERIDIEM}?(?!\w|[:.,]\d)"),
    re.compile(
        rf"(?<!\w)(?P<m>{_MINUTE})(?: minutes)? past (?P<h>{_HOUR})(?: o[ '’]?clock)?{_MERIDIEM}?(?!\w|[:.,]\d)"
    ),
    re.compile(rf"(?<!\w)(?P<less>{_MINUTE})(?: minutes)? to (?P<h>{_HOUR}) o[ '’]?clock(?!\w)"),
    re.compile(rf"{_START}(?P<h>{_HOUR}) ?(?:o[ '’]?clock{_MERIDIEM}?|(?P<late>[ap]\.?m\.?))(?!\w)"),
)


def _clock(text: str, patterns: tuple[re.Pattern[str], ...]) -> str:
    if patterns is _ENGLISH_CLOCK:
        text = re.sub(r"(?<!\w)(?:a )?quarter (?=past|to)", "15 ", text)
    for pattern in patterns:
        text = pattern.sub(_time, text)
    return text


def _time(match: re.Match[str]) -> str:
    parts = match.groupdict()
    hour = int(parts["h"])
    written = parts.get("m") or "0"
    minutes = 30 if parts.get("half") else int(written.ljust(2, "0") if "." in match[0][:3] else written)
    part = (parts.get("part") or parts.get("late") or "").replace("buổi", "").replace(".", "").split()
    if part:
        hour = _SHIFTS[part[-1] if part[-1] in _SHIFTS else part[0]](hour)
    total = (60 * hour + minutes - int(parts.get("less") or 0)) % (25 * 60)
    return f"{total // 60}:{total % 60:02}"


def _afternoon(hour: int) -> int:
    return hour + 12 if hour < 12 else hour


def _night(hour: int) -> int:
    """Midnight is 0; from six on it is evening, before that early morning."""
    if hour == 12:
        return 0
    return hour + 12 if 6 <= hour < 12 else hour


def _noon(hour: int) -> int:
    return hour + 12 if hour < 4 else hour


def _morning(hour: int) -> int:
    return 0 if hour == 12 else hour


_SHIFTS: dict[str, Callable[[int], int]] = {
    **{"sáng": _morning, "trưa": _noon, "chiều": _afternoon, "tối": _night, "đêm": _night, "khuya": _night},
    **{"am": _morning, "pm": _afternoon, "morning": _morning, "afternoon": _afternoon, "evening": _afternoon},
    "night": _night,
}
