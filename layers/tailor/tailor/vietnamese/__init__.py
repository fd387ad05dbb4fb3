"""Vietnamese for the library's sentences: reasons, verdicts, quotes, errors. The one place that notices, pages, the API
and the command line look them up in.

Runs keep their sentences in English, for programs and for older versions. Where people read Vietnamese, a sentence is
matched with its template in ``sentences.toml`` (:mod:`tailor.phrasebook`), a finding with its own
(:mod:`tailor.findings`). A person's and AWS's own words stay as they are.
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files

from tailor.findings import Language, sentence_in_vietnamese
from tailor.phrasebook import Phrasebook
from tailor.translated_page import numbers

FUNCTIONS = frozenset({"prepare", "train", "track", "provision", "evaluate", "reconcile", "receive", "settle"})
"""Who moves runs by itself; everybody else is a person, or an app's key."""

_FIGURE = re.compile(r"[-+−]?\d[\d.,]*[  ]?(?:%|[KMGT]i?B|MB|bytes|ms|s|h|min)?")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d)")
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_DATE = re.compile(r"(?<![\w/-])(\d{4})-(\d\d)-(\d\d)(?![\w/-])")
_is_asked_for = ContextVar("is_asked_for", default=False)


def said(text: str) -> str | None:
    """Return a sentence of the library in Vietnamese, None if it is unknown. Outer blanks are kept."""
    known = _phrasebook().said(text)
    return sentence_in_vietnamese(text) if known is None else known


def in_vietnamese(text: str) -> str:
    """Return a sentence in Vietnamese, or as it is if it is unknown."""
    known = said(text)
    return text if known is None else known


def reason_in_vietnamese(text: str, by: str) -> str:
    """Return why a run was moved; of a person's or a key's reason only the sentences that are Tailor's own."""
    if by in FUNCTIONS:
        return in_vietnamese(text)
    known = _reasons().said(text)
    return text if known is None else known


@contextmanager
def asked_for(wanted: bool) -> Iterator[None]:
    """Have :func:`as_asked` speak Vietnamese, if it is wanted, until the end of the block."""
    before = _is_asked_for.set(wanted)
    try:
        yield
    finally:
        _is_asked_for.reset(before)


def language_asked_for() -> Language:
    """Return the language that the reader of what is answered now asked for."""
    return "vi" if _is_asked_for.get() else "en"


def as_asked(text: str, by: str = "") -> str:
    """Return a sentence in the language that the reader asked for; ``by``: who gave it as a reason."""
    if not _is_asked_for.get():
        return text
    return reason_in_vietnamese(text, by) if by else in_vietnamese(text)


def states() -> dict[str, str]:
    """Return the states of a run in words, by their codes."""
    return _texts()["states"]


@cache
def pairs() -> tuple[tuple[str, str], ...]:
    """Return all templates with their translations, those that say most first."""
    found = [pair for name, part in _texts().items() if name != "states" for pair in part.items()]
    return most_literal(found)


def section(name: str) -> dict[str, str]:
    """Return the templates of one section with their translations."""
    return _texts()[name]


def most_literal(found: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return templates in the order of how much they say beside their ``{names}``."""
    return tuple(sorted(found, key=lambda pair: -sum(len(part.rpartition("}")[2]) for part in pair[0].split("{"))))


def value(text: str) -> str:
    """Return a value within a sentence: a finding, a figure or a time as Vietnamese readers write it, else as it is."""
    if found := sentence_in_vietnamese(text):
        return found
    if _FIGURE.fullmatch(text):
        return numbers(text)
    if month := _MONTH.fullmatch(text):
        return f"{month[2]}/{month[1]}"
    return dates(text)


def dates(text: str) -> str:
    """Return a text with its dates as 29/11/2026, its times before them."""
    return _DATE.sub(r"\3/\2/\1", _MOMENT.sub(r"\4 ngày \3/\2/\1", text))


@cache
def _phrasebook() -> Phrasebook:
    return Phrasebook(pairs(), value, states=states())


@cache
def _reasons() -> Phrasebook:
    return Phrasebook(most_literal(list(section("reasons").items())), value, states=states())


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__name__).joinpath("sentences.toml").read_text("utf-8"))
