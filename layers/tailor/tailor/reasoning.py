"""Part answers from the reasoning before them: thoughts are not an answer."""

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
    """``open_tag``: of reasoning that never ends; then ``answer`` is the text as it was."""

    thought: str
    answer: str
    open_tag: str


def said(text: str) -> tuple[str, str]:
    """Return the reasoning that a model's text begins with, and its answer; reasoning that was cut off has none."""
    if "<" not in text or not (_BEGINS.match(text) or _ONLY_ENDS.search(text)):
        return "", text
    thought, answer, open_tag = parted(text)
    if open_tag and _BEGINS.match(text):
        return text.partition(">")[2].strip(), ""
    return thought, answer


def answer_of(text: str) -> str:
    """Return a model's text without the reasoning that it begins with."""
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
