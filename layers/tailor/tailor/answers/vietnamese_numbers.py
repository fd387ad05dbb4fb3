"""Vietnamese number words as numerals: ``hai lăm`` is 25, ``một triệu rưỡi`` 1500000, ``50k`` 50000, ``1tr2`` 1200000.

``không`` is left alone but inside a number: it is above all "no". ``năm`` is five or *year*: after tens, where five is
``lăm``, and before a year it is the year.
"""

import re
from fractions import Fraction

from tailor.answers.numbers import Words, numeral, replaced

_DIGITS = {
    **{"một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "bẩy": 7, "tám": 8, "chín": 9},
}
_AFTER_TENS = {word: value for word, value in _DIGITS.items() if word != "năm"} | {
    **{"mốt": 1, "tư": 4, "lăm": 5, "nhăm": 5}
}
_SHORT_TENS = {"mốt": 1, "tư": 4, "lăm": 5, "nhăm": 5}  # hai lăm: the tens are left unsaid
_MAGNITUDES = {
    **{"nghìn": 10**3, "ngàn": 10**3, "vạn": 10**4, "triệu": 10**6, "tỷ": 10**9, "tỉ": 10**9},
    **{"k": 10**3, "tr": 10**6},
}
_ABBREVIATED = frozenset({"k", "tr"})
_FEW = {"chục": 10, "tá": 12}
_LOWER = {"hai": 2, "ba": 3, "tư": 4, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9}
_TWENTY = frozenset({"hăm", "hâm"})  # hăm mốt: 21
_BEGINNINGS = frozenset({*_DIGITS, *_TWENTY, *_MAGNITUDES, "mười", "tư", "trăm", "nửa"})
"""Words that a number may begin with; other words of a long text need no closer look."""
_VAGUE = frozenset({"hàng", "vài", "mấy", "nhiều", "cả", "phần", "bạc", "tiền"})
_OF_YEARS = "nay ngoái sau trước qua tới học sinh ấy đó kia nào mới cũ nhuận dương âm tài tháng ngày"
_BEFORE_YEARS = "mỗi hàng hằng nhiều cả đầu cuối giữa vào theo mấy từ đến tháng quý vài"
_NOT_FIVE_BEFORE, _NOT_FIVE_AFTER = frozenset(_OF_YEARS.split()), frozenset(_BEFORE_YEARS.split())
_YEAR = re.compile(r"[12]\d{3}")
_HALF = Fraction(1, 2)
_PART = re.compile(r"(?<![\w.,/-])(\d+) phần ([1-9]\d*)(?![\w/]|[.,]\d)")
_ONE_HALF = re.compile(r"(?<!\w)(?:1 |một )?nửa(?!\w)")
_MINUS = re.compile(r"(?<!\w)(?:âm|trừ) (?=\d)")
_ZERO = re.compile(r"(?<!\w)không(?= (?:độ|đồng|phần trăm|giờ|phẩy)(?!\w))")
_SHORT = re.compile(r"(?<![\w.,/-])(\d+)(k|tr)(\d{1,3})(?!\w)")
_ONES = "một|hai|ba|bốn|năm|sáu|bảy|tám|chín"
_SPELLED_YEAR = re.compile(
    rf"(?<!\w)(?P<c>(?:một|1) (?:bảy|tám|chín)|hai không) (?P<t>không|{_ONES}) (?P<o>không|mốt|tư|lăm|nhăm|{_ONES})"
    r"(?! (?:mươi|trăm|nghìn|ngàn|triệu|tỷ|tỉ|chục)(?!\w))(?!\w)"
)
_TIMES = re.compile(r"(?<!\w)gấp (?:đôi|(\d+(?:\.\d+)?)(?: lần)?)(?!\w)")
_BOUNDS = (
    (re.compile(r"(?:(?<=^)|(?<=có )|(?<=là )|(?<=được ))hơn (?=\d)"), ">"),
    (re.compile(r"(?<!\w)(?:ít nhất|tối thiểu|không dưới|chí ít|không ít hơn) (?:là |có )?(?=\d)"), "≥"),
    (re.compile(r"(?<!\w)(?:nhiều nhất|tối đa|không quá|không hơn|không nhiều hơn) (?:là |có )?(?=\d)"), "≤"),
    (re.compile(r"(?:(?<=^)|(?<=có )|(?<=là )|(?<=được ))(?:chưa đến|chưa tới|không đến|không tới|gần) (?=\d)"), "<"),
)


def vietnamese_words(text: str) -> str:
    """Return the text with numbers in words as numerals. It is in lower case, its numerals are canonical."""
    text = _SPELLED_YEAR.sub(_spelled_year, text)
    text = replaced(Words(_ZERO.sub("0", _SHORT.sub(_short, text))), _number)
    text = _MINUS.sub("-", _PART.sub(r"\1/\2", _ONE_HALF.sub("1/2", text)))
    text = _TIMES.sub(lambda match: f"{match[1] or 2} lần", text)
    for pattern, bound in _BOUNDS:
        text = pattern.sub(bound, text)
    return text


def _spelled_year(match: re.Match[str]) -> str:
    """Read a year digit by digit: ``một chín bốn lăm`` is 1945, ``hai không hai tư`` 2024."""
    digits = {"không": 0, "1": 1, **_DIGITS, **_AFTER_TENS}
    return "".join(str(digits[word]) for word in match[0].split())


def _short(match: re.Match[str]) -> str:
    """Read ``1tr250``: digits behind the magnitude are its decimals."""
    return numeral(Fraction(f"{match[1]}.{match[3]}") * _MAGNITUDES[match[2]])


def _number(words: Words, place: int) -> tuple[Fraction, int] | None:
    """Return the number that begins at a place, and where it ends."""
    if words.words[place] not in _BEGINNINGS and not words.words[place][0].isdecimal():
        return None
    total, end, limit = Fraction(0), place, Fraction(10**18)
    while end == place or words.joined(end):
        part = _part(words, end, total, limit)
        if part is None:
            break
        value, end, limit = part
        total += value
        if limit <= 1:
            if limit == 1 and words.at(end) == "rưỡi" and not words.joined(end + 1):
                return total + _HALF, end + 1  # hai rưỡi
            break
    return (total, end) if end > place else None


def _part(words: Words, place: int, total: Fraction, limit: Fraction) -> tuple[Fraction, int, Fraction] | None:
    """Return the next part of a number, its end, and what the parts behind it must stay below."""
    word = words.words[place]
    if word == "rưỡi" and total and limit > 1:
        return limit * _HALF, place + 1, Fraction(0)
    if word == "tư" and total and limit > 1:
        return limit * 4 / 10, place + 1, Fraction(0)
    small = _small(words, place, inside=total > 0)
    if small is None:
        return _unsaid(words, place) if not total else None
    value, end = _decimals(words, *small)
    magnitude, after = _magnitude(words, end)
    if magnitude and (value * magnitude < limit or not total):
        return value * magnitude, after, Fraction(magnitude)
    if not total:
        return (value, end, Fraction(1)) if value else None
    if magnitude or words.words[place - 1] in _ABBREVIATED or (word.isdecimal() and value < 10 and words.joined(end)):
        return None
    if value < 10 and end == place + 1 and words.words[place] not in ("linh", "lẻ", "năm"):
        return value * limit / 10, end, Fraction(0)  # một triệu hai: the next lower place
    return (value, end, Fraction(0)) if 0 < value < limit else None


def _decimals(words: Words, value: Fraction, end: int) -> tuple[Fraction, int]:
    """Return a number with the decimals behind it: ``ba phẩy mười bốn``, ``một phẩy không năm``."""
    if words.at(end) != "phẩy" or value.denominator > 1 or not words.joined(end + 1):
        return value, end
    digits, place = "", end + 1
    if words.at(place + 1) in _SHORT_TENS and (short := _tens(words, place)) is not None:
        return Fraction(f"{value}.{short[0]}"), short[1]  # phẩy hai lăm
    while words.joined(place) and (digit := _decimal(words.words[place])) and words.at(place + 1) != "mươi":
        digits, place = digits + digit, place + 1
    if not digits and (tens := _tens(words, place)) is not None:
        digits, place = str(tens[0]), tens[1]
    return (Fraction(f"{value}.{digits}"), place) if digits else (value, end)


def _decimal(word: str) -> str:
    return word if word.isdecimal() else str({"không": 0, **_DIGITS}.get(word, ""))


def _magnitude(words: Words, place: int) -> tuple[int, int]:
    """Return the product of the magnitude words at a place (``nghìn tỷ``) and their end; 0 where there is none."""
    product, end = 1, place
    while (found := _MAGNITUDES.get(words.at(end))) and not (end > place and words.at(end) in _ABBREVIATED):
        if end > place and found <= product:
            break
        product, end = product * found, end + 1
    return (product, end) if end > place else (0, place)


def _unsaid(words: Words, place: int) -> tuple[Fraction, int, Fraction] | None:
    """Return what has no digit before it: ``trăm rưỡi``, ``triệu hai``, ``nửa triệu``."""
    word, follows = words.words[place], words.at(place + 1)
    if word == "nửa" and (follows in _MAGNITUDES or follows == "trăm") and follows not in _ABBREVIATED:
        return Fraction(100 if follows == "trăm" else _MAGNITUDES[follows]) / 2, place + 2, Fraction(0)
    magnitude = 0 if word in _ABBREVIATED else 100 if word == "trăm" else _MAGNITUDES.get(word, 0)
    before = words.words[place - 1] if words.joined(place) else ""
    if not magnitude or before in _VAGUE:
        return None
    larger = _MAGNITUDES.get(follows, 0)
    if larger > magnitude and follows not in _ABBREVIATED:
        return Fraction(magnitude * larger), place + 2, Fraction(0)  # trăm nghìn, nghìn tỷ
    if follows == "rưỡi":
        return Fraction(magnitude) * 3 / 2, place + 2, Fraction(0)
    if word == "trăm" and (follows in _DIGITS or follows in ("linh", "lẻ")):
        value, end = _behind_hundreds(words, Fraction(100), place + 1)
        return (value, end, Fraction(0)) if end > place + 1 else None
    alone = follows in _LOWER and words.at(place + 2) not in ("mươi", "trăm", *_MAGNITUDES)
    return (magnitude + Fraction(magnitude * _LOWER[follows], 10), place + 2, Fraction(0)) if alone else None


def _small(words: Words, place: int, *, inside: bool) -> tuple[Fraction, int] | None:
    """Return a number below a thousand, or any numeral."""
    if (value := words.value(place)) is not None:
        follows = words.at(place + 1)
        scale = 100 if follows == "trăm" else _FEW.get(follows, 0)
        if scale == 100:
            return _behind_hundreds(words, value * scale, place + 2)
        return _few(words, value * scale, scale, place + 2) if scale else (value, place + 1)
    word = words.words[place]
    if inside and word in ("linh", "lẻ"):
        digit = _odd(words, place + 1)
        if digit is None or words.at(place + 2) == "mươi":
            return _tens(words, place + 1) if words.joined(place + 1) else None
        return Fraction(digit), place + 2
    digit = 0 if word == "không" else _DIGITS.get(word)
    if digit is not None and words.at(place + 1) == "trăm" and (digit or inside):
        return _behind_hundreds(words, Fraction(100 * digit), place + 2)
    return _tens(words, place)


def _behind_hundreds(words: Words, value: Fraction, place: int) -> tuple[Fraction, int]:
    follows = words.at(place)
    if follows == "rưỡi":
        return value + 50, place + 1
    if follows in ("linh", "lẻ") and (digit := _odd(words, place + 1)) is not None:
        return value + digit, place + 2
    tens = _tens(words, place) if follows else None
    if tens is None:
        return value, place
    if tens[0] >= 10:
        return value + tens[0], tens[1]
    if follows == "năm" or words.at(place + 1) in _MAGNITUDES:
        return value, place
    return value + 10 * tens[0], tens[1]  # trăm hai: 120


def _odd(words: Words, place: int) -> int | None:
    word = words.at(place)
    return 4 if word == "tư" else _DIGITS.get(word)


def _tens(words: Words, place: int) -> tuple[Fraction, int] | None:
    word, follows = words.words[place], words.at(place + 1)
    if word == "mười":
        return _with_ones(words, 10, place + 1)
    if word in _TWENTY and follows in _AFTER_TENS:
        return _with_ones(words, 20, place + 1)
    digit = _DIGITS.get(word)
    if digit is None:
        four = word == "tư" and place and words.joined(place) and words.words[place - 1] in ("thứ", "tháng", "phần")
        return (Fraction(4), place + 1) if four else None
    if follows == "mươi":
        return _with_ones(words, 10 * digit, place + 2)
    if follows in _SHORT_TENS and digit > 1:
        return Fraction(10 * digit + _SHORT_TENS[follows]), place + 2
    if follows in _FEW:
        return _few(words, Fraction(digit * _FEW[follows]), _FEW[follows], place + 2)
    if word == "năm" and _is_year(words, place):
        return None
    return Fraction(digit), place + 1


def _few(words: Words, value: Fraction, scale: int, place: int) -> tuple[Fraction, int]:
    """Return tens or dozens with the half behind them: ``một chục rưỡi`` is 15."""
    half = words.at(place) == "rưỡi"
    return value + Fraction(scale, 2) * half, place + half


def _with_ones(words: Words, tens: int, place: int) -> tuple[Fraction, int]:
    ones = _AFTER_TENS.get(words.at(place), 0)
    return Fraction(tens + ones), place + bool(ones)


def _is_year(words: Words, place: int) -> bool:
    """Return whether ``năm`` is the noun: after a number (``hai năm``), before a year, or with a word of time."""
    before = words.words[place - 1] if place and words.joined(place) else ""
    follows = words.at(place + 1)
    if follows in ("mươi", "trăm") or follows in _MAGNITUDES:
        return False
    counted = bool(before) and (before in _AFTER_TENS or before == "mươi" or before == "mười" or before[0].isdecimal())
    counted = counted or (before == "năm" and not _is_year(words, place - 1))
    counted = counted or before in _MAGNITUDES or before in ("trăm", "rưỡi", "nửa", "chục")
    return counted or before in _NOT_FIVE_AFTER or follows in _NOT_FIVE_BEFORE or bool(_YEAR.fullmatch(follows))
