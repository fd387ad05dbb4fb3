"""Vietnamese from an English report. What is not in vietnamese.toml stays English (a test holds that nothing does)."""

import tomllib
from functools import cache
from importlib.resources import files

from tailor import translated_page, vietnamese
from tailor.phrasebook import Phrasebook


def translated(page: str) -> str:
    """Return an English page in Vietnamese."""
    return translated_page.translated(page, said, "vi")


def untranslated(page: str) -> list[str]:
    """Return the texts of an English page that have letters and no translation."""
    return translated_page.untranslated(page, said)


def said(text: str) -> str | None:
    """Return a text in Vietnamese, None where it is not known. Blanks around it stay."""
    return _phrases().said(text)


@cache
def _phrases() -> Phrasebook:
    own = tomllib.loads(files(__package__).joinpath("vietnamese.toml").read_text("utf-8"))["texts"]
    pairs = vietnamese.most_literal([*map(tuple, own), *vietnamese.pairs()])
    return Phrasebook(pairs, lambda text: vietnamese.dates(translated_page.numbers(text)), states=vietnamese.states())
