"""Recognise tables with a row for each turn: the columns of speaker, words, and conversation."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from tailor.datasets.formats.base import Row
from tailor.datasets.formats.roles import TEXT_KEYS, role_of
from tailor.datasets.sources import candidates, plain_name

_PLACES: Final = (
    "turn", "turnid", "turnindex", "turnnumber", "turnno", "index", "order", "seq", "sequence", "position", "step",
    "messageindex", "messageorder", "luot", "thutu", "timestamp", "time", "createdat", "sentat", "datetime", "date",
    "thoigian", "ngaygio",
)  # fmt: skip
"""Columns with a turn's place in its conversation, or its time; the most reliable first."""
_PARENTS: Final = ("parentid", "parentmessageid", "parent", "replyto", "inreplyto")
_IDENTITIES: Final = ("messageid", "turnid", "id", "uuid")
_CONVERSATION: Final = re.compile("conv|dialog|session|thread|ticket|chat|tree|hoithoai|phien")
_EMPTY: Final = (None, "")


@dataclass(frozen=True, slots=True)
class TurnColumns:
    """Columns of speaker, words, conversation ("" if there is none) and possibly the turn's place; or of its id and the
    id of the turn it replies to (``links``). ``apart``: the turns of a conversation are not consecutive."""

    role: str
    text: str
    conversation: str
    place: str | None = None
    links: tuple[str, str] | None = None
    apart: bool = False

    @property
    def unclear(self) -> str | None:
        """Return the finding for turns that can't be joined; None if they can."""
        if not self.conversation:
            return "turns-apart/unnamed"
        return "turns-apart/unplaced" if self.apart and not (self.place or self.links) else None

    @property
    def told(self) -> str:
        """Return the finding that says how turns are joined."""
        if self.links:
            return "turns-gathered/trees"
        return "turns-gathered/placed" if self.place else "turns-gathered"


def turn_columns(rows: list[Row]) -> TurnColumns | None:
    """Return the columns of a table whose rows are turns; None for other tables."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    role = next((name for name in names if _tells_roles([row.get(name) for row in rows])), None)
    text = _texts([name for name in names if name != role], rows)
    pairs = candidates("question", names) and candidates("answer", names)
    if role is None or text is None or pairs or len(rows) < 2:
        return None
    others = [name for name in names if name not in (role, text)]
    place = _named(_PLACES, others)
    parent, identity = _named(_PARENTS, others), _named(_IDENTITIES, others)
    links = (identity, parent) if identity and parent else None
    ids = [name for name in others if name not in (place, *(links or ()))]
    shares = {name: _share(rows, name, role, place) for name in ids}
    best = max(shares, key=shares.__getitem__, default=None)
    if best is not None and shares[best] >= 0.5:
        return TurnColumns(role, text, best, place, links)
    named = [*candidates("group", ids), *(name for name in ids if _CONVERSATION.search(plain_name(name)))]
    return TurnColumns(role, text, named[0] if named else "", place, links, apart=True)


def _named(likely: Iterable[str], names: Sequence[str]) -> str | None:
    plain = {plain_name(name): name for name in reversed(names)}
    return next((plain[name] for name in likely if name in plain), None)


def _texts(names: list[str], rows: list[Row]) -> str | None:
    """Return the column of words: by a usual name, or else the one with the longest texts."""
    texts = [name for name in names if _is_text([row.get(name) for row in rows])]
    usual = [name for name in TEXT_KEYS if name in texts]
    longest = sorted(texts, key=lambda name: -sum(len(str(row.get(name) or "")) for row in rows))
    return next(iter(usual or longest), None)


def _tells_roles(values: list[Any]) -> bool:
    roles = Counter(role_of(value) for value in values if value not in _EMPTY)
    return bool(roles["user"] and roles["assistant"]) and roles[None] == 0


def _is_text(values: list[Any]) -> bool:
    said = [value for value in values if isinstance(value, str) and value.strip()]
    return 2 * len(said) > len(values) and any(not value.strip().isdecimal() for value in said) and len(set(said)) > 1


def _share(rows: list[Row], name: str, role: str, place: str | None) -> float:
    """Return the share of rows in conversations, if a column identifies them: they begin with the user and have an
    answer. The last one may continue after these rows."""
    good = total = 0
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row.get(name))]
    for group in groups[:-1] or groups:
        spoken = [found for row in in_order(group, place) if (found := role_of(row.get(role))) != "system"]
        total += len(group)
        good += len(group) if spoken[:2] == ["user", "assistant"] else 0
    ids = [group[0].get(name) for group in groups]
    if len(set(map(str, ids))) < 2 and name not in candidates("group", [name]):
        return 0  # the same for all rows
    return good / total * len(set(map(str, ids))) / len(ids) if total and None not in ids else 0


def in_order(rows: list[Row], place: str | None) -> list[Row]:
    """Return rows by their places: as numbers if all are, otherwise as texts, as times are written."""
    if place is None:
        return rows
    try:
        return sorted(rows, key=lambda row: float(row.get(place) or 0))
    except (TypeError, ValueError):
        return sorted(rows, key=lambda row: str(row.get(place)))
