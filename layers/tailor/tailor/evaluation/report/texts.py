"""Load the texts of an evaluation's pages in English and Vietnamese (texts.toml)."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "vi")


@cache
def texts_of(page: str, language: str) -> Mapping[str, str]:
    """Return a page's texts by name, in English if the language has none."""
    found = tomllib.loads(files(__package__).joinpath("texts.toml").read_text("utf-8"))
    spoken = language if language in LANGUAGES else "en"
    return {name: both[spoken] for name, both in found[page].items()}
