"""Define the canonical training record: yielded by readers, examined by checks, encoded by writers.

Structs of msgspec, which are made and freed several times as fast as dataclasses: hundreds of thousands of them pass
through a function. None is part of a cycle, so the garbage collector need not look at them.
"""

from typing import Any, Literal, Protocol

import msgspec

from tailor.findings import Finding

Role = Literal["user", "assistant"]
MediaKind = Literal["image", "video", "document"]
SplitName = Literal["train", "validation", "test"]


class Text(msgspec.Struct, gc=False):
    text: str


class Media(msgspec.Struct, gc=False):
    """An image, video or document. ``ref`` is as the source wrote it (a name, path, id, S3 URI); ``data`` holds inline
    bytes (a ``data:`` URL, a Parquet image struct). Exactly one of the two is set. ``format`` is what the source
    claims, if it does. Resolving and checking fill in the rest (see :mod:`tailor.datasets.media.resolver`). ``place``
    is set while a row is read, and nothing else: an empty place for one of the row's media, by its number; 0 takes the
    next."""

    kind: MediaKind
    ref: str | None = None
    data: bytes | None = None
    format: str | None = None
    owner: str | None = None
    place: int | None = None


class Raw(msgspec.Struct, gc=False):
    """A block that is passed on as it is, in Converse's shape: ``toolUse``, ``toolResult``, ``reasoningContent``."""

    kind: Literal["toolUse", "toolResult", "reasoningContent"]
    value: dict[str, Any]


Block = Text | Media | Raw


class Turn(msgspec.Struct, gc=False):
    role: Role
    blocks: list[Block]


class Example(msgspec.Struct, gc=False):
    """One canonical record. ``line`` is the 1-based line of a text file, or the 1-based row of a table or array.

    ``turns`` is empty for continued pre-training, whose document is in ``document``. For prompts without an answer
    (distillation, reinforcement) the last turn is the user's. ``worse`` is the answer of a preference pair that the
    last turn is better than. ``references`` are all acceptable answers where the source gives several; otherwise the
    last assistant turn is the only one. ``extra`` holds fields that a method passes on (``reference_answer`` and a
    grader's other fields, ``tools``).
    """

    file: str
    line: int
    turns: list[Turn] = msgspec.field(default_factory=list)
    system: str | None = None
    document: str | None = None
    id: str | None = None
    group: str | None = None
    category: str | None = None
    split: SplitName | None = None
    references: list[str] = msgspec.field(default_factory=list)
    worse: str | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Placed(Protocol):
    """Anything with a place in a file."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A row that could not become an :class:`Example`. ``raw`` is the file's text, shortened."""

    file: str
    line: int
    raw: str
    findings: tuple[Finding, ...]


def as_dict(value: Any) -> Any:
    """Return a record, or part of one, as dictionaries and lists."""
    if isinstance(value, msgspec.Struct):
        return {name: as_dict(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [as_dict(item) for item in value]
    return value


def media_of(example: Example) -> list[tuple[str, Media]]:
    """Yield each media block with its path."""
    found = []
    for place, turn in enumerate(example.turns):
        if len(turn.blocks) == 1 and type(turn.blocks[0]) is Text:
            continue  # by far the most frequent turn
        for at, block in enumerate(turn.blocks):
            if isinstance(block, Media):
                found.append((f"$.messages[{place}].content[{at}]", block))
    return found
