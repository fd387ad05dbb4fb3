"""Read images or videos with captions: each gets the same question, from the recipe or a default."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.question_answer import make_converter
from tailor.findings import FindingTally, finding
from tailor.language import detect
from tailor.recipe import Data

_ASKED: Final = {"image": "Describe this image.", "video": "Describe this video."}
_ASKED_IN_VIETNAMESE: Final = {"image": "Mô tả hình ảnh này.", "video": "Mô tả video này."}


def _fits(sample: Sample) -> bool:
    columns = sample.columns
    shown = [columns[kind] for kind in _ASKED if kind in columns]
    return "caption" in columns and bool(shown) and sample.all_have(columns["caption"], *shown)


def _converter(context: Context) -> Converter:
    return make_converter(replace(context, columns={**context.columns, "answer": context.columns["caption"]}))


def take_prompt(columns: dict[str, str], rows: Sequence[Row], data: Data, file: str, notes: FindingTally) -> str | None:
    """Return the question for a file whose rows have none, and report it. None if they have one."""
    if "question" in columns:
        if data.prompt:
            notes.add(finding("prompt-unused", file, prompt=data.prompt))
        return None
    if data.prompt:
        notes.add(finding("prompt-taken/recipe", file, prompt=data.prompt))
        return data.prompt
    if "caption" not in columns:
        return None
    spoken = [detect(str(row.get(columns["caption"]))) for row in rows]
    texts = _ASKED_IN_VIETNAMESE if 2 * spoken.count("vi") > len(spoken) else _ASKED
    prompt = texts["image" if "image" in columns else "video"]
    notes.add(finding("prompt-taken", file, prompt=prompt))
    return prompt


FORMAT = Format("captions", "images or videos with captions", _fits, _converter, uses_columns=True, asks=True)
