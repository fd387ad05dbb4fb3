"""Yes, no or *cannot tell*, in Vietnamese and English: as a whole answer, and as what a sentence says.

Refusals, doubts and hedges (``không biết``, ``có lẽ``, ``có hoặc không``) are *cannot tell*, which is neither a yes nor
a no. A question repeated, and a text that says nothing of the kind, are None.
"""

import re
import unicodedata
from typing import Final, Literal

Stance = Literal["yes", "no", "unknown"]
YES: Final = "yes"
NO: Final = "no"
UNKNOWN: Final = "unknown"

_SHORT = {
    **dict.fromkeys(("ko", "k", "kg", "hok", "hông", "khong", "kh", "khg", "kô", "hổng", "khum", "hong"), "không"),
    **{"đc": "được", "dc": "được", "ok": "được", "okay": "được", "okie": "được", "uh": "ừ", "ừm": "ừ", "uhm": "ừ"},
    **{"hem": "không", "chẳng": "chẳng", "chả": "chẳng", "chớ": "chứ", "dạ": "dạ", "vang": "vâng", "dung": "đúng"},
    **{"can't": "cannot", "isn't": "is not", "aren't": "are not", "don't": "do not", "doesn't": "does not"},
    **{"wasn't": "was not", "won't": "will not", "couldn't": "could not", "there's": "there is", "it's": "it is"},
}
_PARTICLES = (
    "dạ|thưa(?: (?:anh|chị|em|cô|thầy|bạn|ông|bà|quý khách))?|ạ|vâng ạ|nhé|nha|nhá|ha|á|à|ơi|rồi|luôn|đấy|đó|mà|cả|hết|"
    "thật|thật sự|hoàn toàn|chắc chắn|dĩ nhiên|tất nhiên|rõ ràng|well|oh|please|sir|of course|definitely|certainly|"
    "absolutely|indeed|sure"
)
_YES_WORDS = (
    "có|đúng|phải|vâng|ừ|ờ|dạ|được|rồi|chính xác|chuẩn|đồng ý|chắc chắn rồi|tất nhiên rồi|đương nhiên|tất nhiên|"
    "dĩ nhiên|dĩ nhiên rồi|hẳn rồi|"
    "đúng thế|"
    "đúng vậy|đúng rồi|phải rồi|có chứ|là có|quả vậy|quả đúng|yes|yeah|yep|yup|true|correct|right|exactly|of course|"
    "definitely|certainly|absolutely|indeed|sure|it is|there is|there are|affirmative"
)
_NO_WORDS = (
    "không có|không phải|không phải vậy|không đúng|không hề|không được|không bao giờ|không|chưa|chưa có|sai|"
    "sai rồi|chẳng|"
    "chẳng có|chẳng phải|chẳng hề|đâu có|đâu phải|làm gì có|có đâu|nào có|không hề có|chưa hề|"
    "no|nope|not|false|incorrect|wrong|never|nah|negative|it is not|there is not|there are not"
)
_PREFIX = re.compile(
    r"^(?:(?:(?:đáp án|câu trả lời|trả lời|kết luận|kết quả|answer|the answer)(?: (?:đúng|cuối cùng|của tôi|final))?"
    r"(?: là| is)?|(?:tôi|mình|em|i)(?: (?:nghĩ|cho|tin|đoán|thấy|think|believe|guess))(?: (?:là|rằng|that))?|"
    r"theo (?:tôi|mình|em|hình|ảnh|hình ảnh|bức ảnh|bức hình)|(?:được|bị) cho là|có vẻ(?: như| là)?|hình như(?: là)?|"
    r"dường như(?: là)?|it seems(?: that)?|in my opinion|thì|là|rằng|nên|vậy|so)(?: |$))+"
)
_UNKNOWN = re.compile(
    r"\b(?:không|chưa|chẳng|khó|ai)(?: ai)?(?: (?:thể|hề|được|có thể|tài nào))* "
    r"(?:biết|rõ|chắc|xác định|trả lời|khẳng định|kết luận|phân biệt|đoán|nói|nhận ra|nhận biết|đánh giá|"
    r"xác minh|xem được|"
    r"xem ảnh|xem hình|truy cập|hiểu|hỗ trợ|giúp|cung cấp|kiểm chứng|nhìn rõ|thấy rõ|dám chắc|nhớ)\b"
    r"|\b(?:không|chưa) (?:có |đủ )+(?:đủ )?(?:thông tin|dữ liệu|căn cứ|cơ sở|bằng chứng|khả năng|câu trả lời|ý kiến)\b"
    r"|\b(?:không|chưa) (?:được )?(?:nêu|đề cập|cho biết|nói rõ|nói đến|nhắc đến)\b"
    r"|^(?:\S+ ){0,3}không thể(?: (?:nhìn|nhìn thấy|thấy|xem))?$|\btùy\b|\btuỳ\b|\bphụ thuộc\b|\bcó (?:lẽ|"
    r"khi)\b|\bchắc là\b"
    r"|\bcó (?:hoặc|hay) không\b|\bkhông (?:hoặc|hay) có\b|\byes (?:or|and) no\b|\bvừa có vừa không\b|"
    r"\bxin lỗi\b|\brất tiếc\b|\b(?:không|chưa) hẳn\b"
    r"|^(?:(?:mình|tôi|em) )?(?:xin )?(?:chịu|bó tay)(?: thôi| luôn| rồi)?$"
    r"|\b(?:không|chẳng) (?:đếm|đọc|nhìn|nhận|xem|đoán|tính) (?:nổi|xuể|ra)\b"
    r"|\bmột mô hình ngôn ngữ\b|\b(?:có thể có|có thể không|có thể là|có thể)$|\bcó thể (?:có|là|không)\b|"
    r"\bcó cũng được\b"
    r"|\b(?:do not|did not|does not|cannot|can not|could not|unable to|not able to|impossible to|hard to|difficult to)"
    r"(?: \w+)? (?:know|tell|say|determine|answer|see|be determined|be sure|confirm|verify|decide|remember|help|"
    r"assist)\b"
    r"|\b(?:not sure|not certain|unsure|uncertain|unclear|unknown|not clear|not enough|insufficient|depends|"
    r"maybe|perhaps"
    r"|possibly|might be|may be|no idea|not specified|not mentioned|not stated|not given|as an ai|i am sorry|sorry)\b"
)
_UNSURE = re.compile(r"\b(?:không|chưa|chẳng)(?: dám)? chắc\b|\bnot (?:sure|certain|clear)\b")
_SHORTLY = 4  # words of a doubt that says nothing else
_DOUBLE = (
    (
        re.compile(
            r"\b(?:không thể|không ai|khó(?: mà)?|khó có thể) (?:phủ nhận|chối cãi|chối|bác bỏ)(?: là| rằng)?\b"
        ),
        "",
    ),
    (re.compile(r"\bi (?:think|believe|guess|suppose) so\b|\b(?:sure thing|you bet|sao (?:lại )?không)\b"), "yes"),
    (re.compile(r"\bi doubt (?:it|that|so)\b|^hardly(?: ever)?$"), "no"),
    (re.compile(r"\bcannot (?:be denied|deny)(?: that)?\b"), ""),
    (re.compile(r"\b(?:không|chẳng|đâu) phải (?:là )?(?:không|chưa|chẳng)(?: có| đúng)?\b"), "có"),
    (re.compile(r"\b(?:không|chẳng) sai\b|\bkhông thể không\b|\bnot (?:wrong|false|incorrect)\b"), "đúng"),
    (re.compile(r"\b(?:không (?:chỉ|những|ít|lâu|xa|gian|khí|may|ngừng)|không có gì lạ|chưa bao giờ hết)\b"), "_"),
    (
        re.compile(r"\b(?:không còn|hết) (?:nghi ngờ|nghi ngờ gì)(?: nữa)?\b|\bno doubt\b|\bwithout (?:a )?doubt\b"),
        "definitely",
    ),
)
_BARE_YES = re.compile(rf"(?:(?:{_PARTICLES}) )*(?:{_YES_WORDS})(?: (?:{_PARTICLES}|{_YES_WORDS}))*")
_BARE_NO = re.compile(rf"(?:(?:{_PARTICLES}) )*(?:{_NO_WORDS})(?: (?:{_PARTICLES}|đâu|{_NO_WORDS}))*")
_POLITE = re.compile(rf"^(?:(?:{_PARTICLES}|vâng|ừ|ờ) )+(?=\S)|(?: (?:ạ|nhé|nha|nhá|đâu ạ))+$")
_ONLY_POLITE = re.compile(r"(?:(?:vâng|dạ|ừ|ờ|ạ|thưa|rồi|well|oh) ?)+")
_NEGATION = re.compile(
    r"\b(?:không|chẳng|chưa|đâu có|đâu phải|làm gì có|nào có|sai|no|not|never|none|nothing|nobody|neither|"
    r"incorrect|false)\b"
)
_ASSERTION = re.compile(
    r"\b(?:có|đúng|phải|là|ở|đang|nằm|đứng|ngồi|mặc|đội|cầm|đeo|thuộc|được|gồm|chứa|thấy|yes|true|correct|is|"
    r"are|was|were|"
    r"has|have|does|do|shows|contains)\b"
)
_QUESTION = re.compile(
    r"(?:\bcó\b.+\b(?:không|chưa)|\b(?:phải|đúng|được|có) (?:không|chưa)|\b(?:hay không|hay chưa|"
    r"phải không vậy)|\bchăng)$"
    r"|^(?:is|are|was|were|does|do|did|can|has|have|will) (?:there|it|this|that|the|they|he|she|we|you|i|a|an)\b.*"
)
_CLAUSE = re.compile(r"[,.;:!?\n…]+|\s[-–—]\s|\b(?:nhưng|tuy nhiên|vì|bởi vì|do đó|mà là|but|however|because|since)\b")
_MARKS = re.compile(r"[*_`\"“”‘()\[\]{}<>#~|/\\^]+")
_WORDS = re.compile(r"[^\W]+(?:['’][^\W]+)?")


