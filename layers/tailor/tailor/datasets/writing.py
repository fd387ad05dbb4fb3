"""Detect damage in the text itself: wrong decoding, Unicode forms, Vietnamese tone marks."""

import re
import unicodedata
from functools import lru_cache

# Controls but tab and line breaks; then what has no width, but for the joiners that some scripts and emoji need.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
# UTF-8 read as Windows-1252 or Latin-1: a lead byte's letter, then characters of continuation bytes.
_CONTINUATION = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_MOJIBAKE = re.compile(f"[Â-ß][{_CONTINUATION}]|[à-ï][{_CONTINUATION}]{{2}}|ð[{_CONTINUATION}]{{3}}")
_TYPED = "–—‘’“”•…"  # what people set after a letter
_BREAK = re.compile("[ \t\r\n]")  # no-break spaces are part of damaged words
_MOST = 80
_CUT = re.compile(r"[\u00c2\u00c3](?=[ \t\r\n]|$)")  # a lead byte whose other byte became a space, or is lost
_WORDS = re.compile("([ \t\r\n]+)")

# The two customs of placing the tone mark, in open syllables only and never after q: hoà and hòa.
_OLD_PAIRS = ["òa", "óa", "ỏa", "õa", "ọa", "òe", "óe", "ỏe", "õe", "ọe", "ùy", "úy", "ủy", "ũy", "ụy"]
_NEW_PAIRS = ["oà", "oá", "oả", "oã", "oạ", "oè", "oé", "oẻ", "oẽ", "oẹ", "uỳ", "uý", "uỷ", "uỹ", "uỵ"]
_ON_FIRST = re.compile(rf"(?<![qQ])(?:{'|'.join(_OLD_PAIRS)})(?!\w)", re.IGNORECASE)
_ON_SECOND = re.compile(rf"(?<![qQ])(?:{'|'.join(_NEW_PAIRS)})(?!\w)", re.IGNORECASE)
_WORD = re.compile(r"\w*$")


def mojibake(text: str) -> tuple[str, str] | None:
    """Return the damaged word, or its beginning, and what it probably was; None if the text looks intact."""
    for match in _MOJIBAKE.finditer(text):
        if _may_be_typed(match):
            continue
        word = _word_at(match)
        # A long word is cut, and may be cut within a letter.
        for length in range(_MOST, _MOST - 4, -1) if len(word) > _MOST else [len(word)]:
            for encoding in ("cp1252", "latin-1"):
                if (repaired := _repaired(word[:length], encoding)) is not None:
                    return word[:length], repaired
    return None


def decoded_again(text: str) -> tuple[str, int]:
    """Return a text with its damaged words restored, and their number; none, if one of them is not certain."""
    if _CUT.search(text):
        return text, 0
    words = _WORDS.split(text)
    repaired = []
    for word in words:
        if not _MOJIBAKE.search(word) or mojibake(word) is None:
            repaired.append(word)
            continue
        whole = next((found for code in ("cp1252", "latin-1") if (found := _repaired(word, code)) is not None), None)
        if whole is None or _MOJIBAKE.search(whole):
            return text, 0
        repaired.append(whole)
    changed = sum(one != other for one, other in zip(words, repaired, strict=True))
    return ("".join(repaired), changed) if changed else (text, 0)


def _word_at(match: re.Match[str]) -> str:
    """Return the word around a place, at most a little longer than the part examined."""
    text, earliest = match.string, max(match.start() - _MOST // 2, 0)
    breaks = [found.end() for found in _BREAK.finditer(text, earliest, match.start())]
    start = breaks[-1] if breaks else match.start() if earliest else 0
    end = _BREAK.search(text, match.end(), start + _MOST + 1)
    return text[start : end.start() if end else start + _MOST + 1]


def _may_be_typed(match: re.Match[str]) -> bool:
    """Return whether it is a letter with ordinary typed punctuation (khá…”), which is also the bytes of rare letters. Ã
    before a letter is an exception (CÃ”NG): typed punctuation is at the end of a word."""
    letter, trail = match.group()[0], match.group()[1:]
    within = match.string[match.end() : match.end() + 1].isalnum()
    return not trail.strip(_TYPED) and not (letter == "Ã" and within)


def _repaired(word: str, encoding: str) -> str | None:
    """Return a word as it was before its bytes were read in ``encoding``; None if it was not.

    A single letter of another writing is chance: été and », with a no-break space between them, are the bytes of ét頻.
    """
    try:
        repaired = word.encode(encoding).decode()
    except UnicodeError:
        return None
    foreign = [sign for sign in repaired if sign.isalpha() and not unicodedata.name(sign, "").startswith("LATIN ")]
    return None if repaired == word or CONTROLS.search(repaired) or len(foreign) == 1 else repaired


@lru_cache(1 << 12)
def tone_styles(text: str) -> tuple[str | None, str | None]:
    """Return a word with the tone mark on the first vowel (hòa) and one with it on the second (hoà); None if there is
    none."""
    first, second = _ON_FIRST.search(text), _ON_SECOND.search(text)
    return (_whole(text, first) if first else None, _whole(text, second) if second else None)


def _whole(text: str, match: re.Match[str]) -> str:
    before = _WORD.search(text[: match.start()])
    return (before.group() if before else "") + match.group()


def composed(text: str) -> str:
    """Return the text in NFC; the same object if it is composed already."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
