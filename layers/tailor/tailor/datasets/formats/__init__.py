"""The formats that are recognised, one module each. The order decides where several fit: the more particular first."""

from typing import Final

from tailor.datasets.formats import converse, openai_chat, question_answer
from tailor.datasets.formats.base import Format, Sample

FORMATS: Final[tuple[Format, ...]] = (
    converse.FORMAT,
    openai_chat.FORMAT,
    question_answer.FORMAT,
)


def recognise(sample: Sample) -> Format | None:
    """The format that the first rows fit."""
    return next((format for format in FORMATS if format.fits(sample)), None)


def by_name(name: str) -> Format | None:
    return next((format for format in FORMATS if format.name == name), None)
