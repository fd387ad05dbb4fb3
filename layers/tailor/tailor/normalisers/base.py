"""Makes answers comparable: the same words written differently become the same text.

A normaliser is a row of named steps. Every step can be switched off, and the signature, which is printed beside each
score, says which were on: two scores with different signatures can't be compared.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

REPLACEMENT = "\ufffd"
_KEPT_SYMBOLS = frozenset("%‰°$€£¥₫" + REPLACEMENT)
_APOSTROPHES = frozenset("'’ʼ`´")
_INNER = {".": "\ue000", ",": "\ue001", ":": "\ue002", "/": "\ue003", "-": "\ue004", "+": "\ue005"}
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uff66-\uff9d]")
_OUTER = str.maketrans({mark: text for text, mark in _INNER.items()})


@dataclass(frozen=True, slots=True)
class Step:
    """``label`` is what the signature says while the step is on."""

    name: str
    apply: Callable[[str], str]
    label: str = "on"
    default: bool = True


@dataclass(frozen=True, slots=True)
class Normaliser:
    name: str
    steps: tuple[Step, ...]
    off: frozenset[str] = frozenset()

    @property
    def signature(self) -> str:
        labels = [f"{step.name}:{'off' if step.name in self.off else step.label}" for step in self.steps]
        return "|".join([self.name, *labels])

    def __call__(self, text: str) -> str:
        return _normalised(self, text)

    def tokens(self, text: str) -> list[str]:
        """Words; syllables in Vietnamese; single characters where a script writes no spaces."""
        return _UNSPACED.sub(r" \g<0> ", self(text)).split()

    def switched(self, switches: Mapping[str, bool]) -> "Normaliser":
        """A copy with steps turned on or off; a step that it does not have stays without effect."""
        known = [step.name for step in self.steps]
        off = {name for name in known if not switches.get(name, name not in self.off)}
        return Normaliser(self.name, self.steps, frozenset(off))


@lru_cache(maxsize=1 << 16)
def _normalised(normaliser: Normaliser, text: str) -> str:
    for step in normaliser.steps:
        if step.name not in normaliser.off:
            text = step.apply(text)
    return text


def build(name: str, steps: Sequence[Step]) -> Normaliser:
    """With the steps whose default is off switched off."""
    return Normaliser(name, tuple(steps), frozenset(step.name for step in steps if not step.default))


def compose(text: str) -> str:
    """NFC, also for half-composed text. A lone surrogate becomes U+FFFD, which equals no sound text."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))


_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SPACED_DECIMAL = re.compile(r"(?<=\d) ([.,]) (?=\d)")
_SPACED_MARK = re.compile(r" +([,.;:!?…)\]}])")


def squeeze(text: str) -> str:
    """No invisible characters, single spaces, none before a mark: ``7 . 5 m ?`` is ``7.5 m?``."""
    text = " ".join(_INVISIBLE.sub("", text).split())
    return _SPACED_MARK.sub(r"\1", _SPACED_DECIMAL.sub(r"\1", text))


def lower(text: str) -> str:
    return text.lower()


class _Marks(dict[int, str]):
    """Translates punctuation and symbols to spaces; apostrophes vanish; what numbers and units need stays."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in _APOSTROPHES:
            kept = ""
        elif character in _KEPT_SYMBOLS:
            kept = f" {character} "
        else:
            kept = " " if unicodedata.category(character)[0] in "PSZ" else character
        self[code] = kept
        return kept


_TABLE = _Marks()
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[.,:/-](?=\d)|(?<![\w.,])[+-](?=\d)")
_UNIT = re.compile(r"(?<=\d)(?=[^\W\d_])")


def strip_punctuation(text: str) -> str:
    """Punctuation becomes space, except inside numbers, dates and times; ``50%`` is ``50 %``, ``7m`` is ``7 m``.

    A text of nothing but punctuation stays as it is: it must not become equal to an empty answer.
    """
    guarded = _BETWEEN_DIGITS.sub(lambda match: _INNER[match.group()], text)
    words = " ".join(_UNIT.sub(" ", guarded.translate(_TABLE)).split())
    return words.translate(_OUTER) or text


_POINT_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]|\.\d)")


def point_numbers(text: str) -> str:
    """``1,000.5`` is ``1000.5``."""
    return _POINT_THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)


COMMON = (
    Step("nfc", compose),
    Step("space", squeeze),
    Step("lower", lower),
    Step("decimal", point_numbers, label="point"),
    Step("punct", strip_punctuation, label="keepnum"),
)
