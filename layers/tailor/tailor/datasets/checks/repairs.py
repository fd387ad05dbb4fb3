"""Repair texts where that is safe, recording before and after; redact them if the recipe asks for it.

What changes a meaning is never repaired, only offered in a finding's fix.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tailor.datasets import writing
from tailor.datasets.checks import privacy
from tailor.datasets.example import Example, Text
from tailor.findings import Finding, finding

WORSE = "the worse answer"
"""The place of a text that only preference pairs have: it is no turn of the conversation."""
_EXCERPT = 200
_MASK = "(not repeated here)"


@dataclass(frozen=True, slots=True)
class Fix:
    """One repaired text. ``before`` and ``after`` are excerpts around the first difference."""

    code: str
    file: str
    line: int
    path: str
    before: str
    after: str


class Repairs:
    """``strip``: also remove white space around texts (never around a document)."""

    def __init__(self, *, redact: bool, strip: bool) -> None:
        self._strip = strip
        self._steps: list[tuple[str, Callable[[str], tuple[str, int]]]] = [
            ("mojibake-repaired", writing.decoded_again),
            ("control-characters", lambda text: writing.CONTROLS.subn("", text)),
            ("invisible-characters", lambda text: writing.INVISIBLE.subn("", text)),
            ("not-nfc", lambda text: (writing.composed(text), 1)),
        ]
        if redact:
            self._steps.append(("redacted", privacy.redacted))

    def spaced(self, example: Example) -> bool:
        """Return whether a text begins or ends with white space to be removed."""
        return self._strip and _spaced(example)

    def apply(self, example: Example) -> tuple[list[Finding], list[Fix]]:
        """Repair the example's texts in place."""
        fixes: list[tuple[Finding, Fix]] = []

        def repaired(text: str, path: str, *, strip: bool = self._strip) -> str:
            return self._text(example, text, path, strip, fixes)

        if example.system is not None:
            example.system = repaired(example.system, "$.system[0].text")
        if example.document is not None:
            example.document = repaired(example.document, "$.input", strip=False)
        for place, turn in enumerate(example.turns):
            for at, block in enumerate(turn.blocks):
                if isinstance(block, Text):
                    block.text = repaired(block.text, f"$.messages[{place}].content[{at}].text")
        if example.worse is not None:
            example.worse = repaired(example.worse, WORSE)
        example.references = [repaired(text, f"references[{at}]") for at, text in enumerate(example.references)]
        return [found for found, _ in fixes], [fix for _, fix in fixes]

    def _text(self, example: Example, text: str, path: str, strip: bool, fixes: list[tuple[Finding, Fix]]) -> str:
        steps = [*self._steps, ("outer-space", _stripped)] if strip else self._steps
        for code, step in steps:
            after, count = step(text)
            if after != text:
                before, shown = (_MASK, _MASK) if code == "redacted" else _difference(text, after)
                found = finding(code, example.file, example.line, path, count=count)
                fixes.append((found, Fix(code, example.file, example.line, path, before, shown)))
                text = after
        return text


def _spaced(example: Example) -> bool:
    """Return whether a text begins or ends with white space."""
    for turn in example.turns:
        for block in turn.blocks:
            if type(block) is Text:
                text = block.text
                if text and (text[0].isspace() or text[-1].isspace()):
                    return True
    texts = (example.system, example.worse)
    return any(text is not None and text.strip() != text for text in texts)


def _stripped(text: str) -> tuple[str, int]:
    """Return the text without outer white space. Text that is only white space stays: that is a finding of its own."""
    return text.strip() or text, 1


def _difference(before: str, after: str) -> tuple[str, str]:
    pairs = enumerate(zip(before, after, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(0, at - 40)
    return before[start : start + _EXCERPT], after[start : start + _EXCERPT]
