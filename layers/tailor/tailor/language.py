"""Which language an answer is in, as far as a short text tells.

Enough to see that a Vietnamese model answers in English. Scripts are looked at first, because decomposed Japanese
carries combining marks too; then letters that only Vietnamese has; then frequent words. Short answers without any sign
(``2``, ``xe``) fit every language and are never held against a model.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

UNKNOWN = "und"
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff\uff66-\uff9d]")),
    ("ko", re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
)
_VIETNAMESE_ONLY = re.compile(r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]")
_VIETNAMESE_SHARED = re.compile(r"[àáâãèéêìíòóôõùúý]")
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


def detect(text: str) -> str:
    """An ISO 639-1 code, or ``und`` where the text gives no sign."""
    text = unicodedata.normalize("NFC", text).lower()
    for language, script in _SCRIPTS:
        if script.search(text):
            return language
    words = _WORD.findall(text)
    if not words:
        return UNKNOWN
    english = sum(word in _ENGLISH_WORDS for word in words)
    vietnamese = sum(bool(_VIETNAMESE_ONLY.search(word)) or word in _VIETNAMESE_WORDS for word in words)
    if vietnamese == english == 0:
        return "vi" if _shares_letters(words) else UNKNOWN
    return "vi" if vietnamese >= english else "en"


def _shares_letters(words: list[str]) -> bool:
    """French has such letters as well, but not in every second short word."""
    return sum(bool(_VIETNAMESE_SHARED.search(word)) and len(word) <= 6 for word in words) * 2 >= len(words)


def fits(text: str, language: str) -> bool:
    """False only where the text is plainly in another language than ``language``."""
    found = detect(text)
    if UNKNOWN in (found, language) or found == language:
        return True
    return found == "en" and language not in _TOLD_APART


# Latin-script languages that detect() can't tell from English are not accused of being English.
_TOLD_APART = frozenset({"vi", "en"} | {language for language, _ in _SCRIPTS})


def dominant(texts: Iterable[str]) -> str:
    """The language of most texts that show one; ``und`` where none does."""
    counts = Counter(found for found in map(detect, texts) if found != UNKNOWN)
    return counts.most_common(1)[0][0] if counts else UNKNOWN
