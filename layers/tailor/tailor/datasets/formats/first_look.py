"""Look at the first rows of a file: the names and content of its columns, and the format that fits."""

from dataclasses import dataclass
from typing import Literal

from tailor.datasets.formats import conversations, plain_text, registry
from tailor.datasets.formats.base import Format, Row, Sample
from tailor.datasets.formats.flattening import flat, named_inside
from tailor.datasets.media import MediaIndex
from tailor.datasets.sources import by_content, choose, holds_texts, resolved
from tailor.findings import FindingTally, finding
from tailor.recipe import Data, Method


@dataclass(frozen=True, slots=True)
class FirstLook:
    """First rows of a file: the names and content of their columns, and the format that fits. ``data`` are the recipe's
    settings, with columns as the file writes them. ``opened``: nested objects are flattened."""

    rows: list[Row]
    names: list[str]
    shown: dict[str, Literal["image", "video"]]
    columns: dict[str, str]
    format: Format | None
    data: Data
    opened: bool = False


def first_look(
    rows: list[Row], data: Data, method: Method, notes: FindingTally, media: MediaIndex, opened: bool = False
) -> FirstLook:
    """Return what the first rows of a file show; ``opened``: nested objects are flattened already."""
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    data = data.model_copy(update={"columns": resolved(data.columns, names)})
    shown = by_content(names, rows, media.knows, turns=any(map(conversations.find, rows)))
    columns = choose(data.columns, names, rows, media.knows, shown)
    format = _format(Sample(rows, method, columns, bool(data.prompt)), data, notes)
    if format is plain_text.FORMAT and method == "fine-tuning" and sum(holds_texts(rows, name) for name in names) > 1:
        format = None  # texts with something else to say about each
    seen = FirstLook(rows, names, shown, columns, format, data, opened)
    unfit = format is None or (format is plain_text.FORMAT and method == "fine-tuning")
    asked = columns.get("question") if format and format.uses_columns else None
    unfit = unfit or bool(asked and 2 * sum(isinstance(row.get(asked), dict) for row in rows) > len(rows))
    if opened or not (unfit or named_inside(rows, names, data.columns)):
        return seen
    inside = first_look([flat(row) for row in rows], data, method, notes, media, opened=True)
    return seen if inside.format in (None, plain_text.FORMAT) or inside.names == names else inside


def _format(sample: Sample, data: Data, notes: FindingTally) -> Format | None:
    if data.format == "auto":
        return registry.recognise(sample, data.columns)
    format = registry.by_name(data.format)
    if format is None:
        known = ", ".join(format.name for format in registry.FORMATS)
        notes.add(finding("recipe-format-unknown", format=data.format, known=known))
    return format