_LONGEST = 200  # characters of a text that says no more than yes, no or unknown


def bare_stance(text: str) -> Stance | None:
    """Return the stance of a text that says nothing else: ``Dạ không ạ``, and not ``có màu đỏ``."""
    if len(text) > _LONGEST:
        return None
    said = " ".join(_clauses(text))
    if not said or _UNSURE.search(said):
        return UNKNOWN if said and len(said.split()) <= _SHORTLY else None
    if _BARE_NO.fullmatch(said) or _BARE_NO.fullmatch(_POLITE.sub("", said)):
        return NO
    if _BARE_YES.fullmatch(said):
        return YES
    return UNKNOWN if _UNKNOWN.search(said) and len(said.split()) <= _SHORTLY else None


def stance_of(text: str) -> Stance | None:
    """Return what an answer says: its first clause that takes a stance decides, unless the next one is its opposite."""
    clauses = _clauses(text)
    question = text.rstrip().endswith("?") and len(_sentences(text)) == 1
    found: list[Stance] = []
    for place, clause in enumerate(clauses):
        if _ONLY_POLITE.fullmatch(clause) and place + 1 < len(clauses):
            continue
        if (told := _of_clause(clause)) is not None:
            found.append(told)
            bare = _is_bare(clause)
            if not bare or len(found) > 1:
                break
    if not found:
        polite = any(re.search(r"\b(?:vâng|dạ|ừ|ờ)\b", clause) for clause in clauses)
        return YES if polite and len(clauses) and all(map(_ONLY_POLITE.fullmatch, clauses)) else None
    if question and not _is_bare(clauses[0]):
        return None
    opposed = len(found) > 1 and {found[0], found[1]} == {YES, NO} and _is_bare(_last_bare(clauses))
    return UNKNOWN if opposed else found[0]


