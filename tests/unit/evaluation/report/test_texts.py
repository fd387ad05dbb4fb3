"""Every text of the pages is there in both languages, with the same places for values."""

import tomllib
from importlib.resources import files
from string import Formatter

from tailor.evaluation.report.texts import LANGUAGES, texts_of

PAGES = tomllib.loads(files("tailor.evaluation.report").joinpath("texts.toml").read_text("utf-8"))


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_text_has_both_languages_and_the_same_values() -> None:
    for page, texts in PAGES.items():
        for name, both in texts.items():
            assert both.keys() == set(LANGUAGES), f"{page}.{name}"
            assert all(both.values()), f"{page}.{name}"
            assert places(both["en"]) == places(both["vi"]), f"{page}.{name}"


def test_another_language_gets_english() -> None:
    assert texts_of("labels", "fr") == texts_of("labels", "en") != texts_of("labels", "vi")
