"""Read rows that are a chat rendered into one text for another model: split it into turns, without the marks."""

from typing import Any, Final

from tailor.datasets.example import Example, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.placing import place
from tailor.datasets.formats.rendered import Rendered, looks_rendered, rendered
from tailor.datasets.formats.row_media import row_media
from tailor.findings import Finding, RowError, finding

_LONGEST: Final = 1 << 20


def _fits(sample: Sample) -> bool:
    return sample.method != "continued-pre-training" and sample.share(_looks_so) > 0.5


def _looks_so(row: Row) -> bool:
    return any(isinstance(value, str) and len(value) < _LONGEST and looks_rendered(value) for value in row.values())


def _found(row: Row) -> tuple[str, Rendered] | None:
    """Return the key of a rendered chat, and its turns."""
    for key, value in row.items():
        if isinstance(value, str) and len(value) < _LONGEST and (chat := rendered(value)) and chat.whole:
            return key, chat
    return None


def _converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        found = _found(row)
        if found is None:
            raise RowError(finding("rendered-chat/row"))
        key, chat = found
        context.notes.add(finding("rendered-chat", context.file, line, path=key, template=chat.name))
        systems, turns = parted(chat)
        problems: list[Finding] = []
        place(turns, row_media(row, context.media, problems, needed=False), problems, context, line)
        if problems:
            raise RowError(*problems)
        system = _beside(row.get("system"))
        example = Example(context.file, line, turns, "\n\n".join([*system, *systems]) or context.data.system)
        if row.get("id") is not None:
            example.id = str(row["id"])
        return example

    return convert


def parted(chat: Rendered) -> tuple[list[str], list[Turn]]:
    """Return the system texts and the turns of a rendered chat."""
    systems = [said for role, said in chat.turns if role == "system"]
    turns = [Turn(role, [Text(said)]) for role, said in chat.turns if role == "user" or role == "assistant"]
    return systems, turns


def _beside(system: Any) -> list[str]:
    """Return the system text beside the chat, as Glaive has it."""
    text = system.strip().removeprefix("SYSTEM:").strip() if isinstance(system, str) else ""
    return [text] if text else []


def _used(row: Row) -> set[str]:
    found = _found(row)
    return {"id", "system", found[0]} if found else set(row)


FORMAT = Format("rendered-chat", "chats rendered into one text", _fits, _converter, keys=_used)
