"""Make answers comparable: the same words in different notations become the same text.

A normaliser is a row of named steps. Every step can be switched off, and the signature, which is printed beside each
score, says which were on: two scores with different signatures can't be compared.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tailor.answers.numbers import english_numerals

REPLACEMENT = "\ufffd"
_KEPT_SYMBOLS = frozenset("%‰°$€£¥₫±" + REPLACEMENT)
_APOSTROPHES = frozenset("'’ʼ`´")
_INNER = {
    **{".": "\ue000", ",": "\ue001", ":": "\ue002", "/": "\ue003", "-": "\ue004", "+": "\ue005"},
    **{"<": "\ue006", ">": "\ue007", "≤": "\ue008", "≥": "\ue009", "#": "\ue00a"},
}
_INNER_CODES = str.maketrans(_INNER)
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uff66-\uff9d]")
_OUTER = str.maketrans({mark: text for text, mark in _INNER.items()})


@dataclass(frozen=True, slots=True)
class Step:
    """A step. ``label`` is in the signature while the step is on."""

    name: str
    apply: Callable[[str], str]
    label: str = "on"
    default: bool = True


SPELLING = frozenset({"nfc", "tone"})


@dataclass(frozen=True, slots=True)
class Normaliser:
    name: str
    steps: tuple[Step, ...]
    off: frozenset[str] = frozenset()

    @property
    def signature(self) -> str:
        labels = [f"{step.name}:{'off' if step.name in self.off else step.label}" for step in self.steps]
        return "|".join([self.name, *labels])

    def __hash__(self) -> int:
        """Return a hash that is quick to work out: each text that is looked up in the cache needs it."""
        return hash((self.name, self.off))

    def __call__(self, text: str) -> str:
        return _normalised(self, text)

    def tokens(self, text: str) -> list[str]:
        """Return words; syllables in Vietnamese; single characters in scripts without spaces."""
        return _UNSPACED.sub(r" \g<0> ", self(text)).split()

    def spelling(self, text: str) -> str:
        """Return a text with only Unicode and tone marks in one form, as BLEU and chrF take it."""
        for step in self.steps:
            if step.name in SPELLING and step.name not in self.off:
                text = step.apply(text)
        return visible(text)

    def switched(self, switches: Mapping[str, bool]) -> "Normaliser":
        """Return a copy with steps turned on or off; unknown steps have no effect. Without switches, the same one."""
        if not switches:
            return self
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
    """Return the normaliser, with steps turned off that are off by default."""
    return Normaliser(name, tuple(steps), frozenset(step.name for step in steps if not step.default))


def compose(text: str) -> str:
    """Return text in NFC, also if half composed; full-width forms, raised digits of units (``m²``) and ``½`` become
    plain.

    A lone surrogate becomes U+FFFD, which equals no sound text.
    """
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    if text.isascii():
        return text
    text = _VULGAR.sub(lambda match: unicodedata.normalize("NFKC", match[0]).replace("\u2044", "/"), text)
    return _RAISED.sub(lambda match: str(unicodedata.digit(match[0])), text.translate(_PLAIN_FORMS))


_PLAIN_FORMS = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    **{0x3000: " ", 0x2212: "-", 0x2010: "-", 0x2011: "-", 0x20AB: "₫"}
}
_RAISED = re.compile(r"(?<=[^\W\d_])[²³₀-₉]")
_VULGAR = re.compile(r"(?<!\d)[¼½¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SPACED_DECIMAL = re.compile(r"(?<=\d) ([.,]) (?=\d)")
_SPACED_MARK = re.compile(r" +([,.;:!?…)\]}])")


def visible(text: str) -> str:
    """Return a text without invisible characters."""
    return _INVISIBLE.sub("", text)


def squeeze(text: str) -> str:
    """Return text without invisible characters, with single spaces, none before a mark: ``7 . 5 m ?`` is ``7.5 m?``."""
    text = " ".join(visible(text).split())
    return _SPACED_MARK.sub(r"\1", _SPACED_DECIMAL.sub(r"\1", text))


def lower(text: str) -> str:
    return text.lower()


class _Marks(dict[int, str]):
    """Translates punctuation and symbols to spaces; apostrophes vanish; what numbers and units need is kept."""

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
_BETWEEN_DIGITS = re.compile(
    r"(?<=\d)[.,:/-](?=\d)|(?<![\w.,])[+-](?=\d)|(?<=\w)[+#]+(?!\w)|(?<=\b[^\W\d_])-(?=[\s).,;]|$)"
)
_BOUND = re.compile(r"(?:<=|>=|=<|=>|[<>≤≥⩽⩾])(?= ?[+-]?\d)")
_BOUNDS = {"<=": "≤", "=<": "≤", "⩽": "≤", ">=": "≥", "=>": "≥", "⩾": "≥"}
_UNIT = re.compile(r"(?<=\d)(?=[^\W\d_])")


def strip_punctuation(text: str) -> str:
    """Replace punctuation by spaces, except inside numbers, dates and times; ``50%`` is ``50 %``, ``7m`` is ``7 m``.

    What makes another word of a word or a number stays: ``C++``, ``C#``, ``18+``, ``<5``, ``≥ 5``.

    A text of nothing but punctuation stays as it is: it must not become equal to an empty answer.
    """
    text = _BOUND.sub(lambda match: _BOUNDS.get(match[0], match[0]), text)
    guarded = _BOUND.sub(lambda match: f" {_INNER[match[0]]} ", text)
    guarded = _BETWEEN_DIGITS.sub(lambda match: match[0].translate(_INNER_CODES), guarded)
    words = " ".join(_UNIT.sub(" ", guarded.translate(_TABLE)).split())
    return words.translate(_OUTER) or text


COMMON = (
    Step("nfc", compose),
    Step("space", squeeze),
    Step("lower", lower),
    Step("decimal", english_numerals, label="point"),
    Step("punct", strip_punctuation, label="keepnum"),
)
