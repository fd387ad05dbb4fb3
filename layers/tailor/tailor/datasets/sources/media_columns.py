"""Find the columns that name pictures, videos or sounds: by usual names, or because their values are files."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from tailor.datasets.sources.literals import value_of
from tailor.file_kinds import PICTURE_SUFFIXES, VIDEO_SUFFIXES

Kind = Literal["image", "video"]
VIDEOS: Final = (*VIDEO_SUFFIXES, ".avi", ".mpeg", ".mpg", ".wmv", ".flv", ".3gp")
_IMAGES: Final = (*PICTURE_SUFFIXES, ".heic", ".avif", ".jfif")
_SOUNDS: Final = (".mp3", ".wav", ".flac", ".ogg", ".m4a", ".opus", ".aac", ".wma")
_BESIDE_TURNS: Final[dict[str, Kind]] = {"images": "image", "image": "image", "videos": "video", "video": "video"}
"""Keys that always mean media beside a conversation."""
_SOUNDING: Final = frozenset({"audio", "audios", "audio_path", "audio_file", "audio_url", "wav", "speech"})
_ANSWERS: Final = frozenset({"answer", "answers", "output", "response", "completion", "target", "label", "đáp án"})
_NUMBERED: Final = re.compile(r"(.*\D)(\d{1,2})")
_LOOKED_AT: Final = 50
_LONGEST: Final = 1000
_SEPARATORS: Final = re.compile(r"\s*[,;|]\s*")


def by_content(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], is_file: Callable[[str], bool], *, turns: bool
) -> dict[str, Kind]:
    """Map the columns whose values are media of the dataset to the kind of media, in their order.

    ``turns``: the rows are conversations, beside which ``images`` and the like are media whatever they hold."""
    found: dict[str, Kind] = {}
    told: list[list[str]] = []
    for name in names:
        if name.casefold() in _ANSWERS:
            continue  # which picture it is may be what is asked
        values = [row[name] for row in rows[:_LOOKED_AT] if row.get(name) not in (None, "", [], {})]
        files = [file for value in values for file in files_in(value)]
        if values and all(map(_is_struct, values)):
            found[name] = "image"
        elif values and 2 * sum(map(is_file, files)) > len(values):
            shown = [file.replace("\\", "/").rpartition("/")[2] for file in files]
            if shown in told:
                continue  # the same files once more, as paths or addresses
            told.append(shown)
            found[name] = "video" if 2 * sum(file.lower().endswith(VIDEOS) for file in files) > len(files) else "image"
        elif turns and name in _BESIDE_TURNS:
            found[name] = _BESIDE_TURNS[name]
    series = {match[1] for name in found if (match := _NUMBERED.fullmatch(name))}
    return {
        name: found.get(name, "image")
        for name in names
        if name in found or ((match := _NUMBERED.fullmatch(name)) and match[1] in series and _empty(rows, name))
    }


def sounds(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns that name audio."""
    return [
        name
        for name in names
        if any(
            name.lower() in _SOUNDING or any(file.lower().endswith(_SOUNDS) for file in _texts_in(row[name]))
            for row in rows[:_LOOKED_AT]
            if row.get(name) not in (None, "", [], {})
        )
    ]


def files_in(value: Any) -> Iterator[str]:
    """Yield the names of media files that a value consists of; nothing for other texts."""
    return (text for text in _texts_in(value) if text.lower().endswith((*_IMAGES, *VIDEOS)))


def several(text: str) -> list[str]:
    """Return the file names in one field, separated by commas or the like; the text itself if it is one."""
    parts = _SEPARATORS.split(text.strip()) if len(text) < 4 * _LONGEST else []
    return parts if len(parts) > 1 and all(part.lower().endswith((*_IMAGES, *VIDEOS)) for part in parts) else [text]


def _texts_in(value: Any, depth: int = 2) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) > 4 * _LONGEST:
            return
        meant = value_of(value)
        if meant is not value and depth:
            yield from _texts_in(meant, depth - 1)
        else:
            yield from (part for part in several(value) if len(part) <= _LONGEST)
    elif isinstance(value, list) and depth:
        for item in value[:20]:
            yield from _texts_in(item, depth - 1)
    elif isinstance(value, dict):
        by_tag = value.values() if all(str(key).startswith("<") for key in value) else ()
        places = (value.get("path"), value.get("url"), value.get("file_name"), *by_tag)
        yield from (item for item in places if isinstance(item, str))


def _is_struct(value: Any) -> bool:
    """Return whether a value is a picture as Hugging Face stores it in Parquet, or a list of them."""
    first = value[0] if isinstance(value, list) else value
    return isinstance(first, dict) and isinstance(first.get("bytes"), bytes)


def _empty(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return all(row.get(name) in (None, "", [], {}) for row in rows[:_LOOKED_AT])
