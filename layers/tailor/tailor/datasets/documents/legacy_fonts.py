"""Convert Vietnamese from before Unicode, which only fonts such as .VnTime or VNI-Times show correctly.

A font's name makes it certain. Without one the text itself has to: nearly all of its words must be Vietnamese syllables
once they are converted.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Final, Literal

from tailor.datasets.documents.model import RefusedDocumentError
from tailor.datasets.sources import is_syllable, tcvn3_text
from tailor.findings import Finding, finding

Table = Literal["TCVN3", "VNI-Windows"]
_FONTS: Final = (
    (re.compile(r"\.?VnW?[A-Z.]|\.VN"), "TCVN3"),
    (re.compile(r"VNI[- _]|VNI[A-Z][a-z]"), "VNI-Windows"),
)
_OTHERS: Final = re.compile(r"VPS|BK ?HCM|VNtimes|VNU[- ]|TCVN|VISCII|VietKey|Vietware", re.IGNORECASE)
_SUBSET: Final = re.compile(r"[A-Z]{6}\+")
_WORD: Final = re.compile(r"[^\W\d_][^\s\d.,;:!?()\[\]\"/“”]*")
_HYPHENATED: Final = re.compile(r"[^\s\d.,;:!?()\[\]\"/“”-]*[-\ufffe][^\s\d.,;:!?()\[\]\"/“”]*")
_LEAST: Final = 12
_CERTAIN, _LIKELY = 0.85, 0.5
_SAMPLE: Final = 200_000
_MOST_WORDS: Final = 2000

_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT = "\u0300\u0301\u0309\u0303\u0323"
_ROUND, _BREVE, _HORN = "\u0302\u0306\u031b"
_PLAIN: Final = {"ø": _GRAVE, "ù": _ACUTE, "û": _HOOK, "õ": _TILDE, "ï": _DOT}
_ON_ROUND: Final = {"à": _GRAVE, "á": _ACUTE, "å": _HOOK, "ã": _TILDE, "ä": _DOT, "â": ""}
_ON_BREVE: Final = {"è": _GRAVE, "é": _ACUTE, "ú": _HOOK, "ü": _TILDE, "ë": _DOT, "ê": ""}
_ALONE: Final = {
    "æ": f"i{_HOOK}", "ó": f"i{_TILDE}", "ò": f"i{_DOT}", "î": f"y{_DOT}", "ñ": "đ", "ô": f"o{_HORN}",
    "ö": f"u{_HORN}",
}  # fmt: skip


def _vni() -> dict[str, str]:
    """Return the letter for each VNI-Windows sign of one or two characters."""
    found = dict(_ALONE)
    for base, (mark, tone) in product("aeouy", _PLAIN.items()):
        found[base + mark] = base + tone
    for base, (mark, tone) in product("aeo", _ON_ROUND.items()):
        found[base + mark] = base + _ROUND + tone
    for mark, tone in _ON_BREVE.items():
        found[f"a{mark}"] = f"a{_BREVE}{tone}"
    for base, (mark, tone) in product("ôö", _PLAIN.items()):
        found[base + mark] = _ALONE[base] + tone
    composed = {sign: unicodedata.normalize("NFC", letter) for sign, letter in found.items()}
    upper = {sign.upper(): letter.upper() for sign, letter in composed.items()}
    mixed = {sign[0].upper() + sign[1:]: letter.upper() for sign, letter in composed.items() if len(sign) == 2}
    return {**mixed, **upper, **composed}


_VNI: Final = _vni()
_VNI_SIGN: Final = re.compile("|".join(sorted(map(re.escape, _VNI), key=len, reverse=True)))


def table_of(font: str) -> Table | None:
    """Return the table for a font's name; None for other fonts. Raises RefusedDocumentError for an old, unknown one."""
    name = _SUBSET.sub("", font.strip(" '\""))
    for pattern, table in _FONTS:
        if pattern.match(name):
            return "TCVN3" if table == "TCVN3" else "VNI-Windows"
    if _OTHERS.match(name):
        raise RefusedDocumentError(finding("legacy-font/unknown", font=name))
    return None


