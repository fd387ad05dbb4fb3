"""Choose the columns that name rows' media, and refuse rows that need audio or other media."""

from collections.abc import Mapping, Sequence

from tailor.datasets.example import Example, MediaKind
from tailor.datasets.formats.base import Converter, Format, Row
from tailor.findings import RowError, finding
from tailor.recipe import Data


def media_of_columns(
    columns: dict[str, str], shown: Mapping[str, MediaKind], data: Data, format: Format
) -> dict[str, MediaKind]:
    """Return the columns that name a row's media, in order: those of the recipe, or else all that contain files."""
    kinds: tuple[MediaKind, ...] = ("image", "video")
    named: dict[str, MediaKind] = {columns[kind]: kind for kind in kinds if kind in columns}
    if data.columns.image or data.columns.video or not shown:
        return named if format.uses_columns else dict(shown)
    return {**(named if format.uses_columns else {}), **shown}


def look_merged(rows: Sequence[Row], media: Mapping[str, MediaKind]) -> bool:
    """Return whether only the first of several rows names its media, as in tables with merged cells."""
    named = [any(row.get(name) not in (None, "", [], {}) for name in media) for row in rows]
    return bool(media) and any(named) and named[0] and 3 * named.count(False) > len(named)


def unheard(convert: Converter, heard: list[str]) -> Converter:
    """Refuse the rows that refer to audio: without it, a model would learn to guess."""
    if not heard:
        return convert

    def checked(row: Row, line: int) -> Example:
        for name in heard:
            if row.get(name) not in (None, "", [], {}):
                raise RowError(finding("audio-not-supported", path=name))
        return convert(row, line)

    return checked
