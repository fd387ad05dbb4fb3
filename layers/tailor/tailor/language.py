"""Detect the language of a text, as far as its letters and frequent words show it.

One detector for all: rows of a dataset, answers of a model, questions of a report. It is enough to see that a
Vietnamese model answers in English, and cheap enough for a million rows. Short texts without any sign (``2``, ``taxi``)
are undetermined, and are never held against a model.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

UNKNOWN = "und"
LATIN = "und-Latn"  # BCP 47: Latin letters, language undetermined
LEAST_LETTERS = 20  # of a text with ASCII letters alone that shows a language
TITLES = {
    "vi": "Vietnamese",
    "en": "like English, or Vietnamese without accents",
    LATIN: "like another language with Latin letters, or Vietnamese without accents",
    "zh": "Chinese",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "like Russian or another language with Cyrillic letters",
    "th": "Thai",
    "ar": "like Arabic or another language with its letters",
    "hi": "like Hindi or another language with its letters",
    "el": "Greek",
}
LANGUAGES = (UNKNOWN, *TITLES)
_LOOKED_AT = 2_000  # characters
_DENSE = 12  # characters for each letter that is Vietnamese alone, or fewer: nothing else needs to be looked at
# ă đ ơ ư and all of U+1EA0 to U+1EF9, in both cases.
_VIETNAMESE_ONLY = re.compile(f"[ăĂđĐơƠưƯ{''.join(map(chr, range(ord('Ạ'), ord('ỹ') + 1)))}]")
_VIETNAMESE_SHARED = re.compile("[àáâãèéêìíòóôõùúý]")
_FOREIGN = re.compile(r"(?![àáâãèéêìíòóôõùúý])[^\W\d_\x00-\x7f]")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff\uff66-\uff9d]")),
    ("ko", re.compile("[\u1100-\u11ff\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("el", re.compile("[\u0370-\u03ff]")),
)
_VIETNAMESE_COMMON = (
    "màu có không là và của trên trong đang một hai ba con cái chiếc người mèo chó xe nhà cây hình bên tròn vuông"
)
_ENGLISH_COMMON = (
    "the a is are of and in on with this that it there to for yes no not red blue green yellow black white orange "
    "purple pink brown one two three four five six left right image picture shows man woman dog cat people i"
)
_VIETNAMESE_WORDS = frozenset(_VIETNAMESE_COMMON.split())
_ENGLISH_WORDS = frozenset(_ENGLISH_COMMON.split())
_WORD = re.compile(r"[^\W\d_]+")
_NO_LETTERS = bytes(set(range(128)) - set(string.ascii_letters.encode()))
_ASCII_WORDS = bytes(ord(chr(code).lower() if chr(code).isalpha() else " ") for code in range(128)) + bytes(128)


def detect(text: str) -> str:
    """Return an ISO 639-1 code, ``und-Latn`` for Latin letters without a sign, or ``und``.

    Scripts with letters of their own come first, then letters that only Vietnamese has, then frequent words. Vietnamese
    without its accents is not Vietnamese, unless the text is short.
    """
    text = text[:_LOOKED_AT]
    if text.isascii():
        words = text.encode().translate(_ASCII_WORDS).decode().split()  # faster than str.translate
        return _of_words(words, enough=has_letters(text), foreign=False)
    text = unicodedata.normalize("NFC", text)
    own = len(_VIETNAMESE_ONLY.findall(text))
    if own * _DENSE >= len(text):
        return "vi"
    for language, script in _SCRIPTS:
        if script.search(text) and (language == "ja" or len(script.findall(text)) > own):
            return language
    text = text.lower()
    foreign = _FOREIGN.search(_VIETNAMESE_ONLY.sub("", text)) is not None
    return _of_words(_WORD.findall(text), enough=False, foreign=foreign)


def has_letters(text: str) -> bool:
    """Return whether a text begins with enough ASCII letters to show a language."""
    return len(text[: 2 * LEAST_LETTERS].encode("ascii", "ignore").translate(None, _NO_LETTERS)) >= LEAST_LETTERS


def _of_words(words: Sequence[str], *, enough: bool, foreign: bool) -> str:
    """Decide by frequent words.

    Args:
        enough: the text has ASCII letters alone, and enough of them that Vietnamese would show an accent.
        foreign: it has letters that neither English nor Vietnamese has.
    """
    if not words:
        return UNKNOWN
    english = sum(map(_ENGLISH_WORDS.__contains__, words))
    vietnamese = sum(map(_VIETNAMESE_WORDS.__contains__, words))
    if not enough:
        vietnamese += sum(word not in _VIETNAMESE_WORDS and bool(_VIETNAMESE_ONLY.search(word)) for word in words)
    if enough or foreign:
        return "en" if english > (len(words) // 4 if foreign else vietnamese) else LATIN
    if vietnamese == english == 0:
        return "vi" if _shares_letters(words) else UNKNOWN
    return "vi" if vietnamese >= english else "en"


def _shares_letters(words: Sequence[str]) -> bool:
    """Return whether so many short words have such letters that the text is not French, which has some too."""
    return sum(bool(_VIETNAMESE_SHARED.search(word)) and len(word) <= 6 for word in words) * 2 >= len(words)


def fits(text: str, language: str) -> bool:
    """Return False only if the text is clearly in another language than ``language``."""
    found = detect(text)
    if found.startswith(UNKNOWN) or language == UNKNOWN or found == language:
        return True
    if found == "zh" and language == "ja":  # Chinese characters alone may be Japanese
        return True
    return found == "en" and language not in _TOLD_APART


# Latin-script languages that detect() can't tell from English are not accused of being English.
_TOLD_APART = frozenset({"vi", "en"} | {language for language, _ in _SCRIPTS})


_KANA_SHARE = 0.05


def of_japanese(counts: Mapping[str, int]) -> bool:
    """Return whether texts of Chinese characters alone are Japanese: other texts of the same set contain kana."""
    return counts.get("ja", 0) > _KANA_SHARE * counts.get("zh", 0)


def dominant(texts: Iterable[str]) -> str:
    """Return the language of most texts that show one; ``und`` if none does."""
    counts = Counter(found for found in map(detect, texts) if not found.startswith(UNKNOWN))
    if of_japanese(counts):
        counts["ja"] += counts.pop("zh", 0)
    return counts.most_common(1)[0][0] if counts else UNKNOWN
