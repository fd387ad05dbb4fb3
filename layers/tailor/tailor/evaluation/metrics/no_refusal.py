"""Answers that are no refusal. A refusal where one is expected (a reference that refuses) is right."""

import re
import unicodedata

from tailor.evaluation.metrics.base import Case, Metric, Rules

_REFUSAL = re.compile(
    r"\bi(?:'m| am) (?:sorry|unable|not able)|\bi (?:can't|cannot|won't|will not) |\bas an ai\b"
    r"|\bunable to (?:help|assist|comply)|xin lỗi|rất tiếc|(?:tôi|mình|em) không thể"
    r"|tôi (?:không được phép|từ chối)|không thể (?:giúp|hỗ trợ|cung cấp|trả lời)"
)
_HEAD = 200


def refuses(text: str) -> bool:
    """Looks at the beginning only: a refusal comes first."""
    head = unicodedata.normalize("NFC", text).lower().replace("’", "'")[:_HEAD]
    return bool(_REFUSAL.search(head)) and not head.lstrip().startswith("{")


def score(case: Case, rules: Rules) -> float:
    return float(not refuses(case.answer) or any(map(refuses, case.references)))


METRIC = Metric("no_refusal", "No refusal", "the answer does not decline to answer", score)
