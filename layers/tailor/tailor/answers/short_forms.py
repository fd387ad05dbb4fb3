"""Other writings of one name: ``TP.HCM``, ``Q.1``, ``thế kỷ XIX``, ``thứ nhất``, ``CN``, ``1st``, ``Mon``."""

import re

_PLACES = (
    (re.compile(r"(?<!\w)tp\.? ?hcm(?!\w)"), "thành phố hồ chí minh"),
    (re.compile(r"(?<!\w)hcm(?!\w)"), "hồ chí minh"),
    (re.compile(r"(?<!\w)tp\.? ?(?=[^\W\d_]{2,})"), "thành phố "),
    (re.compile(r"(?<!\w)q\. ?(?=\d)"), "quận "),
    (re.compile(r"(?<!\w)p\. ?(?=\d)"), "phường "),
)
_ROMAN = re.compile(
    r"(?<!\w)(?P<what>thế k[ỷỉ]|chương|khóa|tập|phần|hồi|đại hội|lần|cấp|loại|thế chiến|chiến tranh thế giới|"
    r"chapter|volume|part|phase|stage|type|grade|war)(?P<nth>(?: lần)?(?: thứ)?) (?P<n>[ivxl]+)(?!\w)"
)
_NUMERAL = re.compile(r"(?:xl|l?x{0,3})(?:ix|iv|v?i{0,3})")
_ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10, "l": 50}
_FIRST = re.compile(r"(?<!\w)(thứ|hạng|giải) nhất(?!\w)")
_SUNDAY = re.compile(r"^\s*cn\s*\.?\s*$")
_DAYS = {
    **{"mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday", "thur": "thursday"},
    **{"thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday"},
}
_DAY = re.compile(rf"^\s*({'|'.join(_DAYS)})\.?\s*$")
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()  # noqa: SIM905
_ORDINAL = re.compile(r"^\s*(?:the )?(\d\d?)(?:st|nd|rd|th)\s*\.?\s*$")


def vietnamese_short_forms(text: str) -> str:
    """Return a text in lower case with its short forms written out."""
    for pattern, long in _PLACES:
        text = pattern.sub(long, text)
    return _arabic(_FIRST.sub(r"\1 1", _SUNDAY.sub("chủ nhật", text)))


def english_short_forms(text: str) -> str:
    """Return a text in lower case with days and ordinals that are the whole of it in one form."""
    text = _DAY.sub(lambda match: _DAYS[match[1]], text)
    return _arabic(_ORDINAL.sub(_nth, text))


def _nth(match: re.Match[str]) -> str:
    """Write an ordinal that is the whole answer in letters: a digit in it is no number."""
    place = int(match[1])
    return _ORDINALS[place] if 0 < place < len(_ORDINALS) else match[0]


def _arabic(text: str) -> str:
    return _ROMAN.sub(lambda match: f"{match['what']}{match['nth']} {_value(match['n'])}", text)


def _value(roman: str) -> str:
    """Return a Roman numeral's number; a word that only looks like one stays."""
    if not _NUMERAL.fullmatch(roman):
        return roman
    digits = [_ROMAN_DIGITS[letter] for letter in roman]
    return str(sum(-one if one < after else one for one, after in zip(digits, [*digits[1:], 0], strict=True)))
