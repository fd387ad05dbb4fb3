"""List the formats, one module each. If several fit, the first one in this order counts: the most specific one."""

from typing import Final

from tailor.datasets.formats import (
    alpaca,
    captions,
    converse,
    invocation_log,
    llava,
    openai_chat,
    plain_text,
    prompt_completion,
    prompts,
    question_answer,
    reinforcement,
    rendered_chat,
    sharegpt,
)
from tailor.datasets.formats.base import Format, Sample
from tailor.recipe import Columns

FORMATS: Final[tuple[Format, ...]] = (
    invocation_log.FORMAT,
    reinforcement.FORMAT,
    converse.FORMAT,
    llava.FORMAT,
    sharegpt.FORMAT,
    openai_chat.FORMAT,
    alpaca.FORMAT,
    prompt_completion.FORMAT,
    question_answer.FORMAT,
    captions.FORMAT,
    rendered_chat.FORMAT,
    plain_text.FORMAT,
    prompts.FORMAT,
)


def recognise(sample: Sample, wanted: Columns) -> Format | None:
    """Return the format that the first rows fit. If the recipe names columns, the rows have free columns."""
    if sample.method == "continued-pre-training" and plain_text.FORMAT.fits(sample):
        return plain_text.FORMAT
    if (wanted.question or wanted.answer) and question_answer.FORMAT.fits(sample):
        return question_answer.FORMAT
    return next((format for format in FORMATS if format.fits(sample)), None)


def by_name(name: str) -> Format | None:
    return next((format for format in FORMATS if format.name == name), None)
