"""Score answers that are not refusals. A refusal is right if the reference refuses too."""

import re
import unicodedata

from tailor.metrics.base import Case, Metric, Rules

# An apology alone is no refusal: what can't or won't be done has to follow it.
_REFUSAL = re.compile(
    r"\bi(?:'m| am) sorry\b[^.!?]*\b(?:can't|cannot|won't|not|unable)\b|\bi(?:'m| am) (?:unable|not able)\b"
    r"|\bi (?:can't|cannot|won't|will not) (?!believe|tell you how|stress|emphasi)"
    r"|\bi (?:must|have to) (?:decline|refuse)\b"
    r"|\bagainst (?:my|the|our) (?:guidelines|policy|policies|rules)\b"
    r"|\bas an ai\b|\bunable to (?:help|assist|comply)"
    r"|(?:xin lỗi|rất tiếc)[^.!?]*\b(?:không|chưa)\b|(?:tôi|mình|em) (?:không thể|không được phép|từ chối)"
    r"|không thể (?:giúp|hỗ trợ|cung cấp|trả lời|thực hiện|xem (?:được )?(?:ảnh|hình)|nhìn thấy (?:ảnh|hình))"
    r"|(?:là|như) một (?:mô hình|trợ lý|trí tuệ)[^.!?]*\bkhông\b|(?:tôi|mình|em) không (?:có khả năng|có quyền|"
    r"được phép|hỗ trợ)"
    r"|(?:tôi|mình|em) (?:xin )?chịu\b[^.!?]*\bkhông"
    r"|(?:tôi|mình|em) (?:xin phép )?(?:xin )?từ chối|\bi do not have the ability\b|\bas a(?:n ai)? language model\b"
)
_HEAD = 200


def refuses(text: str) -> bool:
    """Return whether the beginning of the text is a refusal."""
    head = unicodedata.normalize("NFC", text).lower().replace("’", "'")[:_HEAD]
    return bool(_REFUSAL.search(head)) and not head.lstrip().startswith("{")


def score(case: Case, rules: Rules) -> float:
    return float(not refuses(case.answer) or any(map(refuses, case.references)))


METRIC = Metric("no_refusal", "No refusal", "the answer does not decline to answer", score)