def converted(text: str, table: Table, *, capitals: bool = False) -> str:
    """Return text of a table in Unicode. ``capitals``: the font shows lower-case letters as capitals."""
    text = tcvn3_text(text) if table == "TCVN3" else _VNI_SIGN.sub(lambda found: _VNI[found[0]], text)
    return text.upper() if capitals else text


def with_lost_letter(text: str) -> str:
    """Return text of a TCVN3 font with its "ư" restored, which PDF's usual encoding takes for a hyphen."""
    return _HYPHENATED.sub(_without_hyphen, text)


def _without_hyphen(found: re.Match[str]) -> str:
    word = re.sub("[-\ufffe]", "\xad", found[0])
    first, ended, rest = word.partition("\xad") if "\ufffe" in found[0] else (word, "", "")
    if ended:  # the library took the end of a line for a divided word
        word = f"{first}\xad"
        return f"{word} {rest}" if is_syllable(tcvn3_text(word)) else found[0]
    return word if is_syllable(tcvn3_text(word)) else found[0]


@dataclass(slots=True)
class Fonts:
    """Converts pieces of a document by their fonts, and remembers which old fonts it met."""

    seen: dict[str, Table] = field(default_factory=dict)
    _known: dict[str, Table | None] = field(default_factory=dict)

    def read(self, text: str, font: str) -> str:
        """Return text in Unicode, given its font. Raises RefusedDocumentError."""
        if not font or (text.isascii() and not _is_capital(font)):
            return text
        if font not in self._known:
            self._known[font] = table_of(font)
        table = self._known[font]
        if table is None:
            return text
        self.seen[_SUBSET.sub("", font)] = table
        return converted(text, table, capitals=_is_capital(font))

    def findings(self) -> list[Finding]:
        """Return findings about the fonts whose text was converted."""
        if not self.seen:
            return []
        names, tables = sorted(self.seen)[:5], sorted(set(self.seen.values()))
        return [finding("legacy-font", what=", ".join(names), table=" and ".join(tables))]


def _is_capital(font: str) -> bool:
    """Return whether a TCVN3 font shows capitals in place of lower-case letters: .VnTimeH, .VnArialH."""
    name = _SUBSET.sub("", font).partition(",")[0].partition("-")[0]
    return name.startswith((".Vn", "Vn")) and name.endswith("H")


def by_text(text: str) -> tuple[Table | None, list[Finding]]:
    """Return the table of a text with unknown fonts, judged by its words, and what to report; None if there is none.

    Raises RefusedDocumentError where it looks as if, but is not sure.
    """
    words = _words(text)
    if len(words) < _LEAST or _share(words, None) > _LIKELY:
        return None, []
    tables: tuple[Table, ...] = ("TCVN3", "VNI-Windows")
    shares = {table: _share(words, table) for table in tables}
    best = max(tables, key=shares.__getitem__)
    if shares[best] < _LIKELY:
        return None, []
    if shares[best] < _CERTAIN:
        raise RefusedDocumentError(finding("legacy-font/unsure", table=best, example=words[0][:40]))
    return best, [finding("legacy-font", what=repr(words[0][:40]), table=best)]


def _words(text: str) -> list[str]:
    """Return some of the words with letters beyond ASCII."""
    found = (found[0] for found in _WORD.finditer(text[:_SAMPLE]))
    return list(islice((word for word in found if not word.isascii()), _MOST_WORDS))


def _share(words: list[str], table: Table | None) -> float:
    """Return the share of words that are Vietnamese syllables, as they are or read by a table."""
    read = words if table is None else [converted(word, table) for word in words]
    return sum(not word.isascii() and is_syllable(word) for word in read) / len(words)


def is_unicode(text: str) -> bool:
    """Return whether the Vietnamese words of a text are already in Unicode."""
    words = _words(text)
    return bool(words) and _share(words, None) > _LIKELY
