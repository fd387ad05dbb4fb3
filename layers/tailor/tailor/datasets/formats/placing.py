"""Place media for all formats: each picture goes to its tag, in the given order, and no tag stays in a text.

Tags are ``<image>``, ``<image 1>``, ``<|image_1|>``, ``<|image|>``, ``<img>path</img>`` (also behind ``Picture 1:``),
the same of videos, and what other models write for them. A part that shows a picture without naming it is a tag, too.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from tailor.datasets.example import Block, Media, MediaKind, Text, Turn
from tailor.datasets.formats.base import Context
from tailor.findings import Finding, finding

_NAMED: Final = (
    r"(?:(?:Picture|Image|Photo|Video|Ảnh|Hình|图)[ ]?\d{1,3}[ ]?[:：][ ]?)?"
    r"<(?P<by>img|image|video|audio)>[ ]*+(?P<path>[^<>\n]{1,1000}?)[ ]*+</(?P=by)>"
)
_OF_ONE_MODEL: Final = (
    r"<\|vision_start\|><\|(?P<pad>image|video)_pad\|><\|vision_end\|>|<ImageHere>|<image_(?:placeholder|soft_token)>"
    r"|<start_of_image>|\[IMG\]"
)
_PLAIN: Final = (
    r"<\|?(?P<kind>image|img|video|audio)(?:[ _-]?(?P<number>\d{1,3}))?(?:_pad|_token)?\|?>"
    r"(?:</(?:image|img|video|audio)>)?"
)
_LINKED: Final = (
    r"!\[[^\]\n]{0,200}\]\([ ]*(?P<linked>[^()\n\"]{1,1000}?)(?:[ ]+\"[^\"\n]*\")?[ ]*\)"
    r"|<img[^<>]{0,300}?\bsrc=[\"'](?P<src>[^\"'<>\n]{1,1000})[\"'][^<>]{0,300}>"
)
"""Tags of Markdown and HTML, which count if they name a file of the dataset."""
_TAG: Final = re.compile(f"{_NAMED}|{_LINKED}|{_OF_ONE_MODEL}|{_PLAIN}", re.IGNORECASE)
_FILE: Final = re.compile(r"\S.*\.\w{2,5}")


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place for a medium. ``number``: of the row's media, 0 for the next one; ``written``: in a text, not a part."""

    kind: MediaKind
    number: int
    written: bool = True


_Item = Block | _Slot


class _AudioError(Exception):
    """Raised for a row that refers to audio."""


def place(turns: list[Turn], media: list[Media], problems: list[Finding], context: Context, line: int) -> None:
    """Put a row's media into the user's turns: at the tags or, without tags, before the first words.

    Where there are not as many places as media, or something is audio, a problem says so."""
    if not media and not _may_have_tags(turns):
        return
    asked = [turn for turn in turns if turn.role == "user"]
    try:
        items = [list(_items(turn.blocks, bool(media) or context.shows, context.knows)) for turn in asked]
    except _AudioError:
        problems.append(finding("audio-not-supported"))
        return
    slots = [item for turn in items for item in turn if isinstance(item, _Slot)]
    own = [item for turn in items for item in turn if isinstance(item, Media)]
    if slots and own and not media and all(slot.written for slot in slots):
        # The parts bring the media, the words say where they belong.
        media, items = own, [[item for item in turn if not isinstance(item, Media)] for turn in items]
    elif own and media and not slots:
        _note_others(own, media, context, line)
    elif media and not slots:
        if not asked:
            problems.append(finding("media-count/turn"))
            return
        items[0] = [*media, *items[0]]
    if slots:
        queues = _dealt(slots, media)
        if queues is None:
            code = "media-count" if media else "media-count/none"
            problems.append(finding(code, tags=_wanted(slots), count=len(media)))
            return
        items = [[_filled(item, queues) if isinstance(item, _Slot) else item for item in turn] for turn in items]
    for turn, blocks in zip(asked, items, strict=True):
        turn.blocks = cast("list[Block]", blocks)


