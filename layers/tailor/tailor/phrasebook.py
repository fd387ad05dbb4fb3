"""Translate English sentences by templates, each with its translation.

Programs read English, and the sentences that are stored are English too. Where people read another language, a sentence
is matched with its English template, which gives the values back, and the translation is filled with them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

_PLACE = re.compile(r"\{(\w+)\}")
_ITEMS = "; "
_BETWEEN = (_ITEMS, ". ", ": ", ", ")  # what joins sentences and items
_PARTS = 12  # more are nobody's sentence, and might be somebody's attempt to keep this busy
_LONG = 1500  # characters, as above
_MANY = 10_000
_NUMBERS = frozenset({"low", "high", "margin", "lost", "least", "share"})
_SPECIAL = {"title": "[^,;]+?", "region": r"[a-z]{2}-[\w-]+"}
_NUMBER = r"[-+−]?\d[\d.,]*(?:e[-+]?\d+)?(?:[ \u00a0][%×])?|[=<]? ?[\d.e-]+|–|unknown|inf|nan"


@dataclass(frozen=True)
class _Phrase:
    """A template with ``{names}``, and its translation."""

    english: str
    other: str

    @cached_property
    def literals(self) -> list[str]:
        return _PLACE.split(self.english)[::2]

    @cached_property
    def longest(self) -> str:
        """Return the longest literal part: a text without it can't match, which is quick to see."""
        return max(self.literals, key=len)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = _PLACE.split(self.english)
        found = [re.escape(part) if place % 2 == 0 else _place(part) for place, part in enumerate(parts)]
        return re.compile("".join(found), re.DOTALL)

    def filled(self, values: dict[str, str]) -> str:
        return _PLACE.sub(lambda place: values[place[1]], self.other)


class Phrasebook:
    """Translations by English template. The first template that fits counts.

    Args:
        pairs: templates and translations. Names of a letter, and ``low``, ``high``, ``margin``, ``lost``, ``least`` and
            ``share``, stand for numbers, ``region`` for an AWS Region, ``title`` for a text without commas, ``words``
            for what others said, which stays as it is, ``finding`` for what ``value`` is asked about first, and all
            else for any text, which may be empty if the name ends in ``_``.
        value: what is made of a value that is no phrase itself.
        labels: words that are looked up alone, never as values, which may be somebody's names.
        states: what stands for the values of ``{state}``.
    """

    def __init__(
        self,
        pairs: Iterable[tuple[str, str]],
        value: Callable[[str], str] = str,
        labels: Mapping[str, str] | None = None,
        states: Mapping[str, str] | None = None,
    ) -> None:
        self._states = states or {}
        self._labels = labels or {}
        self._phrases = [_Phrase(english, other) for english, other in pairs]
        self._exact = {phrase.english: phrase.other for phrase in reversed(self._phrases)}
        self._open = [phrase for phrase in self._phrases if len(phrase.literals) > 1]
        self._value = value
        self._found = dict[str, str | None]()  # what was looked up before

    def said(self, text: str) -> str | None:
        """Return a text in the other language, None if it is unknown. Outer blanks are kept."""
        if text in self._labels:
            return self._labels[text]
        known = self._known(text)
        return known[:1].upper() + known[1:] if known and text[:1].isupper() else known

    def _known(self, text: str) -> str | None:
        """Return a text in the other language; of several sentences or items, all of which are known, each."""
        if text not in self._found:
            if len(self._found) > _MANY:
                self._found.clear()
            known = self._looked_up(text)
            if known is None and len(text) <= _LONG:
                known = next((each for between in _BETWEEN if (each := self._joined(text, between)) is not None), None)
            self._found[text] = known
        return self._found[text]

    def _joined(self, text: str, separator: str) -> str | None:
        parts = text.split(separator)
        if len(parts) > _PARTS:
            return None
        for place in range(1, len(parts)):
            first, rest = separator.join(parts[:place]), separator.join(parts[place:])
            if (known := self._known(first)) is not None and (after := self._known(rest)) is not None:
                return known + separator + after
        return None

    def _looked_up(self, text: str) -> str | None:
        inner = text.strip()
        if not inner:
            return text
        if text in self._exact:
            return self._exact[text]
        if inner in self._exact:
            return text.replace(inner, self._exact[inner])
        for phrase in self._open:
            if phrase.longest in text and (found := phrase.pattern.fullmatch(text) or phrase.pattern.fullmatch(inner)):
                given = found.groupdict()
                if self._took_too_much(given) and (listed := self._joined(text, _ITEMS)) is not None:
                    return listed
                values = {name: self._filled(name, value) for name, value in given.items()}
                start, end = text.partition(inner)[::2] if found.string is not text else ("", "")
                return start + phrase.filled(values) + end
        lower = inner[:1].lower() + inner[1:]  # a sentence begins with a capital, its template does not
        if lower != inner and (known := self._looked_up(lower.removesuffix("."))) is not None:
            return text.replace(inner, known[:1].upper() + known[1:] + "." * inner.endswith("."))
        return None

    def _took_too_much(self, values: Mapping[str, str]) -> bool:
        """Return whether a value may hold the next item of a list too."""
        return any(_ITEMS in value and name != "words" and self._known(value) is None for name, value in values.items())

    def _filled(self, name: str, value: str) -> str:
        if name == "words":
            return value
        if name == "finding" and (found := self._value(value)) != value:
            return found
        if name == "state" and value in self._states:
            return self._states[value]
        known = self._known(value)
        return self._value(value) if known is None else known


def _place(name: str) -> str:
    numeric = len(name) == 1 or name in _NUMBERS
    text = _SPECIAL.get(name, ".*?" if name.endswith("_") else ".+?")
    return rf"(?P<{name}>{_NUMBER if numeric else text})"
