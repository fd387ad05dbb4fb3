"""Separate answers from the reasoning before them."""

import re
from typing import Final, NamedTuple

_NAMES: Final = "think|thinking|thought|thoughts|reasoning|reason|scratchpad|reflection"
_OPEN: Final = re.compile(rf"(?<!`)<(?:{_NAMES})>|<\|begin_of_thought\|>", re.IGNORECASE)
_CLOSE: Final = re.compile(rf"(?<!`)</(?:{_NAMES})>|<\|end_of_thought\|>", re.IGNORECASE)
_ANSWERS: Final = (
    re.compile(r"\s*<(?:answer|response|output)>(.*)</(?:answer|response|output)>\s*", re.IGNORECASE | re.DOTALL),
    re.compile(r"\s*<\|begin_of_solution\|>(.*)<\|end_of_solution\|>\s*", re.DOTALL),
)

# An answer that begins so is taken apart; elsewhere such words may be tags of a text's own.
_BEGINS: Final = re.compile(r"\s*<(?:think|thinking|thought|thoughts|reasoning)>", re.IGNORECASE)
_ONLY_ENDS: Final = re.compile(r"(?<!`)</(?:think|thinking)>", re.IGNORECASE)


class Parted(NamedTuple):
    """``open_tag``: of reasoning that never ends; ``answer`` is then the unchanged text."""

    thought: str
    answer: str
    open_tag: str


def said(text: str) -> tuple[str, str]:
    """Return the reasoning at the beginning of a model's text, and its answer; truncated reasoning has none."""
    if "<" not in text or not (_BEGINS.match(text) or _ONLY_ENDS.search(text)):
        return "", text
    thought, answer, open_tag = parted(text)
    if open_tag and _BEGINS.match(text):
        return text.partition(">")[2].strip(), ""
    return thought, answer


def answer_of(text: str) -> str:
    """Return a model's text without the reasoning at its beginning."""
    return said(text)[1]


def begins(text: str) -> bool:
    """Return whether a text holds a tag of reasoning."""
    return "<" in text and bool(_OPEN.search(text) or _CLOSE.search(text))


def parted(text: str) -> Parted:
    """Return the reasoning in a text, the text without it, and a tag that never ends.

    Where only its end is tagged, it begins with the text: models write so that are given its beginning.
    """
    thoughts: list[str] = []
    kept: list[str] = []
    at = 0
    while True:
        begin, end = _OPEN.search(text, at), _CLOSE.search(text, at)
        if end is None:
            if begin:
                return Parted("", text, begin.group())
            break
        if begin and begin.start() < end.start():
            kept.append(text[at : begin.start()])
            thoughts.append(text[begin.end() : end.start()])
        else:
            thoughts.append(text[at : end.start()])
        at = end.end()
    if not at:
        return Parted("", text, "")
    kept.append(text[at:])
    answer = "".join(kept).strip()
    inner = next(filter(None, (wrapped.fullmatch(answer) for wrapped in _ANSWERS)), None)
    thought = "\n\n".join(filter(None, (_OPEN.sub("", each).strip() for each in thoughts)))
    return Parted(thought, inner[1].strip() if inner else answer, "")


class Parting:
    """Separates reasoning in a text that arrives in pieces, as :func:`said` does for a whole one.

    Two things differ: reasoning whose beginning is not tagged is taken for the answer, as nobody can tell before it
    ends, and so is reasoning after the answer has begun.
    """

    def __init__(self) -> None:
        self._waiting = ""  # not yet known what it is
        self._state = _UNKNOWN
        self._thought, self._answer = _Trimmed(), _Trimmed()

    def feed(self, text: str) -> tuple[str, str]:
        """Add the next piece; return the reasoning and the answer known so far."""
        self._waiting += text
        thought = ""
        if self._state == _UNKNOWN and not _MAY_BEGIN.fullmatch(self._waiting):
            begins = _BEGINS.match(self._waiting)
            self._state = _THINKS if begins else _PLAIN
            self._waiting = self._waiting[begins.end() :] if begins else self._waiting
        if self._state == _THINKS:
            end = _CLOSE.search(self._waiting)
            known = end.start() if end else _before_a_tag(self._waiting)
            thought = self._thought.feed(self._waiting[:known])
            self._waiting = self._waiting[end.end() if end else known :]
            self._state = _THOUGHT if end else _THINKS
        if self._state == _THOUGHT and self._waiting.lstrip():
            self._state = _WRAPPED if self._waiting.lstrip().startswith("<") else _ANSWERS_NOW
        return thought, self._known()

    def _known(self) -> str:
        if self._state not in (_PLAIN, _ANSWERS_NOW):
            return ""
        known, self._waiting = self._waiting, ""
        return known if self._state == _PLAIN else self._answer.feed(known)

    def end(self) -> tuple[str, str]:
        """Return what was held back of the reasoning and of the answer."""
        if self._state == _THINKS:
            return self._thought.feed(self._waiting), ""
        return ("", self._waiting) if self._state == _UNKNOWN else said(f"<think></think>{self._waiting}")


_UNKNOWN, _PLAIN, _THINKS, _THOUGHT, _WRAPPED, _ANSWERS_NOW = range(6)
_MAY_BEGIN: Final = re.compile(r"\s*(?:<[a-z]{0,9})?", re.IGNORECASE)
_LONGEST_TAG: Final = len("<|begin_of_solution|>")


def _before_a_tag(text: str) -> int:
    """Return where a text ends, or where a tag in it may have begun."""
    begin = max(text.rfind("<"), text.rfind("`<"))
    if text.endswith("`"):
        return len(text) - 1
    if begin < 0 or len(text) - begin > _LONGEST_TAG:
        return len(text)
    return begin - 1 if begin and text[begin - 1] == "`" else begin


class _Trimmed:
    """A text in pieces, without white space around the whole."""

    def __init__(self) -> None:
        self._begun = False
        self._space = ""

    def feed(self, text: str) -> str:
        text = self._space + text if self._begun else text.lstrip()
        kept = text.rstrip()
        self._begun = self._begun or bool(kept)
        self._space = text[len(kept) :]
        return kept
