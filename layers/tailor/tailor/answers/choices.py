"""The letter of a choice: ``A``, ``(A)``, ``Đáp án: A``, ``câu A``, ``A. màu đỏ``."""

import re
import unicodedata

_LED = (
    r"(?:(?:đáp án|câu trả lời|trả lời|phương án|lựa chọn|chọn|câu|ý|answer|option|choice|choose|the answer)"
    r"(?: (?:đúng|chính xác|cuối cùng|của tôi|nhất|correct|final|đáp án|câu|phương án|answer|option))*(?: là|"
    r" is)?\s*[:=]?\s*)"
)
_OPEN, _CLOSE = r"[(\[{*_\"'“`]*", r"[)\]}*_\"'”`]*"
_WHOLE = re.compile(rf"\s*{_OPEN}(?:{_LED})*{_OPEN}(?P<l>[a-h]){_CLOSE}\s*[.):,]?{_CLOSE}\s*(?:ạ|nhé)?\s*[.!]?\s*")
_FIRST = re.compile(rf"\s*{_OPEN}(?:{_LED})*{_OPEN}(?P<l>[A-Ha-h]){_CLOSE}\s*[.):](?:{_CLOSE})(?:\s|$)")
_NAMED = re.compile(rf"(?<!\w)(?i:{_LED})(?:(?i:là|is)\s+)?{_OPEN}(?P<l>[A-H]){_CLOSE}(?![\w+#])")
# ``A cat`` begins with an article; ``A is right`` and ``A hay B`` with a letter.
_ARTICLE = r"(?!(?<=A) (?!(?:is|because|since|as|and|or|hay)\b)[a-z]+(?![^\W\d_]))"
_ALONE = re.compile(rf"(?<![\w]){_OPEN}(?P<l>[A-H]){_ARTICLE}{_CLOSE}(?![\w+#'’])")

_ALSO = re.compile(r"\s*(?:,|;|/|&|và|lẫn|and|hoặc|or|hay)\s*(?i:câu |đáp án |option )?\(?(?P<l>[A-H])(?![\w+#'’])")
_DENIED = re.compile(
    r"(?<!\w)(?:(?i:không phải|not|isn['’]t)(?: (?i:là|đáp án|câu|option|answer))* [A-H]"
    r"(?:(?:,| (?i:or|nor|hay|hoặc)),? [A-H])*(?!\w)"
    r"|(?i:(?:đáp án|câu|phương án|option|answer) )?[A-H] (?i:(?:là |is )?(?:sai|không đúng|wrong|incorrect|not)))"
)


def only_letter(text: str) -> str | None:
    """Return the letter that an answer is, in upper case; None for any other text."""
    match = _WHOLE.fullmatch(unicodedata.normalize("NFKC", text).lower())
    return match["l"].upper() if match else None


def chosen(text: str) -> str | None:
    """Return the letter that an answer chooses, perhaps in a sentence or before its text; None for none or several."""
    text = unicodedata.normalize("NFKC", text)
    if (letter := only_letter(text)) is not None:
        return letter
    text = _DENIED.sub("", text)
    for pattern in (_NAMED, _FIRST, _ALONE):
        found = list(pattern.finditer(text))
        letters = {match["l"].upper() for match in found}
        letters |= {also["l"] for match in found if (also := _ALSO.match(text, match.end()))}
        if len(letters) == 1:
            return letters.pop()
        if letters:
            return None
    return None
