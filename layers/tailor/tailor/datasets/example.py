"""The canonical training record: what readers yield, checks look at and writers take.

Plain slotted dataclasses, because hundreds of thousands of them pass through a function.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from tailor.findings import Finding

Role = Literal["user", "assistant"]
MediaKind = Literal["image", "video", "document"]
SplitName = Literal["train", "validation", "test"]


@dataclass(slots=True)
class Text:
    text: str


@dataclass(slots=True)
class Media:
    """An image, video or document. ``ref`` is as the source wrote it (a name, path, id, S3 URI); ``data`` holds inline
    bytes (a ``data:`` URL, a Parquet image struct). Exactly one of the two is set. ``format`` is what the source
    claims, if it does. Resolving and checking fill in the rest (see :mod:`tailor.datasets.media.resolver`)."""

    kind: MediaKind
    ref: str | None = None
    data: bytes | None = None
    format: str | None = None
    owner: str | None = None


@dataclass(slots=True)
class Raw:
    """A block that is passed on as it is, in Converse's shape: ``toolUse``, ``toolResult``, ``reasoningContent``."""

    kind: Literal["toolUse", "toolResult", "reasoningContent"]
    value: dict[str, Any]


Block = Text | Media | Raw


@dataclass(slots=True)
class Turn:
    role: Role
    blocks: list[Block]


@dataclass(slots=True)
class Example:
    """One canonical record. ``line`` is the 1-based line in a text file, or the 1-based row in a table or array.

    ``turns`` is empty for continued pre-training, whose document is in ``document``. For prompts without an answer
    (distillation, reinforcement) the last turn is the user's. ``references`` are all acceptable answers where the
    source gives several; otherwise the last assistant turn is the only one. ``extra`` holds fields that a method passes
    on (``reference_answer`` and a grader's other fields, ``tools``).
    """

    file: str
    line: int
    turns: list[Turn] = field(default_factory=list)
    system: str | None = None
    document: str | None = None
    id: str | None = None
    group: str | None = None
    category: str | None = None
    split: SplitName | None = None
    references: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


class Placed(Protocol):
    """Whatever stands in a line of a file."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...


@dataclass(slots=True, frozen=True)
class Rejected:
    """A row that could not become an :class:`Example`. ``raw`` is what the file says there, shortened."""

    file: str
    line: int
    raw: str
    findings: tuple[Finding, ...]
