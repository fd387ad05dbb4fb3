"""Score containment: the answer contains a reference, in whatever words. Shows right answers in too many words.

A reference that is denied (``không phải đỏ``), or is one of many that are listed, was not said. Numbers, dates and
times are read as statements.
"""

import re

from tailor.answers import chosen, compatible, only_letter, stated, whole
from tailor.metrics.base import Case, Metric, Rules, best
from tailor.normalisers.base import Normaliser

_DENIAL = re.compile(
    r"(?<!\w)(?:không|chẳng|chả|chưa|đâu|không phải|not|no|isnt|isn t|never)(?: phải)?"
    r"(?: (?:chắc|hẳn|là|có|nhìn|thấy|màu|con|cái|chiếc|a|an|any|the|see))* $"
)
_NO_FIRST = re.compile(r"^\s*(?:không|no)(?: ạ)?\s*[,.;:]\s+", re.IGNORECASE)  # "No, red" denies something else
_OR_BEFORE = re.compile(r"(?<!\w)(?:hoặc|hay|or)(?: (?:là|màu|con|a|the))* $")
_OR_AFTER = re.compile(r" (?:hoặc|hay|or) ")
_AT_FIRST = re.compile(r"(?<!\w)(?:ban đầu|lúc đầu|thoạt đầu|tưởng|at first|first thought|initially)(?!\w)[^.!?]*$")
_THEN = re.compile(r"(?<!\w)(?:nhưng|à không|but|however|no wait)(?!\w)")
_SEPARATOR = re.compile(r"[,;/|\n]|(?<!\w)(?:và|hoặc|hay|or|and)(?!\w)")
_MANY = 3
_LONGER = 2  # words that an item of a list may be longer than the reference


def says(answer: str, reference: str, rules: Rules) -> bool:
    wanted_text = rules.normalise(reference)
    letter = only_letter(reference)
    if letter is not None:
        return chosen(answer) == letter
    value = whole(wanted_text)
    if value is not None and wanted_text[-1:].isdigit():
        said = stated(answer, value, rules.normalise)
        return said is not None and compatible(said, value)
    # A colour is looked for as it is written too: the step that drops "màu" hides "màu đỏ" in "màu đỏ tươi".
    asserted = _asserts(answer, reference, rules.normalise)
    if not asserted and "màu " in wanted_text:
        asserted = _asserts(answer, reference, rules.normalise.switched({"colour": False}))
    return asserted and not _is_list(answer, reference, rules)


def _asserts(answer: str, reference: str, normalise: Normaliser) -> bool:
    """Return whether an answer contains a reference where it is neither denied nor one of two."""
    wanted = " ".join(normalise.tokens(reference))
    text = f" {' '.join(normalise.tokens(_NO_FIRST.sub('', answer)))} "
    starts = [match.start() + 1 for match in re.finditer(f"(?= {re.escape(wanted)} )", text)]
    return bool(wanted) and any(
        not _DENIAL.search(text[:start])
        and not _OR_BEFORE.search(text[:start])
        and not _or_after(text, start, wanted)
        and not (_AT_FIRST.search(text[:start]) and _THEN.search(text[start:]))
        for start in starts
    )


def _or_after(text: str, start: int, wanted: str) -> bool:
    """Return whether an alternative follows the reference, which makes it a hedge. A reference may be one itself."""
    return bool(_OR_AFTER.match(text[start + len(wanted) :]))


def _is_list(answer: str, reference: str, rules: Rules) -> bool:
    """Return whether the reference is one of many short items that the answer lists to be right with one."""
    if _SEPARATOR.search(reference):
        return False
    most = len(rules.normalise.tokens(reference)) + _LONGER
    items = [rules.normalise.tokens(item) for item in _SEPARATOR.split(answer) if item.strip()]
    return len(items) >= _MANY and all(0 < len(item) <= most for item in items)


def score(case: Case, rules: Rules) -> float:
    return best(case, lambda answer, reference: float(says(answer, reference, rules)))


METRIC = Metric("containment", "Contains the answer", "the answer says a reference, in whatever words", score)