def _may_have_tags(turns: list[Turn]) -> bool:
    for turn in turns:
        if turn.role == "user":
            for block in turn.blocks:
                if type(block) is Text:
                    text = block.text
                    if "<" in text or ("[" in text and ("[IMG]" in text or "![" in text)):
                        return True
                elif type(block) is Media:
                    return True
    return False


def _items(blocks: list[Block], certain: bool, knows: Callable[[str], bool]) -> Iterator[_Item]:
    """Yield blocks and the places between them."""
    for block in blocks:
        if isinstance(block, Media) and block.place is not None:
            yield _Slot(block.kind, block.place, written=False)
        elif isinstance(block, Text):
            yield from _cut(block, certain, knows)
        else:
            yield block


def _cut(block: Text, certain: bool, knows: Callable[[str], bool]) -> Iterator[_Item]:
    """Split a text at its tags. ``certain``: also at those that the text may be about, such as HTML's."""
    text, at = block.text, 0
    for match in _TAG.finditer(text):
        link = match["linked"] or match["src"]
        if link:
            found: _Item | None = Media("image", ref=link) if knows(link) else None
        else:
            found = _meant(match, certain=certain)
        if found is None:
            continue
        if before := text[at : match.start()].strip():
            yield Text(before)
        yield found
        at = match.end()
    if not at:
        yield block
    elif rest := text[at:].strip():
        yield Text(rest)


def _meant(match: re.Match[str], *, certain: bool) -> _Item | None:
    """Return the meaning of a tag; None for one that stays in the text."""
    name = (match["by"] or match["pad"] or match["kind"] or "image").casefold()
    path = match["path"]
    if path is not None and not _FILE.fullmatch(path) and not certain:
        return None
    at_the_edge = not match.string[: match.start()].strip() or not match.string[match.end() :].strip()
    html = match.group().casefold() in ("<img>", "<video>", "<audio>", "<image>")
    if path is None and html and not certain and (name == "img" or not at_the_edge):
        return None
    if name == "audio":
        raise _AudioError
    kind: MediaKind = "video" if name == "video" else "image"
    return Media(kind, ref=path) if path is not None else _Slot(kind, int(match["number"] or 0) + _counted_from(match))


def _counted_from(match: re.Match[str]) -> int:
    """Return what is added to a tag's number: 0 is kept for places without one, and some data counts from 0."""
    return int(match["number"] is not None)


def _wanted(slots: list[_Slot]) -> int:
    """Return how many media the places need: a repeated number means one."""
    free = sum(not slot.number for slot in slots)
    return free + len({(slot.kind, slot.number) for slot in slots if slot.number})


_Queues = dict[MediaKind, tuple[list[Media], dict[int, Media]]]
"""For each kind, the media of places without a number, in order, and those with numbers."""


def _dealt(slots: list[_Slot], media: list[Media]) -> _Queues | None:
    """Assign the media to the kinds of places; None if their numbers differ."""
    kinds: dict[MediaKind, list[_Slot]] = {}
    for slot in slots:
        kinds.setdefault(slot.kind, []).append(slot)
    queues: _Queues = {}
    for kind, own in kinds.items():
        # Some models write <image> for the place of a video.
        found = media if len(kinds) == 1 else [medium for medium in media if medium.kind == kind]
        if _wanted(own) != len(found):
            return None
        numbers = sorted({slot.number for slot in own if slot.number})
        queues[kind] = found[len(numbers) :], dict(zip(numbers, found, strict=False))
    return queues if sum(len(free) + len(numbered) for free, numbered in queues.values()) == len(media) else None


def _filled(slot: _Slot, queues: _Queues) -> Block:
    """Return the medium for a place. A second place with the same number becomes words."""
    free, numbered = queues[slot.kind]
    if not slot.number:
        return free.pop(0)
    return numbered.pop(slot.number, None) or Text(f"{slot.kind} {slot.number - 1}")


def _note_others(own: list[Media], media: list[Media], context: Context, line: int) -> None:
    """Report the files that a key names beside parts with media of their own."""
    shown = {medium.ref for medium in own}
    others = [medium.ref for medium in media if medium.ref and medium.ref not in shown]
    if others and any(shown):
        context.notes.add(finding("media-beside-parts", context.file, line, name=others[0]))