def _last_bare(clauses: list[str]) -> str:
    return clauses[1] if len(clauses) > 1 else ""


def _is_bare(clause: str) -> bool:
    return bool(_BARE_YES.fullmatch(clause) or _BARE_NO.fullmatch(clause))


def _of_clause(clause: str) -> Stance | None:
    for pattern, instead in _DOUBLE:
        clause = pattern.sub(instead, clause)
    clause = " ".join(clause.split())
    stripped = _PREFIX.sub("", clause).strip() or clause
    stripped = _POLITE.sub("", stripped).strip() or stripped
    stripped = _PREFIX.sub("", stripped).strip() or stripped
    if _UNSURE.search(clause):
        return UNKNOWN
    if _BARE_NO.fullmatch(stripped) or stripped == "không thể":
        return NO
    if _BARE_YES.fullmatch(stripped):
        return YES
    if _UNKNOWN.search(clause):
        return UNKNOWN
    if _QUESTION.search(stripped):
        return None
    if _NEGATION.search(stripped):
        return NO
    return YES if _ASSERTION.search(stripped) else None


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+|\n+", text.strip()) if part.strip()]


def _clauses(text: str) -> list[str]:
    """Return the clauses in lower case, without marks, short forms written out."""
    lowered = unicodedata.normalize("NFC", text).lower().replace("’", "'")
    parts = _CLAUSE.split(_MARKS.sub(" ", lowered))
    alone = len(lowered.split()) == 1
    clauses = [" ".join(_long(word, alone=alone) for word in _WORDS.findall(part)) for part in parts if part]
    return [clause for clause in clauses if clause]


def _long(word: str, *, alone: bool) -> str:
    """Write a short form out. ``kg`` and other words of their own are so only where they are the whole answer."""
    return word if word in ("kg", "dc", "hong", "dung", "vang") and not alone else _SHORT.get(word, word)
