"""Translate findings to Vietnamese.

A finding is stored in English, with its values in its sentences: that is what programs read, and what older runs hold.
People may read it in Vietnamese. The English sentence is matched with its template in the catalogue, which gives the
values back, and the Vietnamese sentence is filled with them. What matches no template stays as it is.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, Final, Literal

from tailor.findings.catalogue import FindingVariant, check_of, variants
from tailor.findings.model import Finding

Language = Literal["en", "vi"]
_SPECIFIC: Final = 14  # letters in a row that a template has beside its values, to be known without its code
NOTHING_TO_DO: Final = "nothing to do", "không cần làm gì"

_WRAPPED: Final = (
    (re.compile(r"(?P<inner>.*) \((?P<count>\d+) (?:of them|rows); this is the first\)", re.DOTALL),
     "{inner} (có {count}; đây là chỗ đầu tiên)"),
    (re.compile(r"the file can't be read beyond row (?P<line>\d+): (?P<inner>.*)", re.DOTALL),
     "không đọc được tệp sau dòng {line}: {inner}"),
    (re.compile(r"(?P<inner>.*); the row's keys: (?P<keys>.*)", re.DOTALL), "{inner}; các khóa của dòng: {keys}"),
)  # fmt: skip
"""Wrappers around a catalogue's message, in English and Vietnamese."""
_OTHERS: Final = re.compile(
    r"the same of (?P<more>more than )?(?P<count>\d+) others, such as (?P<examples>.*)"
    r" \(in all (?P<rows>[\d,]+) rows\)",
    re.DOTALL,
)


def translated(found: Finding, language: Language) -> Finding:
    """Return the finding with message and fix in a language. Code, place and path stay as they are."""
    if language == "en":
        return found
    message, fix = _sentences(found.code, found.message, found.fix)
    return replace(found, message=message, fix=fix)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Pattern of an English template and the Vietnamese one; ``literal`` characters show how specific it is."""

    english: re.Pattern[str]
    vietnamese: str
    literal: int


@dataclass(frozen=True, slots=True)
class _Texts:
    words: Mapping[str, str]
    phrases: Mapping[str, str]
    texts: Mapping[str, list[str]]


@cache
def vietnamese() -> _Texts:
    """Return the Vietnamese texts, those of findings by the names that :func:`tailor.findings.finding` is called
    with."""
    document = tomllib.loads(files("tailor.findings").joinpath("vietnamese.toml").read_text("utf-8"))
    return _Texts(**document)


def _sentences(code: str, message: str, fix: str) -> tuple[str, str]:
    known = check_of(code)
    pairs = _pairs(known.code) if known else []
    return _message(message, [each for each, _ in pairs]), _said(fix, [each for _, each in pairs])


def _message(text: str, sentences: list[_Sentence]) -> str:
    if others := _OTHERS.fullmatch(text):
        more = "hơn " if others["more"] else ""
        return (
            f"như trên với {more}{others['count']} chỗ khác, ví dụ {others['examples']} (tất cả {others['rows']} dòng)"
        )
    for pattern, wrapping in _WRAPPED:
        if match := pattern.fullmatch(text):
            values = match.groupdict()
            return wrapping.format(**values | {"inner": _message(values["inner"], sentences)})
    return _said(text, sentences)


def _said(text: str, sentences: list[_Sentence]) -> str:
    """Return the Vietnamese of an English sentence; the most specific of several matching templates counts."""
    matches = [(each.literal, each, match) for each in sentences if (match := each.english.fullmatch(text))]
    if not matches:
        return text
    _, sentence, match = max(matches, key=lambda each: each[0])
    return sentence.vietnamese.format(**{name: _value(value) for name, value in match.groupdict().items()})


def _value(value: str) -> str:
    texts = vietnamese()
    if value in texts.words:
        return texts.words[value]
    for english, phrase in texts.phrases.items():
        value = value.replace(english, phrase)
    return value


def sentence_in_vietnamese(text: str) -> str | None:
    """Return the message or the fix of some finding in Vietnamese by its text alone; None for other texts."""
    if len(text) < _SPECIFIC:
        return None
    near = [_sentence(*pair) for longest, literal, *pair in _templates() if longest in text and 2 * literal > len(text)]
    known = _message(text, near) if near else text
    return None if known == text else known


@cache
def _templates() -> list[tuple[str, int, str, str]]:
    """Return the longest literal part, the number of literal letters, and each template with its translation."""
    found = []
    for name, (message, fix) in vietnamese().texts.items():
        for english, other in ((variants()[name].message, message), (variants()[name].fix, fix)):
            literals = [text for text, *_ in Formatter().parse(english)]
            if max(map(len, literals)) >= _SPECIFIC:
                found.append((max(literals, key=len), sum(map(len, literals)), english, other))
    return found


@cache
def _pairs(code: str) -> list[tuple[_Sentence, _Sentence]]:
    return [
        (_sentence(case.message, message), _sentence(case.fix, fix))
        for name, case in _variants_of(code)
        for message, fix in [vietnamese().texts[name]]
    ]


def _variants_of(code: str) -> Iterator[tuple[str, FindingVariant]]:
    return ((name, case) for name, case in variants().items() if case.code == code)


@cache
def _sentence(template: str, translation: str) -> _Sentence:
    parts = [(text, name) for text, name, _, _ in Formatter().parse(template)]
    pattern = ""
    for place, (text, name) in enumerate(parts):
        pattern += re.escape(text)
        if name:  # a value that comes again is taken from its last place, which is the one without quotation marks
            again = name in (later for _, later in parts[place + 1 :])
            pattern += ".*?" if again else f"(?P<{name}>.*?)"
    return _Sentence(re.compile(pattern, re.DOTALL), translation, sum(len(text) for text, _ in parts))


def in_document(row: dict[str, Any], language: Language) -> dict[str, Any]:
    """Return a finding of a report's JSON document with message and fix in a language."""
    if language == "en":
        return row
    message, fix = _sentences(row["code"], row["message"], row["fix"])
    return row | {"message": message, "fix": fix}
