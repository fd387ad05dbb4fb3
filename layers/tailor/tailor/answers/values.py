"""The value that a canonical text is, and the one that it states.

Two values are the same where kind, amount and unit are: 5 km is 5000 m and is no 5 m. What only one side says (a unit,
a counting word) does not part them where a statement is read; as whole answers they must agree in it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tailor.answers.stance import NO, stance_of
from tailor.answers.units import UNITS

Kind = Literal["number", "range", "date", "time"]
# Counting words (and people) that may follow a number without naming what is counted.
_COUNTERS = (
    "con cái chiếc người quả trái cây bông bức tấm cuốn quyển tờ lần viên hạt căn ngôi tòa chai lọ ly li cốc bát đĩa "
    "đứa vị bạn điểm trang câu em chú bé đôi cặp bộ lượt loại bài mục món people persons person times items pieces"
)
COUNTERS = frozenset(_COUNTERS.split())
_STOP_WORDS = (
    "ở trong trên dưới đang là và với có không được bị này đó kia thôi ạ nhé nha in on at is are and with of or than "
    "nhưng hoặc hay cho từ đến thì mà nằm đứng ngồi bên tại vào của rồi"
)
_STOPS = frozenset(_STOP_WORDS.split())
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:/[1-9]\d*)?")  # 0912… is a code
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?|\d{1,2}/\d{1,2}/\d{4}")
_TIME = re.compile(r"(\d{1,2}):(\d\d)")
_RANGE = re.compile(r"([+-]?\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
_DIGIT = re.compile(r"\d")
_BOUNDS = frozenset("<>≤≥")
_MONEY = "VND"
_LEAST_IMPLIED = 1000
_LONGEST_UNIT = max(len(symbol.split()) for symbol in UNITS)
_NEGATED = re.compile(
    r"(?:(?:không|chẳng|chả|đâu|chứ không) phải(?: là)?|thay vì|chứ không|not|instead of|rather than)$"
)
_CONCLUSIONS = re.compile(
    r"####|\\boxed|(?<!\w)(?:đáp án|kết quả|câu trả lời|tổng cộng|tổng số|tổng|tất cả|vậy|do đó|suy ra|"
    r"thật ra|thực ra|đúng ra|sửa lại|à không|à nhầm|nhầm rồi|ý tôi là|actually|in fact|no wait|wait no|i mean|"
    r"answer|result|total|in all|altogether|therefore|thus|hence)(?!\w)",
    re.IGNORECASE,
)
_ORDINAL = frozenset({"thứ", "hạng"})  # thứ hai is no two
_LABELLED = re.compile(
    r"(?<!\w)(?:ảnh|hình|bức ảnh|bức hình|tranh|câu|câu hỏi|bảng|trang|mục|picture|image|figure|photo|question|page|"
    r"table)(?: (?:số|thứ|number|no))?$"
)
_EXPLAINED = re.compile(r"(?<=\d)\s*[:(]\s")
_ITEMS = re.compile(r"[,;|](?=\s)|(?<!\w)(?:và|hoặc|hay|or|and)(?!\w)")
_MANY = 3
_SENTENCES = re.compile(r"(?<=[.!?…;])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Value:
    """``amount``: of the dimension's first unit, or a number of a date's or time's own. ``bound``: ``<``, ``≥``, ….

    ``number``: the amount as written, in its own unit; ``noun``: words behind a number, which say of what; ``year``: it
    is called a year; ``part``: it is written as a fraction.
    """

    kind: Kind
    amount: Fraction | tuple[Fraction, Fraction] | str
    dimension: str = ""
    bound: str = ""
    noun: tuple[str, ...] = ()
    number: Fraction | None = None
    year: bool = False
    part: bool = False


_LONGEST = 40  # words of a value; a long text is none, and need not be read


def values_in(text: str) -> list[Value]:
    """Return all values of a canonical text, in their order."""
    return [value for value, _, _ in _found(text.split())]


def whole(text: str) -> Value | None:
    """Return the value that a canonical text is, with at most a counting word behind it; None for any other text."""
    words = text.split()
    if text in ("không", "none"):
        return Value("number", Fraction(0))
    if len(words) > _LONGEST or not any(map(_DIGIT.search, words[:2])):  # it begins there, perhaps behind one word
        return None
    value, start, end = next(_found(words), (None, 0, 0))
    return value if value is not None and start == value.year and end == len(words) else None


def _found(words: Sequence[str]) -> Iterator[tuple[Value, int, int]]:
    place = 0
    while place < len(words):
        begin, bound = place, ""
        if words[place] in _BOUNDS and place + 1 < len(words):
            bound, place = words[place], place + 1
        read = _value(words, place, bound)
        if read is None:
            place = begin + 1
            continue
        value, place = read
        if begin == 0 or words[begin - 1] not in _ORDINAL:
            yield value, begin, place


def _value(words: Sequence[str], place: int, bound: str) -> tuple[Value, int] | None:
    word = words[place]
    if match := _TIME.fullmatch(word):
        return Value("time", Fraction(int(match[1]) * 60 + int(match[2]))), place + 1
    if _DATE.fullmatch(word):
        return Value("date", word), place + 1
    amounts: Fraction | tuple[Fraction, Fraction]
    if match := _RANGE.fullmatch(word):
        amounts = (Fraction(match[1]), Fraction(match[2]))
    elif _NUMBER.fullmatch(word):
        amounts = Fraction(word)
    else:
        return None
    own = amounts if isinstance(amounts, Fraction) else None
    kind: Kind = "range" if isinstance(amounts, tuple) else "number"
    for length in range(min(_LONGEST_UNIT, len(words) - place - 1), 0, -1):
        unit = UNITS.get(" ".join(words[place + 1 : place + 1 + length]))
        if unit is not None:
            scaled = _times(amounts, unit.factor)
            return Value(kind, scaled, unit.dimension, bound, number=own), place + 1 + length
    counted = place + 1 + (words[place + 1 : place + 2] != [] and words[place + 1] in COUNTERS)
    year = place > 0 and words[place - 1] == "năm" and len(word) == 4 and own is not None
    return Value(kind, amounts, "", bound, _noun(words, counted), own, year, "/" in word), counted


def _times(amounts: Fraction | tuple[Fraction, Fraction], factor: Fraction) -> Fraction | tuple[Fraction, Fraction]:
    return amounts * factor if isinstance(amounts, Fraction) else (amounts[0] * factor, amounts[1] * factor)


def _noun(words: Sequence[str], place: int) -> tuple[str, ...]:
    """Return the words that say what is counted: up to three, before a word of grammar or another number."""
    noun: list[str] = []
    for word in words[place : place + 3]:
        if word in _STOPS or not word.isalpha():
            break
        noun.append(word)
    return tuple(noun)


def same(first: Value, second: Value) -> bool:
    """Return whether two whole answers are the same value.

    A missing unit is a difference, but for đồng from a thousand on: ``50k`` is ``50.000đ``.
    """
    if _as_length(first, second) or _as_length(second, first):
        return True
    if _as_percent(first, second) or _as_percent(second, first):
        return True
    alike = first.kind == second.kind and first.amount == second.amount and first.bound == second.bound
    if not alike or first.dimension == second.dimension:
        return alike
    implied = {first.dimension, second.dimension} == {"", _MONEY} and isinstance(first.amount, Fraction)
    return implied and isinstance(first.amount, Fraction) and first.amount >= _LEAST_IMPLIED


def _as_length(first: Value, second: Value) -> bool:
    """Return whether a time of day is the duration of the other: ``1 giờ 30`` and ``90 phút``."""
    timed = first.kind == "time" and second.dimension == "time" and isinstance(first.amount, Fraction)
    return timed and isinstance(first.amount, Fraction) and first.amount * 60 == second.amount


def _as_percent(first: Value, second: Value) -> bool:
    """Return whether a part is the percentage of the other: ``một nửa`` and ``50%``. ``0,5`` is a number."""
    parted = first.part and not first.dimension and not first.noun and second.dimension == "percent"
    amounts = isinstance(first.amount, Fraction) and isinstance(second.amount, Fraction)
    return parted and amounts and first.bound == second.bound and first.amount * 100 == second.amount


def compatible(said: Value, wanted: Value) -> bool:
    """Return whether a value that was stated is the one that was wanted: what only one side says does not part them."""
    if said.kind != wanted.kind:
        return same(said, wanted)
    if said.noun and wanted.noun and not _nouns(said.noun, wanted.noun):
        return False
    return same(said, wanted) or _without_unit(said, wanted)


def _without_unit(said: Value, wanted: Value) -> bool:
    """Return whether only one side names a unit and the numbers agree: ``10`` for ``10 kg``."""
    return (
        bool(said.dimension) != bool(wanted.dimension) and said.number == wanted.number and said.bound == wanted.bound
    )


def _nouns(said: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    shorter = min(len(said), len(wanted))
    return said[:shorter] == wanted[:shorter]


def stated(answer: str, wanted: Value, canonical: Callable[[str], str]) -> Value | None:
    """Return the value of the wanted kind that an answer states; None where it states none, or several.

    What follows the last ``=`` counts, else the last sentence with such a value, in it what follows a word of
    conclusion. Values that are denied (``không phải 5``) do not count. Bare values one under the other are a list.
    """
    parts = [part for part in _SENTENCES.split(answer) if part.strip()]
    if "=" in parts[-1] if parts else False:
        parts = [parts[-1].rpartition("=")[2]]
    decided: Value | None = None
    for part in reversed(parts):
        text = canonical(part)
        if decided is not None:
            bare = whole(text)
            if bare is not None and bare.kind == decided.kind and not compatible(bare, decided):
                return None
            continue
        if _is_list(part, canonical):
            return None
        found = _relevant(_concluded(part, canonical) or _asserted(text), wanted)
        if found:
            if len(text.split()) > len(found) and (total := _total(found)) is not None:
                found = [total]
            if not all(compatible(one, other) for one in found for other in found):
                return None
            decided = max(found, key=lambda value: bool(value.dimension))
    zero = decided is None and wanted.amount == 0 and wanted.kind == "number" and not values_in(canonical(answer))
    if zero and stance_of(answer) == NO:
        return wanted
    return decided


def _total(values: Sequence[Value]) -> Value | None:
    """Return the first or last of several numbers that is the sum of the others: ``3 con: 1 chó và 2 mèo``."""
    amounts = [value.amount for value in values if isinstance(value.amount, Fraction) and value.kind == "number"]
    if len(amounts) < _MANY or len(amounts) < len(values) or len({value.dimension for value in values}) > 1:
        return None
    for place in (0, -1):
        if 2 * amounts[place] == sum(amounts):
            return values[place]
    return None


def _is_list(part: str, canonical: Callable[[str], str]) -> bool:
    """Return whether a sentence is nothing but values one after the other, not all the same: it states none of them."""
    items = [[*_found(canonical(item).split())][:1] for item in _ITEMS.split(part) if item.strip()]
    firsts = [found[0][0] for found in items if found and found[0][1] == 0]
    return len(firsts) == len(items) >= _MANY and any(not compatible(one, firsts[0]) for one in firsts)


def _concluded(part: str, canonical: Callable[[str], str]) -> list[Value]:
    found = list(_CONCLUSIONS.finditer(part))
    behind = part[found[-1].end() :] if found else ""
    return _asserted(canonical(_EXPLAINED.split(behind)[0]))


def _asserted(text: str) -> list[Value]:
    words = text.split()
    said = [(value, " ".join(words[:start])) for value, start, _ in _found(words)]
    asserted = [(value, before) for value, before in said if not _NEGATED.search(before)]
    unlabelled = [value for value, before in asserted if not _LABELLED.search(before)]
    return unlabelled or [value for value, _ in asserted]


def _relevant(values: Sequence[Value], wanted: Value) -> list[Value]:
    """Leave out values of another kind or dimension, years where none is wanted, and counts of other things."""
    kinds = {"time", "number"} if wanted.kind == "time" or wanted.dimension == "time" else {wanted.kind}
    found = [value for value in values if value.kind in kinds and value.dimension in ("", wanted.dimension)]
    if wanted.kind == "number" and not wanted.dimension:
        found = [value for value in values if value.kind == "number"]
    if not (isinstance(wanted.amount, Fraction) and 1000 <= wanted.amount < 3000):
        found = [value for value in found if not value.year] or found
    if wanted.dimension:
        return [value for value in found if value.dimension] or found
    return [value for value in found if _nouns(value.noun, wanted.noun)] or found if wanted.noun else found
